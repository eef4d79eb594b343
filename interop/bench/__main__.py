"""The command: `python -m interop.bench` measures leveret beside RabbitMQ, A B A B, and prints the paired table.

Where messages are kept on disk there are two leverets: `leveret` confirms what is synced, `leveret-os` what is written,
which is what RabbitMQ's confirm means: so that is the one to compare with it.
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
from interop.bench import brokers, report, standing, targets
from interop.bench.brokers import Broker, Starter
from interop.bench.client import Refused
from interop.bench.ends import Garbled
from interop.bench.flow import Stalled
from interop.bench.result import Figures
from interop.bench.scenarios import DURABLE, SCENARIOS, Load


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, write JSON where asked; 1 when a run failed or, with --check, when a target was missed."""
    options = _parser().parse_args(arguments)
    # A broker that was started must be stopped, too, when we are.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    # The collector's pauses would be the client's, in the middle of a measurement.
    gc.disable()
    options.scenario = options.scenario or list(SCENARIOS)
    starters = _starters(options)
    idle: dict[str, Figures] = {}
    if not options.no_standing:
        for name, start in starters.items():
            if name == "leveret-os":
                continue
            _say(f"standing  {name}: cold start, idle, 1,000 connections ...")
            idle[name] = standing.measure(start)
    with contextlib.ExitStack() as stack:
        measured = [stack.enter_context(start()) for start in starters.values()]
        rounds = _measure([*measured, *options.broker], options)
    _print(rounds, idle, options.json)
    missed = options.check and not _kept(rounds, idle)
    failed = not all(run for by_broker in rounds.values() for runs in by_broker.values() for run in runs)
    return int(missed or failed)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m interop.bench", description=__doc__)
    parser.add_argument(
        "--scenario", action="append", choices=SCENARIOS, help="one of them (may be repeated); default: all"
    )
    parser.add_argument(
        "--seconds", type=float, default=3.0, help="measured per run, after a warm-up of a third (%(default)s)"
    )
    parser.add_argument("--rounds", type=int, default=3, help="runs of each scenario per broker, A B A B (%(default)s)")
    parser.add_argument("--size", type=int, default=16, help="body size in bytes (%(default)s)")
    parser.add_argument(
        "--rich", action="store_true", help="messages with an id, a timestamp, a content type and a header"
    )
    parser.add_argument(
        "--broker",
        action="append",
        default=[],
        type=brokers.external,
        metavar="NAME=URL,PID",
        help="one more that runs",
    )
    parser.add_argument(
        "--skip",
        action="append",
        default=[],
        choices=["leveret", "leveret-os", "rabbitmq"],
        help="do not start that one",
    )
    parser.add_argument("--rabbitmq-root", default="/", help="folder with the RabbitMQ to start (%(default)s)")
    parser.add_argument("--no-standing", action="store_true", help="leave out cold start and idle memory")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every round's figures there")
    parser.add_argument("--check", action="store_true", help="hold leveret to its targets; exit 1 when one is missed")
    return parser


def _starters(options: argparse.Namespace) -> dict[str, Starter]:
    # leveret-os first: the table compares with the first.
    starters: dict[str, Starter] = {
        "leveret-os": functools.partial(brokers.leveret, "leveret-os", "os"),
        "leveret": brokers.leveret,
        "rabbitmq": functools.partial(brokers.rabbitmq_node, options.rabbitmq_root),
    }
    if "rabbitmq" not in options.skip and rabbitmq.installed(options.rabbitmq_root) is None:
        _say("SKIPPED   rabbitmq: not installed; python -m interop.rabbitmq.install installs Debian's")
        options.skip.append("rabbitmq")
    if not DURABLE.intersection(options.scenario):
        options.skip.append("leveret-os")
    return {name: start for name, start in starters.items() if name not in options.skip}


def _measure(measured: Sequence[Broker], options: argparse.Namespace) -> dict[str, dict[str, list[Figures]]]:
    load = Load(size=options.size, seconds=options.seconds, warm_up=options.seconds / 3, rich=options.rich)
    rounds: dict[str, dict[str, list[Figures]]] = {}
    for scenario in options.scenario:
        taking_part = [broker for broker in measured if _takes_part(broker.name, scenario)]
        if not taking_part:
            continue
        rounds[scenario] = {broker.name: [] for broker in taking_part}
        for number in range(options.rounds):
            for broker in taking_part:
                what = f"{scenario:<16} {number + 1}/{options.rounds} {broker.name:<10}"
                rounds[scenario][broker.name].append(_run(scenario, broker, load, what))
    return rounds


def _takes_part(name: str, scenario: str) -> bool:
    return name != "leveret-os" or scenario in DURABLE


def _run(scenario: str, broker: Broker, load: Load, what: str) -> Figures:
    """One run, told of as it ends. One that fails gives no figures, and the others go on."""
    try:
        figures = SCENARIOS[scenario](broker.url, broker.pid, load)
    except (Stalled, Garbled, Refused, OSError) as error:
        _say(f"{what} FAILED: {type(error).__name__}: {error}")
        return {}
    cpu = f"{figures['cpu_us']:8.2f} µs CPU" if "cpu_us" in figures else ""
    _say(f"{what} {figures['rate']:>10,.0f}/s {cpu}")
    return figures


def _print(rounds: report.Rounds, idle: dict[str, Figures], file: Path | None) -> None:
    if idle:
        print(report.standing_table(idle), end="\n\n")
    print(report.table(rounds))
    if file:
        file.write_text(json.dumps({"standing": idle, "rounds": rounds}, indent=1) + "\n")


def _kept(rounds: report.Rounds, idle: dict[str, Figures]) -> bool:
    verdicts = list(targets.judge(rounds, idle))
    print("", *(sentence for sentence, _ in verdicts), sep="\n")
    return all(kept is not False for _, kept in verdicts)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
