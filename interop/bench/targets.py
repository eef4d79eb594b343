"""What leveret has promised, as a table, and whether a run kept it."""

from collections.abc import Iterator, Mapping

from interop.bench.growth import DIMENSIONS
from interop.bench.report import Growth, Rounds, grown, median, ratio
from interop.bench.result import Figures

# broker, scenario, figure, bound: the median over the rounds is at most that (16-byte bodies, plain Python).
AT_MOST = [
    ("leveret", "autoack", "cpu_us", 5.0),
    ("leveret", "ack", "cpu_us", 5.0),
    ("leveret", "fanout", "cpu_us", 20.0),  # a publish to ten queues
    ("leveret", "durable", "cpu_us", 10.0),
    ("leveret-os", "durable", "cpu_us", 10.0),
    ("leveret", "stream_drain", "cpu_us", 4.0),
]
# broker, scenario, figure, factor: the median of the paired ratios to RabbitMQ is at least, or at most, that. Where it
# is about what is kept on disk, leveret-os is compared: RabbitMQ's confirm, too, says "written", not "synced".
RATIO_AT_LEAST = [
    ("leveret", "autoack", "rate", 3.0),
    ("leveret", "ack", "rate", 3.0),
    ("leveret-os", "durable", "rate", 3.0),
    ("leveret-os", "confirm1_durable", "rate", 1.0),
    ("leveret-os", "stream_drain", "rate", 4.0),
]
RATIO_AT_MOST = [("leveret", "latency", "p99_ms", 1.0), ("leveret-os", "latency_durable", "p99_ms", 1.0)]
# broker, scenario, figure, what it is held against, whose that is: noted, never missed, as another machine measured it.
NOTED = [("leveret", "confirm1_durable", "rate", 3300.0, "LavinMQ on another machine, synced as well")]
# What the broker costs that does nothing.
STANDING_AT_MOST = {"start_s": 0.5, "idle_mb": 45.0, "connections_mb": 40.0}

Verdict = tuple[str, bool | None]
"""A sentence, and whether the promise was kept; None when it could not be judged."""


def judge(rounds: Rounds, standing: Mapping[str, Figures]) -> Iterator[Verdict]:
    """A verdict on every target."""
    for broker, scenario, figure, bound in AT_MOST:
        value = median(rounds.get(scenario, {}).get(broker, []), figure)
        yield _verdict(f"{broker} {scenario} {figure}", value, "<=", bound)
    for targets, sign in ((RATIO_AT_LEAST, ">="), (RATIO_AT_MOST, "<=")):
        for broker, scenario, figure, bound in targets:
            runs = rounds.get(scenario, {})
            value = ratio(runs.get(broker, []), runs.get("rabbitmq", []), figure)
            yield _verdict(f"{broker} {scenario} {figure}, RabbitMQ's being 1", value, sign, bound)
    for broker, scenario, figure, other, whose in NOTED:
        value = median(rounds.get(scenario, {}).get(broker, []), figure)
        if value is not None:
            yield f"noted       {broker} {scenario} {figure}: {value:.2f}, {other:g} being {whose}", None
    for figure, bound in STANDING_AT_MOST.items():
        yield _verdict(figure, standing.get("leveret", {}).get(figure), "<=", bound)


def judge_growth(growth: Growth) -> Iterator[Verdict]:
    """A verdict on every leveret and every dimension that has a bound."""
    for name, brokers in growth.items():
        for broker, points in brokers.items():
            if (bound := DIMENSIONS[name].bound) and broker.startswith("leveret"):
                first, *_, last = points
                yield _verdict(f"{broker} CPU, {last:,} {name}, {first:,} being 1", grown(points), "<=", bound)


def _verdict(what: str, value: float | None, sign: str, bound: float) -> Verdict:
    if value is None:
        return f"not judged  {what} {sign} {bound:g}: not measured", None
    kept = value <= bound if sign == "<=" else value >= bound
    return f"{'kept      ' if kept else 'MISSED    '}  {what} {sign} {bound:g}: {value:.2f}", kept
