"""Cursor: one reader's place in a log. Never passes what is durable, never touches the disk itself.

``next_records()`` gives a Batch, or NEED_BLOCK: then run ``cursor.request.perform()`` in a thread, hand it to
``feed`` and ask again; or AT_TAIL: ask again when ``log.durable`` has moved.
"""

from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING

from streams.chunk import Batch, read_batch, read_header, verify
from streams.errors import Damage, ReadFailed
from streams.format import HEADER_BYTES, Kind
from streams.offset_spec import Exact, First, Last, Next, OffsetSpec, Since
from streams.reads import BlockRead, ResyncRead, SeekRead, sought
from streams.segment import Segment

if TYPE_CHECKING:
    from streams.log import Log


class Wait(Enum):
    """What a cursor needs before it can go on."""

    NEED_BLOCK = "a block of the file"
    AT_TAIL = "something newly durable"


NEED_BLOCK = Wait.NEED_BLOCK
AT_TAIL = Wait.AT_TAIL

USER_ONLY = frozenset({int(Kind.USER)})


class Cursor:
    """Reads batches of the given kinds in order, each once, skipping what was dropped or is damaged.

    ``accepts`` sees a chunk's filter and says whether the chunk may hold anything wanted; chunks without a filter are
    always read. ``next_offset`` is the offset after the last record given out.
    """

    __slots__ = (
        "_accepts", "_block", "_from_ms", "_from_offset", "_kinds", "_log", "_position", "_seek", "_segment",
        "next_offset", "request",
    )  # fmt: skip

    def __init__(
        self,
        log: "Log",
        spec: OffsetSpec,
        kinds: frozenset[int] = USER_ONLY,
        accepts: Callable[[bytes], bool] | None = None,
    ) -> None:
        self._log = log
        self._kinds = kinds
        self._accepts = accepts
        self._segment: Segment | None = None
        self._position = HEADER_BYTES
        self._block: BlockRead | None = None
        self._seek = False
        self._from_offset = 0
        self._from_ms = 0
        self.next_offset = 0
        self.request: BlockRead | None = None
        self._attach(spec)

    def _attach(self, spec: OffsetSpec) -> None:
        log = self._log
        match spec:
            case First():
                self.next_offset = log.first_offset
            case Last():
                self._go_to(log.last_chunk_offset)
            case Next():
                self._go_to(log.durable)
            case Exact(offset):
                self._go_to(min(max(offset, log.first_offset), log.durable))
            case Since(timestamp_ms):
                self._go_to_time(timestamp_ms)

    def _go_to(self, offset: int) -> None:
        self.next_offset = self._from_offset = offset
        log = self._log
        self._segment = log.segment_of(offset)
        if self._segment is None:
            return
        if offset >= self._segment.next_offset:
            self._position = self._segment.end
        elif offset > self._segment.base_offset:
            self._find(offset, None)

    def _go_to_time(self, timestamp_ms: int) -> None:
        log = self._log
        found = next((segment for segment in log.segments if segment.last_ms >= timestamp_ms), None)
        if found is None:
            self._go_to(log.durable)
            return
        self._from_ms = timestamp_ms
        self._segment = found
        self.next_offset = self._from_offset = found.base_offset
        self._find(None, timestamp_ms)

    def _find(self, offset: int | None, timestamp_ms: int | None) -> None:
        """Set the position by the segment's index: now if it is in memory, by a read if not."""
        assert self._segment is not None
        if self._segment.index is not None:
            self._position = sought(self._segment.index, offset, timestamp_ms)
        else:
            self._seek = True
            self.request = SeekRead(self._log.files, self._segment, offset, timestamp_ms)

    def next_records(self) -> Batch | Wait:
        """The next batch that is wanted, or what to wait for. Raises ReadFailed once for each refusal of the disk."""
        if self._segment is None:
            self._segment = self._log.segments[0] if self._log.segments else None
        while self._segment is not None:
            if self._segment.dropped or (self._position >= self._segment.end and not self._seek):
                if not self._next_segment():
                    return AT_TAIL
                continue
            batch = None if self._seek else self._log.tail.get(self._segment.number, self._position)
            if batch is None and (batch := self._from_block()) is None:
                return NEED_BLOCK
            self._position = batch.end
            if self._wants(batch):
                return self._trimmed(batch)
        return AT_TAIL

    def _next_segment(self) -> bool:
        assert self._segment is not None
        following = self._log.segment_after(self._segment)
        if following is None:
            return False
        self._segment = following
        self._position = HEADER_BYTES
        self._block = self.request = None
        self._seek = False
        return True

    def _from_block(self) -> Batch | None:
        """The batch at the position from the block that was read; None with a request when it is not there."""
        segment, block, position = self._segment, self._block, self._position
        assert segment is not None
        if self.request is not None:
            return None
        if block is None or not 0 <= position - block.position <= len(block.data) - HEADER_BYTES:
            self._ask(BlockRead(self._log.files, segment, position))
            return None
        at = position - block.position
        header = read_header(block.data, at, position)
        if header is None or header.end > segment.end:
            self._ask(ResyncRead(self._log.files, segment, position))
        elif at + HEADER_BYTES + header.size > len(block.data):
            self._ask(BlockRead(self._log.files, segment, position, HEADER_BYTES + header.size))
        elif verify(block.data, at, header, segment.salt):
            return read_batch(block.data, at, header)
        else:
            self._ask(ResyncRead(self._log.files, segment, position))
        return None

    def _ask(self, request: BlockRead) -> None:
        self.request = request
        self._block = None

    def feed(self, request: BlockRead) -> None:
        """Take the performed request. Raises ReadFailed; the same request is then to be performed again."""
        if request is not self.request:
            return
        if request.error is not None:
            self._refused(request)
            return
        self.request = None
        if request.segment is not self._segment or request.segment.dropped:
            return
        self._block = request
        if self._seek:
            self._seek = False
            self._position = request.position
        elif isinstance(request, ResyncRead) and request.damaged_from == self._position:
            self._position = request.position
            self._report(request)

    def _refused(self, request: BlockRead) -> None:
        error, request.error = request.error, None
        assert error is not None
        if isinstance(error, FileNotFoundError):
            self.request = None
            self._seek = False
            if not request.segment.dropped:
                self._log.lost(request.segment)
            return
        raise ReadFailed(request.segment.path, request.position, error) from error

    def _report(self, request: ResyncRead) -> None:
        """Tell which records went with the damaged bytes that were skipped."""
        segment = request.segment
        found = request.end_offset if request.found_offset is None else request.found_offset
        self._log.report(
            Damage(
                segment.path, request.damaged_from, request.position, max(self.next_offset, segment.base_offset), found
            )
        )
        self.next_offset = max(self.next_offset, found)

    def _wants(self, batch: Batch) -> bool:
        if batch.kind == Kind.USER:
            if batch.next_offset <= self._from_offset or batch.timestamp_ms < self._from_ms:
                return False
            self.next_offset = batch.next_offset
        if batch.kind not in self._kinds:
            return False
        return not (batch.bloom and self._accepts is not None and not self._accepts(batch.bloom))

    def _trimmed(self, batch: Batch) -> Batch:
        """Without the records before the offset the reader asked for."""
        if batch.kind == Kind.USER and batch.base_offset < self._from_offset:
            return batch.from_offset(self._from_offset)
        return batch
