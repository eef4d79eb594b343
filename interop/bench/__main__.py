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
import signal
import sys
from collections.abc import Sequence

from interop import rabbitmq
from interop.bench import brokers, options, report, targets
from interop.bench.brokers import Starter
from interop.bench.growth import DIMENSIONS
from interop.bench.measuring import measure, measure_standing
from interop.bench.progress import say
from interop.bench.results import Results
from interop.bench.scenarios import DURABLE


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, write where asked; 1 when a run failed or, with --check, when a target was missed."""
    asked = options.read(__doc__, arguments)
    # A broker that was started must be stopped, too, when we are.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    results = _measure(asked)
    _print(results)
    if asked.json:
        results.write(asked.json)
    missed = asked.check and not _kept(results)
    return int(missed or not results.complete)


def _measure(asked: argparse.Namespace) -> Results:
    # The collector's pauses would be the client's, in the middle of a measurement.
    gc.disable()
    results = Results()
    starters = _starters(asked)
    if not asked.no_standing:
        results.standing = measure_standing(starters, asked.broker)
    with contextlib.ExitStack() as stack:
        measured = [*(stack.enter_context(start()) for start in starters.values()), *asked.broker]
        results.about = {broker.name: {"version": broker.version, "promise": broker.promise} for broker in measured}
        measure(measured, asked, results)
    return results


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


def _print(results: Results) -> None:
    print(report.brokers_table(results.about), end="\n\n")
    if results.standing:
        print(report.standing_table(results.standing), end="\n\n")
    if results.rounds:
        print(report.table(results.rounds, results.about), end="\n\n")
    if results.growth:
        print("Growth: CPU µs a message at each point")
        print(report.growth_table(results.growth), end="\n\n")
        print(*(f"{name}: {DIMENSIONS[name].what}" for name in results.growth), sep="\n", end="\n\n")


def _kept(results: Results) -> bool:
    verdicts = list(targets.judge(results.rounds, results.standing)) if results.rounds else []
    verdicts += targets.judge_growth(results.growth)
    print(*(sentence for sentence, _ in verdicts), sep="\n")
    return all(kept is not False for _, kept in verdicts)


if __name__ == "__main__":
    sys.exit(main())
