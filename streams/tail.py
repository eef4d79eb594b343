"""Tail: a log's newest batches, kept in memory so that readers near the end cost no disk and no parsing."""

from collections import deque
from typing import Final

from streams.chunk import Batch

# Beside its bytes, a record in memory costs a bytes object's head and a slot in a list.
_RECORD_BYTES: Final = 41
_BATCH_BYTES: Final = 400
# Segments are shorter than 2^44 bytes, so number and position make one integer.
_POSITION_BITS: Final = 44


class Tail:
    """Batches by their place; the oldest go when ``limit`` bytes are exceeded. 0 keeps none."""

    __slots__ = ("_batches", "_order", "limit", "size")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.size = 0
        self._batches: dict[int, Batch] = {}
        self._order: deque[tuple[int, int]] = deque()

    def get(self, segment_number: int, position: int) -> Batch | None:
        """The batch at that place, if it is still here."""
        return self._batches.get(segment_number << _POSITION_BITS | position)

    def add(self, segment_number: int, batch: Batch) -> None:
        """Keep a batch that has become durable."""
        size = batch.end - batch.position + _BATCH_BYTES + _RECORD_BYTES * len(batch.records)
        place = segment_number << _POSITION_BITS | batch.position
        self._batches[place] = batch
        self._order.append((place, size))
        self.size += size
        while self.size > self.limit:
            place, size = self._order.popleft()
            del self._batches[place]
            self.size -= size

    def clear(self) -> None:
        self._batches.clear()
        self._order.clear()
        self.size = 0
