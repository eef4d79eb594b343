"""What leveret has promised, as a table, and whether a run kept it."""

from collections.abc import Iterator, Mapping

from interop.bench.report import Rounds, median, ratio
from interop.bench.result import Figures

# scenario, figure, bound: the median over the rounds is at most that (16-byte bodies, plain Python).
AT_MOST = [
    ("autoack", "cpu_us", 5.0),
    ("ack", "cpu_us", 5.0),
    ("fanout", "cpu_us", 20.0),  # a publish to ten queues
]
# scenario, figure, factor: the median of the paired ratios to RabbitMQ is at least, or at most, that.
RATIO_AT_LEAST = [("autoack", "rate", 3.0), ("ack", "rate", 3.0)]
RATIO_AT_MOST = [("latency", "p99_ms", 1.0)]
# What the broker costs that does nothing.
STANDING_AT_MOST = {"start_s": 0.5, "idle_mb": 45.0, "connections_mb": 40.0}

Verdict = tuple[str, bool | None]
"""A sentence, and whether the promise was kept; None when it could not be judged."""


def judge(rounds: Rounds, standing: Mapping[str, Figures]) -> Iterator[Verdict]:
    """A verdict on every target."""
    for scenario, figure, bound in AT_MOST:
        value = median(rounds.get(scenario, {}).get("leveret", []), figure)
        yield _verdict(f"{scenario} {figure}", value, "<=", bound)
    for targets, sign in ((RATIO_AT_LEAST, ">="), (RATIO_AT_MOST, "<=")):
        for scenario, figure, bound in targets:
            runs = rounds.get(scenario, {})
            value = ratio(runs.get("leveret", []), runs.get("rabbitmq", []), figure)
            yield _verdict(f"{scenario} {figure}, RabbitMQ's being 1", value, sign, bound)
    for figure, bound in STANDING_AT_MOST.items():
        yield _verdict(figure, standing.get("leveret", {}).get(figure), "<=", bound)


def _verdict(what: str, value: float | None, sign: str, bound: float) -> Verdict:
    if value is None:
        return f"not judged  {what} {sign} {bound:g}: not measured", None
    kept = value <= bound if sign == "<=" else value >= bound
    return f"{'kept      ' if kept else 'MISSED    '}  {what} {sign} {bound:g}: {value:.2f}", kept
