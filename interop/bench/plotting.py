"""The plots of what was measured: processor time, rates beside RabbitMQ's, latencies, and what makes a message dearer.

`python -m interop.bench --from FILE` draws them anew from what a run wrote.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from interop.bench import drawing
from interop.bench.growth import DIMENSIONS
from interop.bench.report import median, ratio
from interop.bench.result import Figures
from interop.bench.results import Results

_WIDTH_INCHES = 8.2
_ROW_INCHES = 0.36
_FRAME_INCHES = 1.1
_PANELS_A_ROW = 3
_PANEL_INCHES = 2.2
_PERCENTILES = ("p50_ms", "p99_ms", "p999_ms")
# Of a row's height, what its brokers share.
_SPREAD = 0.64
# An axis that spans less has ticks at 2 and 5, too.
_FEW_TICKS = 1_000


def draw(results: Results, folder: Path) -> list[Path]:
    """Draw what the results allow, and say which files were written. Raises drawing.NotInstalled, OSError."""
    drawings: dict[str, Callable[[Results], Any]] = {
        "cpu": _processor_time,
        "rate": _rates,
        "latency": _latencies,
        "growth": _growth,
    }
    files = []
    with drawing.settings():
        folder.mkdir(parents=True, exist_ok=True)
        for name, make in drawings.items():
            if figure := make(results):
                drawing.save(figure, folder / f"{name}.svg")
                files.append(folder / f"{name}.svg")
    return files


def _processor_time(results: Results) -> Any:
    def value(runs: dict[str, list[Figures]], broker: str) -> list[float | None]:
        return [median(runs[broker], "cpu_us")]

    return _dots(results, list(results.rounds), value, "µs of the broker's CPU a message (fanout: a publish to ten)")


def _rates(results: Results) -> Any:
    """Beside RabbitMQ's where it took part; those that sync what they confirm have to do more than it does."""

    def value(runs: dict[str, list[Figures]], broker: str) -> list[float | None]:
        return [ratio(runs[broker], runs.get("rabbitmq", []), "rate")]

    # At a given pace all rates are the same.
    scenarios = [each for each in results.rounds if not each.startswith("latency")]
    return _dots(results, scenarios, value, "messages a second, RabbitMQ's being 1", line=1.0)


def _latencies(results: Results) -> Any:
    def value(runs: dict[str, list[Figures]], broker: str) -> list[float | None]:
        return [median(runs[broker], figure) for figure in _PERCENTILES]

    scenarios = [name for name, runs in results.rounds.items() if any(median(each, "p50_ms") for each in runs.values())]
    return _dots(results, scenarios, value, "p50 (mark), p99 and p99.9 (strokes), ms")


def _dots(
    results: Results,
    scenarios: Sequence[str],
    value: Callable[[dict[str, list[Figures]], str], list[float | None]],
    what: str,
    *,
    line: float | None = None,
) -> Any:
    """A row a scenario, and in it a mark for each broker. Of several values the first has the mark."""
    brokers = [name for name in results.about if any(name in results.rounds[each] for each in scenarios)]
    found = {
        (scenario, broker): [each for each in value(results.rounds[scenario], broker) if each]
        for scenario in scenarios
        for broker in brokers
        if broker in results.rounds[scenario]
    }
    if not any(found.values()):
        return None
    figure = drawing.figure(_WIDTH_INCHES, _FRAME_INCHES + _ROW_INCHES * len(scenarios))
    axes = figure.subplots()
    if line is not None:
        axes.axvline(line, color=drawing.style("rabbitmq", brokers)["color"], linewidth=1)
    for place, broker in enumerate(brokers):
        style = drawing.style(broker, brokers)
        shift = (place / max(len(brokers) - 1, 1) - 0.5) * _SPREAD
        marks = [(row + shift, found.get((scenario, broker), [])) for row, scenario in enumerate(scenarios)]
        for height, values in marks:
            if len(values) > 1:
                axes.plot(values, [height] * len(values), color=style["color"], marker="|", linewidth=1.2)
        axes.plot(
            [values[0] for _, values in marks if values],
            [height for height, values in marks if values],
            **style,
            linestyle="none",
            label=broker,
        )
    axes.set_yticks(range(len(scenarios)), scenarios)
    axes.set_ylim(len(scenarios) - 0.5, -0.5)
    _logarithmic(axes.xaxis, axes.set_xscale)
    axes.set_xlabel(what)
    figure.legend(loc="outside upper center", ncols=min(len(brokers), 6))
    return figure


def _growth(results: Results) -> Any:
    if not results.growth:
        return None
    rows = -(-len(results.growth) // _PANELS_A_ROW)
    figure = drawing.figure(_WIDTH_INCHES, 0.5 + _PANEL_INCHES * rows)
    panels = list(figure.subplots(rows, _PANELS_A_ROW, squeeze=False).flat)
    brokers = list(dict.fromkeys(name for runs in results.growth.values() for name in runs))
    for axes, (name, runs) in zip(panels, results.growth.items(), strict=False):
        for broker, points in runs.items():
            costs = {_place(point): cost for point, at in points.items() if (cost := median(at, "cpu_us"))}
            style = drawing.style(broker, brokers)
            axes.plot(list(costs), list(costs.values()), **style, linewidth=1.2, label=broker)
        axes.set_title(DIMENSIONS[name].what)
        axes.set_xscale("log")
        points = dict.fromkeys(point for at in runs.values() for point in at)
        axes.set_xticks([_place(point) for point in points], [_short(point) for point in points])
        axes.set_xticks([], minor=True)
        _logarithmic(axes.yaxis, axes.set_yscale)
    for axes in panels[::_PANELS_A_ROW]:
        axes.set_ylabel("µs CPU a message")
    for axes in panels[len(results.growth) :]:
        axes.remove()
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=len(brokers))
    return figure


def _place(point: int) -> int:
    """Where it is on a logarithmic axis, on which nothing has no place: where one would be."""
    return max(point, 1)


def _short(point: int) -> str:
    for size, unit in ((1_000_000, " M"), (1_024, " Ki"), (1_000, " k")):
        if point >= size and point % size == 0:
            return f"{point // size}{unit}"
    return str(point)


def _logarithmic(axis: Any, set_scale: Callable[[str], None]) -> None:
    """Ticks where people expect them, written out."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    set_scale("log")
    low, high = axis.get_view_interval()
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if high / low < _FEW_TICKS else (1,)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}" if value >= 1 else f"{value:g}"))
    axis.set_minor_locator(NullLocator())
