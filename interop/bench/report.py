"""The paired results as a table for people, and the medians and ratios behind it."""

import statistics
from collections.abc import Iterator, Mapping, Sequence

from interop.bench.brokers import WRITTEN
from interop.bench.result import FIGURES, Figures

# scenario -> broker -> one Figures a round, in the order they were run
Rounds = Mapping[str, Mapping[str, Sequence[Figures]]]
# dimension -> broker -> point -> one Figures a round, see growth.DIMENSIONS
Growth = Mapping[str, Mapping[str, Mapping[int, Sequence[Figures]]]]
# broker -> its "version" and its "promise", see brokers.Broker
About = Mapping[str, Mapping[str, str]]

# The leverets that others are compared with, and the heading over their rates, as multiples of the other's.
_OURS = {"leveret": "plain", "leveret-compiled": "compiled"}

STANDING = {
    "start_s": ("cold start s", "{:.2f}"),
    "idle_mb": ("idle MB", "{:.0f}"),
    "connections_mb": ("1,000 connections MB", "+{:.0f}"),
    "channels_mb": ("with a channel each MB", "+{:.0f}"),
    "backlog_mb": ("1 M messages MB", "+{:.0f}"),
}


def median(rounds: Sequence[Figures], figure: str) -> float | None:
    """The median of a figure over the rounds; None where it was not measured."""
    found = [each[figure] for each in rounds if figure in each]
    return statistics.median(found) if found else None


def ratio(ours: Sequence[Figures], theirs: Sequence[Figures], figure: str) -> float | None:
    """The median of the rounds' own ratios: what slows the machine for a while slows both halves of a pair."""
    pairs = [(a[figure], b[figure]) for a, b in zip(ours, theirs, strict=False) if figure in a and b.get(figure)]
    return statistics.median(a / b for a, b in pairs) if pairs else None


def counterpart(runs: Mapping[str, Sequence[Figures]], ours: str, promise: str) -> str:
    """The name of that leveret which a broker of this promise is to be compared with."""
    return f"{ours}-os" if promise == WRITTEN and f"{ours}-os" in runs else ours


def beside(runs: Mapping[str, Sequence[Figures]], ours: str, other: str, promise: str, figure: str) -> float | None:
    """That leveret's figure as a multiple of another broker's, like promise beside like; None where one is missing."""
    return ratio(runs.get(counterpart(runs, ours, promise), []), runs.get(other, []), figure)


def table(rounds: Rounds, about: About) -> str:
    """Every scenario and broker; the last columns compare the leverets with each other one: 2 is twice as much.

    A confirm's promise is that of the column before: like is compared with like.
    """
    compared = [f"{heading} {what} ×" for heading in _OURS.values() for what in ("rate", "CPU")]
    headings = ["scenario", "broker", *(heading for heading, _ in FIGURES.values()), *compared]
    return _aligned([headings, *_rows(rounds, about)])


def _rows(rounds: Rounds, about: About) -> Iterator[list[str]]:
    for scenario, brokers in rounds.items():
        for name, runs in brokers.items():
            figures = [_written(median(runs, figure), form) for figure, (_, form) in FIGURES.items()]
            compared = [
                ""
                if name.startswith("leveret")
                else _written(beside(brokers, ours, name, about[name]["promise"], figure), "{:.2f}")
                for ours in _OURS
                for figure in ("rate", "cpu_us")
            ]
            yield [scenario, name, *figures, *compared]


def brokers_table(about: About) -> str:
    """What was measured, and what a confirm of a persistent message means to it."""
    headings = ["broker", "is", "confirms what is"]
    return _aligned([headings, *([name, each["version"], each["promise"]] for name, each in about.items())], 3)


def growth_table(growth: Growth) -> str:
    """Processor time a message at each point, in µs, and the last point's as a multiple of the first's."""
    rows = [["growth", "broker", *[""] * (_most_points(growth) * 2), "last ×"]]
    for name, brokers in growth.items():
        for broker, points in brokers.items():
            cells = []
            for point in points:
                cells += [f"{point:,}:", _written(median(points[point], "cpu_us"), "{:.2f}")]
            cells += [""] * (len(rows[0]) - 3 - len(cells))
            rows.append([name, broker, *cells, _written(grown(points), "{:.2f}")])
    return _aligned(rows, 2)


def _most_points(growth: Growth) -> int:
    return max((len(points) for brokers in growth.values() for points in brokers.values()), default=0)


def grown(points: Mapping[int, Sequence[Figures]]) -> float | None:
    """The last point's processor time a message as a multiple of the first's."""
    first, last = next(iter(points), None), next(reversed(points), None)
    return None if first == last else ratio(points[last], points[first], "cpu_us")


def standing_table(standing: Mapping[str, Figures]) -> str:
    """What each broker costs that does nothing."""
    headings = ["broker", *(heading for heading, _ in STANDING.values())]
    rows = [
        [name, *(_written(figures.get(figure), form) for figure, (_, form) in STANDING.items())]
        for name, figures in standing.items()
    ]
    return _aligned([headings, *rows])


def _written(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)


def _aligned(rows: Sequence[Sequence[str]], text_columns: int = 0) -> str:
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    text_columns = text_columns or (2 if rows[0][0] == "scenario" else 1)
    return "\n".join(
        "  ".join(
            cell.ljust(width) if number < text_columns else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
