"""QueueLog: one durable queue's log: what is appended to it, what is settled in it, what of it is read back.

Every message of the queue takes the next offset of the log, which is also its place in the queue. A persistent one is a
record (``records``). A transient one takes its offset by an empty record and is settled on disk from the start: no
restart brings it back, and what is settled and what is not needs one set for both.

    SETTLEMENT record, CHECKPOINT record:  (first offset u64, offset behind the last u64) for each settled stretch

Settlements are gathered until the next commit, so that acks cost one record a commit. A checkpoint repeats all of them
now and then, and at the start of each segment, so any older segment whose records are all settled can go, wherever it
stands.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import takewhile
from struct import Struct
from typing import TYPE_CHECKING, Final

from broker.message import Message
from broker.store.committing import Logged
from broker.store.records import read, written
from broker.store.settled import SettledSet
from streams.cursor import AT_TAIL, NEED_BLOCK, Cursor, Wait
from streams.errors import Damage
from streams.format import Kind
from streams.log import Log
from streams.offset_spec import Exact
from streams.reads import BlockRead
from streams.writer import LogWriter

if TYPE_CHECKING:
    from broker.turn import Turn

SEGMENT_BYTES: Final = 16 * 1024 * 1024
CONTROLS: Final = frozenset({int(Kind.SETTLEMENT), int(Kind.CHECKPOINT)})
_STRETCH: Final = Struct("<QQ")
# Empty records of transient messages wait for company until they are this many: 32 KiB on disk.
_IDLE_RECORDS: Final = 8192
# An empty queue gives back a segment of at least this size instead of waiting for it to be full.
_WORTH_ROLLING_BYTES: Final = 4 * 1024 * 1024
# Settlements until a checkpoint repeats them: opening a queue reads so many chunks, in 6 ms, whatever its log holds.
_SETTLEMENTS: Final = 1024
# Settled offsets after which segments in the middle are looked at again.
_LOOK_AGAIN: Final = 65_536

Piece = tuple[int, list[Message]]


class QueueLog(Logged):
    """``behind`` counts the messages that wait on disk only; ``loaded`` is the offset from which they do.

    Messages below ``handed_out`` may have been delivered before the broker stopped. ``read_on`` is called in a turn
    when there is more to read.
    """

    __slots__ = (
        "_checkpoint_stretches",
        "_cursor",
        "_idle",
        "_kept",
        "_newly",
        "_segments_seen",
        "_settled_since",
        "_settlements",
        "behind",
        "handed_out",
        "kept_taken",
        "loaded",
        "read_on",
        "settled",
    )

    def __init__(self, log: Log, open_writer: "Callable[[QueueLog], LogWriter]", handed_out: int | None) -> None:
        """Restore what the log holds. Raises OSError.

        ``handed_out`` None: nobody knows, as the broker was killed, so all may have been.
        """
        super().__init__(log)
        self.settled = _restored(log)
        # What of it the next commit has to say.
        self._newly = _settle_unsaid(log, self.settled) if handed_out is None else []
        self.behind = sum(end - begin - self.settled.settled_within(begin, end) for begin, end in log.ranges())
        self.loaded = log.first_offset
        self.handed_out = log.durable if handed_out is None else handed_out
        self.read_on: Callable[[Turn], None] = _nobody_reads
        self._cursor: Cursor | None = None
        # Transient messages that wait behind others which are on disk only.
        self._kept: dict[int, Message] = {}
        # How many of those the last ``next_pieces`` gave back.
        self.kept_taken = 0
        self._idle = 0
        self._settled_since = 0
        self._settlements = 0
        self._checkpoint_stretches = 0
        self._segments_seen = len(log.segments)
        self.writer = open_writer(self)

    @property
    def has_to_say(self) -> bool:
        """Whether something was settled that no commit says yet."""
        return bool(self._newly)

    # --- appending ---

    def append(self, messages: Sequence[Message], *, persistent: bool, turn: "Turn") -> int:
        """Give messages their offsets; the first one's. Persistent ones are safe once ``is_done(forming)``."""
        if persistent:
            records = written(messages)
            size = sum(map(len, records))
            base = self.writer.append(records, turn.wall_ms)
            turn.write(self, size)
            return base
        count = len(messages)
        base = self.writer.append([b""] * count, turn.wall_ms)
        self.settled.add(base, base + count)
        self._newly.append((base, base + count))
        self._idle += count
        if self._idle >= _IDLE_RECORDS:
            turn.write(self, 0)
        return base

    def leave_behind(self, base: int, messages: Sequence[Message], *, persistent: bool) -> None:
        """Messages just appended are not kept by the queue: memory has its window of it already."""
        self.behind += len(messages)
        if not persistent:
            self._kept.update(enumerate(messages, base))

    # --- settling ---

    def settle(self, offsets: Sequence[int], turn: "Turn") -> None:
        """Messages are done with."""
        if len(offsets) == 1:
            self.settle_range(offsets[0], offsets[0] + 1, turn)
            return
        low, high = min(offsets), max(offsets)
        if high - low + 1 == len(offsets):
            self.settle_range(low, high + 1, turn)
            return
        for begin, end in _stretches((offset, offset + 1) for offset in offsets):
            self.settle_range(begin, end, turn)

    def settle_range(self, begin: int, end: int, turn: "Turn") -> None:
        """The same for a row."""
        fresh = self.settled.add(begin, end)
        if fresh:
            newly = self._newly
            if newly and newly[-1][1] == begin:
                newly[-1] = (newly[-1][0], end)
            else:
                newly.append((begin, end))
            self._settled_since += fresh
            turn.write_soon(self)

    @property
    def kept(self) -> int:
        """How many of those behind are transient, and so in memory all the same."""
        return len(self._kept)

    def drop_behind(self, turn: "Turn") -> int:
        """Settle all that waits on disk only; how many they were."""
        count, self.behind = self.behind, 0
        self._kept.clear()
        if count:
            self.settle_range(self.loaded, self.writer.next_offset, turn)
        self.loaded = self.writer.next_offset
        self._cursor = None
        return count

    # --- reading back ---

    @property
    def wanted_block(self) -> BlockRead | None:
        """What must be read from the disk before ``next_pieces`` can go on."""
        return None if self._cursor is None else self._cursor.request

    def feed(self, request: BlockRead) -> None:
        """The block was read. Raises ReadFailed."""
        if self._cursor is not None:
            self._cursor.feed(request)

    def next_pieces(self) -> list[Piece] | Wait:
        """The next messages that wait on disk, as rows of neighbours; or what to wait for. Raises ReadFailed."""
        self.kept_taken = 0
        cursor = self._cursor
        if cursor is None:
            if self.loaded >= self.log.durable:
                return AT_TAIL
            cursor = self._cursor = self.log.cursor(Exact(self.loaded))
        batch = cursor.next_records()
        if batch is NEED_BLOCK:
            return NEED_BLOCK
        if isinstance(batch, Wait):
            pieces = self._skip_to(self.log.durable)
        else:
            pieces = self._skip_to(batch.base_offset) + self._pieces(batch.base_offset, batch.records)
            self.loaded = batch.next_offset
        self.behind -= sum(len(messages) for _, messages in pieces)
        self._note_end()
        return AT_TAIL if batch is AT_TAIL and not pieces else pieces

    def _note_end(self) -> None:
        if self.loaded == self.writer.next_offset:
            self.behind = 0
        if not self.behind:
            # What comes after these, if anything does, is settled.
            self.loaded = self.writer.next_offset
            self._cursor = None

    def _skip_to(self, offset: int) -> list[Piece]:
        """Up to there nothing is readable: what had been there is damaged, or was let go with its segment, in which all
        was settled. So are transient messages, which are in memory: those are returned.
        """
        if self.loaded >= offset:
            return []
        fresh = self.settled.add(self.loaded, offset)
        if fresh:
            self._newly.append((self.loaded, offset))
            self.behind -= fresh
        self.loaded = offset
        # They stand in order.
        kept = list(takewhile(offset.__gt__, self._kept))
        self.kept_taken += len(kept)
        return [(place, [self._kept.pop(place)]) for place in kept]

    def _pieces(self, base: int, records: list[bytes]) -> list[Piece]:
        if base >= self.settled.floor and self.settled.is_plain and b"" not in records:
            return [(base, read(records))]
        pieces: list[Piece] = []
        run: list[bytes] = []
        for offset, record in enumerate(records, base):
            if record and offset not in self.settled:
                run.append(record)
                continue
            if run:
                pieces.append((offset - len(run), read(run)))
                run = []
            kept = None if record else self._kept.pop(offset, None)
            if kept is not None:
                pieces.append((offset, [kept]))
                self.kept_taken += 1
            elif not record and self.settled.add(offset, offset + 1):
                # A transient message of a run that was killed before it said so.
                self.behind -= 1
        if run:
            pieces.append((base + len(records) - len(run), read(run)))
        return pieces

    # --- committing ---

    def gather(self, now_ms: int) -> None:
        """Put what was settled since the last commit behind what was appended."""
        if self.writer.deleted:
            return
        self._idle = 0
        if self._newly:
            stretches = list(_stretches(self._newly))
            self._newly = []
            kind = Kind.SETTLEMENT
            self._settlements += 1
            if self._settlements >= max(_SETTLEMENTS, self._checkpoint_stretches):
                stretches = self._all_settled()
                kind = Kind.CHECKPOINT
            record = b"".join(_STRETCH.pack(begin, end) for begin, end in stretches)
            self.writer.append([record], now_ms, kind)
        self._let_go()

    def _let_go(self) -> None:
        """Give up the segments that nobody needs."""
        segments, floor = self.log.segments, self.settled.floor
        if not segments:
            return
        if len(segments) > 1 and segments[0].next_offset <= floor:
            self.writer.truncate_before(floor)
        if len(segments) != self._segments_seen or self._settled_since >= _LOOK_AGAIN:
            self._segments_seen = len(segments)
            self._settled_since = 0
            for segment in segments[:-1]:
                held = segment.next_offset - segment.base_offset
                if self.settled.settled_within(segment.base_offset, segment.next_offset) == held:
                    self.writer.drop_segment(segment.base_offset, segment.next_offset)
        if floor == self.writer.next_offset and segments[-1].end >= _WORTH_ROLLING_BYTES:
            self.writer.roll()

    def snapshot(self) -> Iterable[tuple[Kind, Sequence[bytes]]]:
        """For the writer: all that is settled, in a new segment's first chunks."""
        return [(Kind.CHECKPOINT, [b"".join(_STRETCH.pack(begin, end) for begin, end in self._all_settled())])]

    def _all_settled(self) -> list[tuple[int, int]]:
        stretches = [(0, self.settled.floor), *self.settled.ranges()]
        self._settlements = 0
        self._checkpoint_stretches = len(stretches)
        return stretches

    def committed(self, turn: "Turn") -> None:
        """A commit succeeded: confirms go out, and who waited to read may."""
        super().committed(turn)
        if self.behind:
            self.read_on(turn)

    def delete(self, turn: "Turn") -> None:
        """The queue is gone, and its files with the next commit."""
        self.behind = 0
        self._kept.clear()
        self._newly.clear()
        self._cursor = None
        self.read_on = _nobody_reads
        self.writer.delete()
        turn.write(self, 0)


