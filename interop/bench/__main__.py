"""The command: `python -m interop.bench` measures leveret beside other brokers, A B A B, and prints the paired table.

Without more words these are leveret as plain Python, leveret compiled, and RabbitMQ; any others may be added. Where
messages are kept on disk each leveret is there twice, as its confirms mean what is synced, or (`-os`) what is written.
Each other broker is compared with the one that promises what it does: RabbitMQ with the latter, LavinMQ with the
former.
"""

import argparse
import contextlib
import functools
import gc
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from interop import rabbitmq
from interop.bench import brokers, options, report, standing, targets
from interop.bench.brokers import Broker, Starter
from interop.bench.progress import Progress, say
from interop.bench.result import Figures
from interop.bench.scenarios import DURABLE, SCENARIOS, Load


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, write JSON where asked; 1 when a run failed or, with --check, when a target was missed."""
    asked = options.parser(__doc__).parse_args(arguments)
    # A broker that was started must be stopped, too, when we are.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    # The collector's pauses would be the client's, in the middle of a measurement.
    gc.disable()
    asked.scenario = asked.scenario or list(SCENARIOS)
    starters = _starters(asked)
    idle = {} if asked.no_standing else _standing(starters, asked.broker)
    with contextlib.ExitStack() as stack:
        measured = [*(stack.enter_context(start()) for start in starters.values()), *asked.broker]
        about = {broker.name: {"version": broker.version, "promise": broker.promise} for broker in measured}
        rounds = _measure(measured, asked)
    _print(about, rounds, idle, asked.json)
    missed = asked.check and not _kept(rounds, idle)
    failed = not all(run for by_broker in rounds.values() for runs in by_broker.values() for run in runs)
    return int(missed or failed)


def _starters(asked: argparse.Namespace) -> dict[str, Starter]:
    starters: dict[str, Starter] = {
        "leveret-os": functools.partial(brokers.leveret, "leveret-os", "os"),
        "leveret": brokers.leveret,
        "leveret-compiled-os": functools.partial(brokers.leveret, "leveret-compiled-os", "os", "1"),
        "leveret-compiled": functools.partial(brokers.leveret, "leveret-compiled", compiled="1"),
        "rabbitmq": functools.partial(brokers.rabbitmq_node, asked.rabbitmq_root),
    }
    skip = set(asked.skip)
    if "rabbitmq" not in skip and rabbitmq.installed(asked.rabbitmq_root) is None:
        say("SKIPPED   rabbitmq: not installed; python -m interop.rabbitmq.install installs Debian's")
        skip.add("rabbitmq")
    if "leveret-compiled" not in skip and (why := brokers.why_not_compiled()):
        say(f"SKIPPED   leveret-compiled: {why}")
        skip.add("leveret-compiled")
    for name in ("leveret", "leveret-compiled"):
        if name in skip or not DURABLE.intersection(asked.scenario):
            skip.add(f"{name}-os")
    return {name: start for name, start in starters.items() if name not in skip} | dict(asked.start)


def _standing(starters: dict[str, Starter], running: Sequence[Broker]) -> dict[str, Figures]:
    idle: dict[str, Figures] = {}
    for name, start in starters.items():
        if not name.endswith("-os"):
            say(f"standing  {name}: cold start, idle, 1,000 connections ...")
            idle[name] = standing.measure(start)
    for broker in running:
        say(f"standing  {broker.name}: 1,000 connections ...")
        idle[broker.name] = standing.measure_running(broker)
    return idle


def _measure(measured: Sequence[Broker], asked: argparse.Namespace) -> dict[str, dict[str, list[Figures]]]:
    sizes = asked.size or [16]
    loads = {size: Load(size=size, seconds=asked.seconds, warm_up=asked.seconds / 3, rich=asked.rich) for size in sizes}
    parts = {
        (scenario, size): [broker for broker in measured if _takes_part(broker.name, scenario)]
        for size in sizes
        for scenario in asked.scenario
    }
    progress = Progress(asked.rounds * sum(map(len, parts.values())))
    rounds: dict[str, dict[str, list[Figures]]] = {}
    for (scenario, size), taking_part in parts.items():
        if not taking_part:
            continue
        label = scenario if size == sizes[0] else f"{scenario} {size:,} B"
        rounds[label] = {broker.name: [] for broker in taking_part}
        for _ in range(asked.rounds):
            for broker in taking_part:
                run = functools.partial(SCENARIOS[scenario], broker.url, broker.pid, loads[size])
                rounds[label][broker.name].append(progress.run(f"{label:<16} {broker.name:<19}", run))
    return rounds


def _takes_part(name: str, scenario: str) -> bool:
    return not name.endswith("-os") or scenario in DURABLE


def _print(about: report.About, rounds: report.Rounds, idle: dict[str, Figures], file: Path | None) -> None:
    print(report.brokers_table(about), end="\n\n")
    if idle:
        print(report.standing_table(idle), end="\n\n")
    print(report.table(rounds, about))
    if file:
        file.write_text(json.dumps({"brokers": about, "standing": idle, "rounds": rounds}, indent=1) + "\n")


def _kept(rounds: report.Rounds, idle: dict[str, Figures]) -> bool:
    verdicts = list(targets.judge(rounds, idle))
    print("", *(sentence for sentence, _ in verdicts), sep="\n")
    return all(kept is not False for _, kept in verdicts)


if __name__ == "__main__":
    sys.exit(main())
