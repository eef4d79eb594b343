"""QueueLog: one durable queue's log: what is appended to it, what is settled in it, what of it is read back.

Every message of the queue takes the next offset of the log, which is also its place in the queue. A persistent one is a
record (``records``). A transient one takes its offset by an empty record and is settled on disk from the start: no
restart brings it back, and what is settled and what is not needs one set for both.

    SETTLEMENT, CHECKPOINT: a record of settled stretches, then any number of notes
        stretches   (first offset u64, offset behind the last u64) for each
        note        u8 kind, then what the kind says:
                    "E"   nothing: there may be messages with an expiration
                    "A"   (offset u64, u32) for each message that came back: how often it did

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
from streams.chunk import Batch
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
_ATTEMPTS: Final = Struct("<QI")
_NOTE_EXPIRING: Final = b"E"
_NOTE_ATTEMPTS: Final = b"A"
# Empty records of transient messages wait for company until they are this many: 32 KiB on disk.
_IDLE_RECORDS: Final = 8192
# An empty queue gives back a segment of at least this size instead of waiting for it to be full.
_WORTH_ROLLING_BYTES: Final = 4 * 1024 * 1024
# Settlements until a checkpoint repeats them: opening a queue reads so many chunks, in 6 ms, whatever its log holds.
_SETTLEMENTS: Final = 1024
# Settled offsets after which segments in the middle are looked at again.
_LOOK_AGAIN: Final = 65_536

# The first one's offset, messages, and when they arrived, in ms since 1970.
Piece = tuple[int, list[Message], int]


class QueueLog(Logged):
    """``behind`` counts the messages that wait on disk only; ``loaded`` is the offset from which they do.

    Messages below ``handed_out`` may have been delivered before the broker stopped. ``read_on`` is called in a turn
    when there is more to read. ``has_expiring``: there may be messages with an expiration; ``attempts`` holds how often
    each message came back, where somebody noted it.
    """

    __slots__ = (
        "_attempted",
        "_checkpoint_stretches",
        "_cursor",
        "_idle",
        "_kept",
        "_newly",
        "_segments_seen",
        "_settled_since",
        "_settlements",
        "_told_expiring",
        "attempts",
        "behind",
        "handed_out",
        "has_expiring",
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
        self.settled = SettledSet()
        self.attempts: dict[int, int] = {}
        self.has_expiring = False
        self._restore(log)
        self._told_expiring = self.has_expiring
        # Whose attempts the next commit has to say.
        self._attempted: dict[int, None] = {}
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

    def _restore(self, log: Log) -> None:
        """All that is settled, and all that is not there: it went with its segment, or it is damaged."""
        settled = self.settled
        for batch in log.controls(CONTROLS, int(Kind.CHECKPOINT)):
            if batch.kind == Kind.CHECKPOINT:
                self.attempts.clear()
            for begin, end in _STRETCH.iter_unpack(batch.records[0]):
                settled.add(begin, end)
            for note in batch.records[1:]:
                self._read_note(note)
        end_before = 0
        for begin, end in log.ranges():
            settled.add(end_before, begin)
            end_before = end
        settled.add(end_before, log.durable)
        for damage in log.damages:
            _lose(settled, damage)

    def _read_note(self, note: bytes) -> None:
        if note[:1] == _NOTE_EXPIRING:
            self.has_expiring = True
        elif note[:1] == _NOTE_ATTEMPTS:
            self.attempts.update(_ATTEMPTS.iter_unpack(note[1:]))

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

    def note_attempts(self, offset: int, attempts: int, turn: "Turn") -> None:
        """A message came back, so often by now: a restart must not forget it."""
        self.attempts[offset] = attempts
        self._attempted[offset] = None
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

    @property
    def unread(self) -> bool:
        """Whether any of those behind could be read by now."""
        return self.behind > 0 and self.loaded < self.log.durable

    def go_on_when(self, what: Wait, turn: "Turn", then: "Callable[[BlockRead, Turn], None]") -> bool:
        """Have happen what ``next_pieces`` waits for: a commit, after which ``read_on`` is called, or a block, with
        which ``then`` goes on. True where a block was asked for.
        """
        if what is AT_TAIL:
            # Whatever is behind and not durable yet has to become so.
            turn.write(self, 0)
            return False
        block = self.wanted_block
        if block is not None:
            turn.read(block, then)
        return block is not None

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
            pieces = self._skip_to(batch.base_offset) + self._pieces(batch)
            self.loaded = batch.next_offset
        self.behind -= sum(len(messages) for _, messages, _ in pieces)
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
        return [(place, [self._kept.pop(place)], 0) for place in kept]

    def _pieces(self, batch: Batch) -> list[Piece]:
        base, records, arrived_ms = batch.base_offset, batch.records, batch.timestamp_ms
        if base >= self.settled.floor and self.settled.is_plain and b"" not in records:
            return [(base, read(records), arrived_ms)]
        pieces: list[Piece] = []
        run: list[bytes] = []
        for offset, record in enumerate(records, base):
            if record and offset not in self.settled:
                run.append(record)
                continue
            if run:
                pieces.append((offset - len(run), read(run), arrived_ms))
                run = []
            kept = None if record else self._kept.pop(offset, None)
            if kept is not None:
                pieces.append((offset, [kept], arrived_ms))
                self.kept_taken += 1
            elif not record and self.settled.add(offset, offset + 1):
                # A transient message of a run that was killed before it said so.
                self.behind -= 1
        if run:
            pieces.append((base + len(records) - len(run), read(run), arrived_ms))
        return pieces

    # --- committing ---

    def gather(self, now_ms: int) -> None:
        """Put what was settled since the last commit behind what was appended."""
        if self.writer.deleted:
            return
        self._idle = 0
        notes = self._new_notes()
        if self._newly or notes:
            stretches = list(_stretches(self._newly)) if self._newly else []
            self._newly = []
            kind = Kind.SETTLEMENT
            self._settlements += 1
            if self._settlements >= max(_SETTLEMENTS, self._checkpoint_stretches):
                stretches = self._all_settled()
                notes = self._all_notes()
                kind = Kind.CHECKPOINT
            record = b"".join(_STRETCH.pack(begin, end) for begin, end in stretches)
            self.writer.append([record, *notes], now_ms, kind)
        self._let_go()

    def _new_notes(self) -> list[bytes]:
        """What the next commit has to say beside what is settled."""
        notes = []
        if self.has_expiring and not self._told_expiring:
            self._told_expiring = True
            notes.append(_NOTE_EXPIRING)
        if self._attempted:
            notes.append(_attempts_note(self.attempts, self._attempted))
            self._attempted = {}
        return notes

    def _all_notes(self) -> list[bytes]:
        notes = [_NOTE_EXPIRING] if self.has_expiring else []
        if self.attempts:
            self.attempts = {offset: count for offset, count in self.attempts.items() if offset not in self.settled}
            notes.append(_attempts_note(self.attempts, self.attempts))
        return notes

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
        stretches = b"".join(_STRETCH.pack(begin, end) for begin, end in self._all_settled())
        return [(Kind.CHECKPOINT, [stretches, *self._all_notes()])]

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


def _settle_unsaid(log: Log, settled: SettledSet) -> list[tuple[int, int]]:
    """Settle the transient messages of a commit that was cut short before it said so; which they are. Raises OSError.

    It says so behind its records, and the next commit would have for both.
    """
    transient = log.empty_records(CONTROLS)
    return [(offset, offset + 1) for offset in transient if settled.add(offset, offset + 1)]


def _lose(settled: SettledSet, damage: Damage) -> None:
    if damage.first_offset < damage.end_offset:
        settled.add(damage.first_offset, damage.end_offset)


def _attempts_note(attempts: dict[int, int], offsets: Iterable[int]) -> bytes:
    return _NOTE_ATTEMPTS + b"".join([_ATTEMPTS.pack(offset, attempts[offset]) for offset in offsets])


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