def _restored(log: Log) -> SettledSet:
    """All that is settled, and all that is not there: it went with its segment, or it is damaged."""
    settled = SettledSet()
    for batch in log.controls(CONTROLS, int(Kind.CHECKPOINT)):
        for record in batch.records:
            for begin, end in _STRETCH.iter_unpack(record):
                settled.add(begin, end)
    end_before = 0
    for begin, end in log.ranges():
        settled.add(end_before, begin)
        end_before = end
    settled.add(end_before, log.durable)
    for damage in log.damages:
        _lose(settled, damage)
    return settled


def _settle_unsaid(log: Log, settled: SettledSet) -> list[tuple[int, int]]:
    """Settle the transient messages of a commit that was cut short before it said so; which they are. Raises OSError.

    It says so behind its records, and the next commit would have for both.
    """
    transient = log.empty_records(CONTROLS)
    return [(offset, offset + 1) for offset in transient if settled.add(offset, offset + 1)]


def _lose(settled: SettledSet, damage: Damage) -> None:
    if damage.first_offset < damage.end_offset:
        settled.add(damage.first_offset, damage.end_offset)


def _stretches(stretches: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The same, in order and with neighbours joined."""
    ordered = iter(sorted(stretches))
    begin, end = next(ordered)
    for more, after in ordered:
        if more <= end:
            end = max(end, after)
        else:
            yield begin, end
            begin, end = more, after
    yield begin, end


def _nobody_reads(turn: "Turn") -> None:
    pass
