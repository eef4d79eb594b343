"""The command: `python -m interop.bench` measures leveret beside other brokers, A B A B, and prints the paired table.

Without more words these are leveret as plain Python, leveret compiled, and RabbitMQ; any others may be added. Where
messages are kept on disk each leveret is there twice, as its confirms mean what is synced, or (`-os`) what is written.
Each other broker is compared with the one that promises what it does: RabbitMQ with the latter, LavinMQ with the
former. Tables are printed, plots are drawn where there is matplotlib.
"""

import argparse
import gc
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from interop.bench import drawing, machine, options, plotting, readme, report, taking_part, targets
from interop.bench.growth import DIMENSIONS
from interop.bench.measuring import measure, measure_standing
from interop.bench.progress import say
from interop.bench.results import Results


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, draw, write where asked; 1 when a run failed or, with --check, when a target was missed."""
    asked = options.read(__doc__, arguments)
    # A broker that was started must be stopped, too, when we are.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        results = Results.joined([Results.read(file) for file in asked.earlier]) if asked.earlier else _measure(asked)
    except ValueError as error:
        say(str(error))
        return 2
    _print(results)
    _keep(results, asked.out)
    if asked.write:
        _draw(results, readme.PLOTS)
        readme.write(results)
    missed = asked.check and not _kept(results)
    return int(missed or not results.complete)


def _measure(asked: argparse.Namespace) -> Results:
    """All that was asked for. Whoever ends it before its time finds in the file what there was."""
    # The collector's pauses would be the client's, in the middle of a measurement.
    gc.disable()
    results = Results(machine=machine.description(), commands=[asked.command])
    starters = taking_part.starters(asked)
    try:
        if not asked.no_standing:
            measure_standing(starters, asked.broker, results)
        with taking_part.running(starters, asked, results) as measured:
            measure(measured, asked, results)
    except (KeyboardInterrupt, SystemExit):
        results.failures.append("ended before its time")
        say(f"what there is: {_write(results, asked.out)}")
        raise
    finally:
        gc.enable()
    return results


def _print(results: Results) -> None:
    print(results.machine)
    print(report.brokers_table(results.about), end="\n\n")
    if results.standing:
        print(report.standing_table(results.standing), end="\n\n")
    if results.rounds:
        print(report.table(results.rounds, results.about), end="\n\n")
    if results.growth:
        print("Growth: CPU µs a message at each point")
        print(report.growth_table(results.growth), end="\n\n")
        print(*(f"{name}: {DIMENSIONS[name].what}" for name in results.growth), sep="\n", end="\n\n")
    for each in results.failures:
        print(f"FAILED {each}")


def _keep(results: Results, folder: Path) -> None:
    print(f"results: {_write(results, folder)}")
    _draw(results, folder)


def _write(results: Results, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    results.write(folder / "results.json")
    return folder / "results.json"


def _draw(results: Results, folder: Path) -> None:
    try:
        print(*(f"plot: {file}" for file in plotting.draw(results, folder)), sep="\n")
    except drawing.NotInstalled as why:
        say(str(why))


def _kept(results: Results) -> bool:
    verdicts = [*targets.judge(results.rounds, results.standing), *targets.judge_growth(results.growth)]
    print(*(sentence for sentence, _ in verdicts), sep="\n")
    return all(kept is not False for _, kept in verdicts)


if __name__ == "__main__":
    sys.exit(main())
