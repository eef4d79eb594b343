"""Which segments may go: a pure function of segments, limits and now. Removing them is the writer's."""

from collections.abc import Sequence
from typing import Protocol


class SegmentFacts(Protocol):
    """What retention asks of a segment: its bytes on disk and the time of its newest chunk in ms."""

    @property
    def size(self) -> int: ...

    @property
    def last_ms(self) -> int: ...


class Limits:
    """A log's limits; None is no limit. ``max_bytes`` of whole segments, ``max_age_ms`` of their newest chunk."""

    __slots__ = ("max_age_ms", "max_bytes")

    def __init__(self, max_bytes: int | None = None, max_age_ms: int | None = None) -> None:
        self.max_bytes = max_bytes
        self.max_age_ms = max_age_ms


def surplus(segments: Sequence[SegmentFacts], limits: Limits, now_ms: int) -> int:
    """How many of the oldest segments are too many. The newest always stays, as with RabbitMQ."""
    total = sum(segment.size for segment in segments)
    for count, segment in enumerate(segments[:-1]):
        too_large = limits.max_bytes is not None and total > limits.max_bytes
        too_old = limits.max_age_ms is not None and segment.last_ms < now_ms - limits.max_age_ms
        if not (too_large or too_old):
            return count
        total -= segment.size
    return max(len(segments) - 1, 0)
