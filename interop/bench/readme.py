"""The README's part about what was measured: tables and plots between two markers, made of the results alone."""

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from interop.bench.growth import DIMENSIONS
from interop.bench.report import STANDING, beside, grown, median
from interop.bench.result import Figures
from interop.bench.results import Results
from interop.bench.scenarios import DURABLE

ROOT = Path(__file__).parents[2]
# What the tables are made of lies beside the plots, so that they can be made anew.
PLOTS = ROOT / "interop/bench/plots"
RECORD = PLOTS / "results.json"
_README = ROOT / "README.md"
BEGIN, END = "<!-- measured: `python -m interop.bench --write` -->", "<!-- end of measured -->"
_PART = re.compile(re.escape(BEGIN) + ".*?" + re.escape(END), re.DOTALL)
_COLUMNS = 120

_SCENARIOS = {
    "autoack": "publish and consume, no acks",
    "ack": "prefetch 1,000, acks for many at once",
    "ack_single": "prefetch 200, one ack a message",
    "publish": "to a queue without a consumer",
    "drain": "a backlog, no acks",
    "fanout": "to ten queues",
    "latency": "2,000 messages a second",
    "confirm1": "one publish in flight",
    "durable": "persistent, confirms with a window of 1,000, acks",
    "confirm1_durable": "persistent, one publish in flight",
    "latency_durable": "2,000 persistent messages a second",
    "stream_pub": "to a stream, confirms with a window of 1,000",
    "stream_drain": "a stream read again from its first message",
}
_PLOTS = {
    "cpu": "CPU µs a message, by scenario and broker",
    "rate": "messages a second as multiples of RabbitMQ's",
    "latency": "p50, p99 and p99.9 by scenario and broker",
    "growth": "CPU µs a message with more bindings, connections, waiting messages, queues and bytes",
}
# Heading, ours, theirs: whose rates are compared.
_COMPARED = (
    ("plain : RabbitMQ", "leveret", "rabbitmq"),
    ("compiled : RabbitMQ", "leveret-compiled", "rabbitmq"),
    ("compiled : LavinMQ", "leveret-compiled", "lavinmq"),
)


def write(results: Results) -> None:
    """Put the results into the README and beside its plots. Raises OSError, and ValueError where it has no markers."""
    PLOTS.mkdir(exist_ok=True)
    results.write(RECORD)
    told = _README.read_text(encoding="utf-8")
    if not _PART.search(told):
        raise ValueError(f"{_README.name} has no part between {BEGIN} and {END}")
    _README.write_text(_PART.sub(lambda _: part(results), told), encoding="utf-8")
    print(f"written: {_README.name}, {RECORD.relative_to(ROOT)}")


def part(results: Results) -> str:
    """The README's part, markers included."""
    return "\n\n".join([BEGIN, *_blocks(results), END])


def _blocks(results: Results) -> Iterator[str]:
    yield _prose(f"On {results.machine}; medians of runs that went A B A B over the brokers. Measured by")
    yield "\n".join(["```sh", *results.commands, "```"])
    said = ([name, about["version"], about["promise"]] for name, about in results.about.items())
    yield _table([["", "is", "confirms what is"], *said])
    yield from _scenarios(results)
    yield from _growth(results)
    if results.standing:
        yield _table(_standing(results.standing))


def _scenarios(results: Results) -> Iterator[str]:
    names: dict[str, list[str]] = {"kept in memory": [], "kept on a disk": []}
    for name in results.rounds:
        names["kept on a disk" if name.split()[0] in DURABLE else "kept in memory"].append(name)
    for where, scenarios in names.items():
        if scenarios:
            yield _prose(f"Messages {where}, of 16 bytes: messages a second · CPU µs of the broker a message")
            yield _table(_rates(results, scenarios))
    if results.rounds:
        yield _plot("cpu")
        yield _plot("rate")
        yield _prose("p50 · p99 · p99.9, in ms:")
        yield _table(_latencies(results))
        yield _plot("latency")
        yield _folded("Memory at the end of a run, resident, MB", _memory(results))


