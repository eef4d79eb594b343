"""Which run follows which: every scenario, and every point of a dimension, A B A B over the brokers."""

import argparse
import functools
from collections.abc import Callable, Sequence

from interop.bench import process, standing, taking_part
from interop.bench.brokers import Broker, Starter
from interop.bench.flow import Stalled
from interop.bench.growth import DIMENSIONS
from interop.bench.load import Load
from interop.bench.progress import Progress, say
from interop.bench.result import Figures
from interop.bench.results import Results
from interop.bench.scenarios import DURABLE, SCENARIOS

# One for each connection of a load, at both ends of it.
_OPEN_FILES = 4_000

Step = tuple[str, Callable[[], Figures], list[Figures]]
"""What is told of a run, the run, and where its figures go."""


def measure_standing(starters: dict[str, Starter], running: Sequence[Broker], results: Results) -> None:
    """What each broker costs that does nothing: see standing.py."""
    runs = {name: functools.partial(standing.measure, start) for name, start in starters.items()}
    runs |= {broker.name: functools.partial(standing.measure_running, broker) for broker in running}
    for name, run in runs.items():
        if not name.endswith("-os"):
            say(f"standing  {name}: cold start, idle, 1,000 connections, 1,000,000 messages ...")
            try:
                results.standing[name] = run()
            except (*taking_part.FAILURES, Stalled) as error:
                taking_part.failed(name, error, results)


def measure(measured: Sequence[Broker], asked: argparse.Namespace, results: Results) -> None:
    """All runs that were asked for."""
    process.allow_open_files(_OPEN_FILES)
    steps = [*_scenario_steps(measured, asked, results), *_growth_steps(measured, asked, results)]
    progress = Progress(len(steps))
    for what, run, runs in steps:
        runs.append(progress.run(what, run))


def _scenario_steps(measured: Sequence[Broker], asked: argparse.Namespace, results: Results) -> list[Step]:
    steps: list[Step] = []
    for size in asked.size:
        load = Load(size=size, seconds=asked.seconds, warm_up=asked.seconds / 3, rich=asked.rich)
        for scenario in asked.scenario:
            label = scenario if size == asked.size[0] else f"{scenario} {size:,} B"
            taking_part = [each for each in measured if scenario in DURABLE or not each.name.endswith("-os")]
            rounds = results.rounds[label] = {broker.name: [] for broker in taking_part}
            for _ in range(asked.rounds):
                steps += [
                    (
                        f"{label:<16} {broker.name:<19}",
                        functools.partial(SCENARIOS[scenario], broker.url, broker.pid, load),
                        rounds[broker.name],
                    )
                    for broker in taking_part
                ]
    return steps


def _growth_steps(measured: Sequence[Broker], asked: argparse.Namespace, results: Results) -> list[Step]:
    load = Load(size=asked.size[0], seconds=asked.seconds, warm_up=asked.seconds / 3, rich=asked.rich)
    taking_part = [broker for broker in measured if not broker.name.endswith("-os")]
    steps: list[Step] = []
    for name in asked.dimension:
        dimension = DIMENSIONS[name]
        found = results.growth[name] = {broker.name: {} for broker in taking_part}
        for _ in range(asked.growth_rounds):
            for broker in taking_part:
                most = dimension.points[-1] if broker.name.startswith("leveret") else dimension.most
                for point in dimension.points:
                    if point <= most:
                        run = functools.partial(dimension.run, broker.url, broker.pid, load, point)
                        runs = found[broker.name].setdefault(point, [])
                        steps.append((f"{name:<15} {point:>9,} {broker.name:<19}", run, runs))
    return steps
