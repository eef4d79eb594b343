"""What leveret has promised, as a table, and whether a run kept it. All with bodies of 16 bytes."""

from collections.abc import Iterator, Mapping

from interop.bench.brokers import SYNCED, WRITTEN
from interop.bench.growth import DIMENSIONS
from interop.bench.report import Growth, Rounds, beside, counterpart, grown, median
from interop.bench.result import Figures

_PLAIN, _COMPILED = "leveret", "leveret-compiled"
# What the peers' confirms promise, and so which leveret they are held against: see brokers.py.
_PEERS = {"rabbitmq": WRITTEN, "lavinmq": SYNCED}

# scenario -> µs of CPU a message (a publish to ten queues), the median over the rounds. Where messages are kept on disk
# that is asked of both settings.
CPU_AT_MOST: dict[str, dict[str, float]] = {
    _PLAIN: {
        "autoack": 3.5,
        "ack": 3.5,
        "ack_single": 5.0,
        "fanout": 12.0,
        "durable": 7.0,
        "stream_drain": 2.5,
    },
    _COMPILED: {
        "autoack": 0.9,
        "ack": 0.9,
        "ack_single": 1.4,
        "publish": 0.5,
        "fanout": 6.0,
        "durable": 1.6,
        "stream_drain": 0.6,
    },
}
# scenario -> how often the peer's rate, the median of the rounds' own ratios, like promise beside like promise.
_TIMES_RABBITMQ = {"autoack": 4.0, "ack": 4.0, "confirm1": 1.0, "confirm1_durable": 1.0}
_AHEAD_OF_LAVINMQ = (
    "autoack",
    "ack",
    "ack_single",
    "publish",
    "drain",
    "fanout",
    "confirm1",
    "durable",
    "confirm1_durable",
    "stream_pub",
    "stream_drain",
)
# leveret, peer, figure, sign, what it is to the peer's, by scenario.
_BESIDE: list[tuple[str, str, str, str, dict[str, float]]] = [
    (_PLAIN, "rabbitmq", "rate", ">=", _TIMES_RABBITMQ),
    (_PLAIN, "rabbitmq", "p99_ms", "<=", {"latency": 1.0, "latency_durable": 1.0}),
    (_COMPILED, "lavinmq", "rate", ">=", dict.fromkeys(_AHEAD_OF_LAVINMQ, 1.0)),
    (_COMPILED, "lavinmq", "cpu_us", "<=", {"autoack": 1.0, "ack": 1.0}),
]
# What the broker costs that does nothing.
STANDING_AT_MOST = {"start_s": 0.5, "idle_mb": 45.0, "connections_mb": 40.0}

Verdict = tuple[str, bool | None]
"""A sentence, and whether the promise was kept; None when it could not be judged."""


def judge(rounds: Rounds, standing: Mapping[str, Figures]) -> Iterator[Verdict]:
    """A verdict on every target but growth's."""
    for broker, bounds in CPU_AT_MOST.items():
        for scenario, bound in bounds.items():
            runs = rounds.get(scenario, {})
            for name in (broker, f"{broker}-os") if f"{broker}-os" in runs else (broker,):
                yield _verdict(f"{name} {scenario} cpu_us", median(runs.get(name, []), "cpu_us"), "<=", bound)
    for broker, peer, figure, sign, factors in _BESIDE:
        for scenario, factor in factors.items():
            runs = rounds.get(scenario, {})
            value = beside(runs, broker, peer, _PEERS[peer], figure)
            name = counterpart(runs, broker, _PEERS[peer])
            yield _verdict(f"{name} {scenario} {figure}, {peer}'s being 1", value, sign, factor)
    for figure, bound in STANDING_AT_MOST.items():
        yield _verdict(f"{_PLAIN} {figure}", standing.get(_PLAIN, {}).get(figure), "<=", bound)


def judge_growth(growth: Growth) -> Iterator[Verdict]:
    """A verdict on every leveret and every dimension that has a bound."""
    for name, dimension in DIMENSIONS.items():
        for broker in (_PLAIN, _COMPILED):
            if dimension.bound:
                first, *_, last = dimension.points
                points = growth.get(name, {}).get(broker)
                what = f"{broker} CPU, {last:,} {name}, {first:,} being 1"
                yield _verdict(what, grown(points) if points else None, "<=", dimension.bound)


def _verdict(what: str, value: float | None, sign: str, bound: float) -> Verdict:
    if value is None:
        return f"not judged  {what} {sign} {bound:g}: not measured", None
    met = value <= bound if sign == "<=" else value >= bound
    return f"{'met       ' if met else 'MISSED    '}  {what} {sign} {bound:g}: {value:.2f}", met