def _rates(results: Results, scenarios: Sequence[str]) -> list[list[str]]:
    brokers = _brokers(results, scenarios)
    compared = [each for each in _COMPARED if {each[1], each[2]} <= set(brokers)]
    rows = [["", *brokers, *(heading for heading, _, _ in compared)]]
    for scenario in scenarios:
        runs = results.rounds[scenario]
        multiples = [
            beside(runs, ours, theirs, results.about[theirs]["promise"], "rate") for _, ours, theirs in compared
        ]
        rows.append(
            [
                _told(scenario),
                *(_cell(runs.get(broker, [])) for broker in brokers),
                *(f"{each:.2f}" if each and not scenario.startswith("latency") else "" for each in multiples),
            ]
        )
    return rows


def _latencies(results: Results) -> list[list[str]]:
    scenarios = [
        scenario
        for scenario, runs in results.rounds.items()
        if any(median(each, "p50_ms") is not None for each in runs.values())
    ]
    brokers = _brokers(results, scenarios)
    rows = [["", *brokers]]
    for scenario in scenarios:
        found = [
            [median(results.rounds[scenario].get(broker, []), figure) for figure in ("p50_ms", "p99_ms", "p999_ms")]
            for broker in brokers
        ]
        rows.append([_told(scenario), *(" · ".join(f"{each:.2f}" for each in figures if each) for figures in found)])
    return rows


def _memory(results: Results) -> list[list[str]]:
    brokers = _brokers(results, list(results.rounds))
    rows = [["", *brokers]]
    for scenario, runs in results.rounds.items():
        found = [median(runs.get(broker, []), "rss_mb") for broker in brokers]
        rows.append([f"`{scenario}`", *(f"{each:.0f}" if each else "" for each in found)])
    return rows


def _growth(results: Results) -> Iterator[str]:
    if not results.growth:
        return
    brokers = list(dict.fromkeys(name for runs in results.growth.values() for name in runs))
    rows = [["", "", *brokers]]
    for name, runs in results.growth.items():
        what = DIMENSIONS[name].what
        for point in dict.fromkeys(point for points in runs.values() for point in points):
            rows.append([what, f"{point:,}", *(_cell(runs.get(broker, {}).get(point, [])) for broker in brokers)])
            what = ""
        multiples = [grown(runs[broker]) if runs.get(broker) else None for broker in brokers]
        rows.append(["", "×", *(f"{each:.2f}" if each else "" for each in multiples)])
    yield _plot("growth")
    yield _folded("What makes a message dearer: messages a second · CPU µs; ×: the last µs by the first", rows)


def _standing(standing: Mapping[str, Figures]) -> list[list[str]]:
    rows = [["", *standing]]
    for figure, (heading, form) in STANDING.items():
        rows.append([heading, *(form.format(found[figure]) if figure in found else "" for found in standing.values())])
    return rows


def _brokers(results: Results, scenarios: Sequence[str]) -> list[str]:
    return [name for name in results.about if any(name in results.rounds[each] for each in scenarios)]


def _told(scenario: str) -> str:
    name, _, size = scenario.partition(" ")
    return ": ".join([f"`{name}`", ", ".join(filter(None, [_SCENARIOS[name], size]))])


def _cell(runs: Sequence[Figures]) -> str:
    rate, cpu = median(runs, "rate"), median(runs, "cpu_us")
    return " · ".join(_three_digits(each) for each in (rate, cpu) if each is not None)


def _three_digits(value: float) -> str:
    rounded = float(f"{value:.3g}")
    return f"{rounded:,.0f}" if rounded >= 100 else f"{rounded:g}"


def _prose(text: str) -> str:
    return textwrap.fill(text, _COLUMNS, break_long_words=False, break_on_hyphens=False)


def _table(rows: Sequence[Sequence[str]]) -> str:
    ruled = [rows[0], ["---"] * len(rows[0]), *rows[1:]]
    return "\n".join(f"| {' | '.join(row)} |" for row in ruled)


def _folded(title: str, rows: Sequence[Sequence[str]]) -> str:
    return f"<details><summary>{title}</summary>\n\n{_table(rows)}\n\n</details>"


def _plot(name: str) -> str:
    return f"![{_PLOTS[name]}]({(PLOTS / name).relative_to(ROOT)}.svg)"
