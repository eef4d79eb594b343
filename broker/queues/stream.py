"""StreamQueue: a log that consumers read from any offset, as often as they like. Nothing is taken out by reading.

Each consumer has a reader of its own: a cursor into the log and the batch it is at. Near the end batches come from
memory, further back from blocks that are read in a thread; a reader that waits for its block holds up nobody. What is
not safe yet nobody sees. Source: https://www.rabbitmq.com/docs/streams and semantics of RabbitMQ 4.0.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol

from broker.message import Message
from broker.queues.arguments import STREAM
from broker.queues.bloom import filter_of
from broker.queues.gauge import MemoryGauge
from broker.queues.offset_argument import max_age_ms
from broker.store.committing import Logged
from broker.store.records import written
from broker.store.stream_log import StreamLog
from broker.turn import ERROR
from streams.cursor import NEED_BLOCK, Cursor, Wait
from streams.errors import ReadFailed
from streams.offset_spec import Exact, OffsetSpec
from streams.reads import BlockRead
from streams.retention import Limits

if TYPE_CHECKING:
    from broker.turn import Turn

# RabbitMQ's defaults.
SEGMENT_BYTES: Final = 500_000_000
_FILTER_BYTES: Final = 16
# A reader gives way to the next after so many messages, or a batch.
_PIECE: Final = 1024


class StreamSubscriber(Protocol):
    """A consumer, as a stream sees it. ``room`` is its credit."""

    tag: str

    def room(self) -> int: ...
    def deliver_records(self, records: Sequence[bytes], first_offset: int) -> None: ...
    def queue_gone(self, turn: "Turn") -> None: ...


class _Reader:
    """One consumer's place. ``records`` from ``at`` on are read and not delivered; the first has ``offset``.

    Nothing before ``begin`` is delivered: it may lie beyond the end.
    """

    __slots__ = ("at", "begin", "cursor", "offset", "reading", "records", "subscriber")

    def __init__(self, subscriber: StreamSubscriber, cursor: Cursor, begin: int) -> None:
        self.begin = begin
        self.subscriber = subscriber
        self.cursor = cursor
        self.records: list[bytes] = []
        self.at = 0
        self.offset = 0
        self.reading = False


class StreamQueue:
    """A stream. ``log`` is open, its writer included."""

    kind = STREAM
    durable = True
    auto_delete = False
    exclusive_owner = None
    has_exclusive_consumer = False
    # RabbitMQ always says so of a stream.
    consumer_count = 0

    # Whatever a delete's conditions, RabbitMQ deletes it.
    heeds_conditions = False

    def __init__(
        self,
        name: str,
        *,
        arguments: dict[str, Any],
        log_id: int,
        log: StreamLog,
        effective: Mapping[str, Any] | None = None,
        gauge: MemoryGauge | None = None,
    ) -> None:
        """``effective`` is what arguments and policies come to, of which the log knows already how large its segments
        may be. ``gauge``: where the log is in memory, what it takes up counts there.
        """
        self.name = name
        self.arguments = arguments
        self.log_id = log_id
        self.deleted = False
        self.ever_consumed = False
        self._logged = log
        self._log = log.log
        self.effective: Mapping[str, Any] = arguments if effective is None else effective
        self._limits = _limits(self.effective)
        self._filter_bytes = _filter_bytes(self.effective)
        self._segments = len(log.log.segments)
        self._readers: dict[StreamSubscriber, _Reader] = {}
        # Readers that may go on, in turn, and those that have read everything.
        self._active: OrderedDict[_Reader, None] = OrderedDict()
        self._at_end: dict[_Reader, None] = {}
        self._gauge = gauge
        self._counted_bytes = 0
        log.on_committed = self._committed

    def reconfigure(self, effective: Mapping[str, Any], turn: "Turn") -> None:
        """A policy came, changed or went. What may not be kept any more goes with the next commit.

        The size of segments stays until the next start: RabbitMQ, too, tells a running stream's log of the rest only.
        """
        self.effective = effective
        self._limits = _limits(effective)
        self._filter_bytes = _filter_bytes(effective)
        self._logged.writer.retain(self._limits, turn.wall_ms)
        if len(self._log.segments) != self._segments:
            self._segments = len(self._log.segments)
            turn.write(self._logged, 0)

    @property
    def message_count(self) -> int:
        """How many messages are kept and safe."""
        return sum(end - begin for begin, end in self._log.ranges())

    # -- messages ------------------------------------------------------------------------------------------------------

    def enqueue(
        self,
        messages: list[Message],
        size_bytes: int,
        turn: "Turn",
        *,
        persistent: bool = False,  # noqa: ARG002 - a stream keeps everything
    ) -> Logged:
        """Append messages. Returns the log whose next commit makes them safe, and readable."""
        bloom = filter_of(messages, self._filter_bytes)
        self._logged.writer.append(written(messages), turn.wall_ms, bloom=bloom)
        turn.write(self._logged, size_bytes)
        return self._logged

    def _committed(self, turn: "Turn") -> None:
        if len(self._log.segments) != self._segments:
            self._logged.writer.retain(self._limits, turn.wall_ms)
            self._segments = len(self._log.segments)
        if self._gauge is not None:
            size = self._log.size
            self._gauge.bytes += size - self._counted_bytes
            self._counted_bytes = size
        if self._at_end:
            self._active.update(self._at_end)
            self._at_end.clear()
            turn.touch(self)

    def dispatch(self, turn: "Turn", budget: int) -> int:
        """Let every reader go on that can, in turn. See ``turn.Dispatcher``."""
        active = self._active
        given = 0
        while active:
            if given >= budget:
                turn.touch(self)
                break
            reader, _ = active.popitem(last=False)
            count = self._serve(reader, turn)
            if count:
                active[reader] = None
            given += count
        return given

    def _serve(self, reader: _Reader, turn: "Turn") -> int:
        """Deliver a piece; 0 when it has to wait: for credit, for a block, for what is published next."""
        room = reader.subscriber.room()
        if room <= 0:
            return 0
        while reader.at == len(reader.records):
            if not self._next_batch(reader, turn):
                return 0
        at, records = reader.at, reader.records
        count = min(room, _PIECE, len(records) - at)
        piece = records if count == len(records) else records[at : at + count]
        reader.subscriber.deliver_records(piece, reader.offset)
        reader.at = at + count
        reader.offset += count
        if reader.at == len(records):
            # Not kept for a consumer that may never have room again.
            reader.records = []
            reader.at = 0
        return count

    def _next_batch(self, reader: _Reader, turn: "Turn") -> bool:
        try:
            found = reader.cursor.next_records()
        except ReadFailed as error:
            turn.notice(ERROR, f"stream '{self.name}': {error}")
            return False
        if isinstance(found, Wait):
            if found is NEED_BLOCK:
                self._read(reader, turn)
            else:
                self._at_end[reader] = None
            return False
        if self._log.damages:
            self._logged.tell(turn)
        reader.records, reader.offset = found.records, found.base_offset
        reader.at = max(0, min(reader.begin - found.base_offset, len(found.records)))
        reader.offset += reader.at
        return True

    def _read(self, reader: _Reader, turn: "Turn") -> None:
        block = reader.cursor.request
        if block is None or reader.reading:
            return
        reader.reading = True

        def fed(block: BlockRead, turn: "Turn") -> None:
            reader.reading = False
            if self._readers.get(reader.subscriber) is not reader:
                return
            try:
                reader.cursor.feed(block)
            except ReadFailed as error:
                turn.notice(ERROR, f"stream '{self.name}': {error}")
                self._active[reader] = None
                turn.read_again(self)
                return
            self._active[reader] = None
            turn.touch(self)

        turn.read(block, fed)

    def settle(self, sequences: Sequence[int], turn: "Turn") -> None:
        """Acks give credit back, which is the consumer's business; nothing leaves a stream."""

    def discard(self, entries: Sequence[object], turn: "Turn") -> None:
        """Nor does a nack remove anything."""

    def put_back(self, entries: Sequence[object], turn: "Turn", *, failed: bool = True, ended: bool = False) -> None:
        """Neither does anything come back: a nack gives credit, as an ack does."""

    def used(self, turn: "Turn") -> None:
        """A stream stays, whoever uses it."""

    def begin(self, turn: "Turn") -> None:
        """Nothing happens in a stream by itself when the broker begins."""

    # -- consumers -----------------------------------------------------------------------------------------------------

    def attach(
        self,
        subscriber: StreamSubscriber,
        spec: OffsetSpec,
        accepts: Callable[[bytes], bool] | None,
        turn: "Turn",
    ) -> None:
        """Begin to read for a consumer, from where it wants. ``accepts`` sees each chunk's filter."""
        begin = spec.offset if isinstance(spec, Exact) else 0
        reader = self._readers[subscriber] = _Reader(subscriber, self._log.cursor(spec, accepts=accepts), begin)
        self.ever_consumed = True
        self._active[reader] = None
        turn.touch(self)

    def unsubscribe(self, subscriber: StreamSubscriber, turn: "Turn") -> None:  # noqa: ARG002
        reader = self._readers.pop(subscriber)
        self._active.pop(reader, None)
        self._at_end.pop(reader, None)

    def reconsider(self, subscriber: StreamSubscriber, turn: "Turn") -> None:
        """It may have room again."""
        reader = self._readers.get(subscriber)
        if reader is not None and not reader.reading:
            self._at_end.pop(reader, None)
            self._active[reader] = None
            turn.touch(self)

    # -- end -----------------------------------------------------------------------------------------------------------

    def delete(self, turn: "Turn") -> int:
        """Remove the log, tell the consumers. RabbitMQ counts no messages here."""
        self.deleted = True
        readers, self._readers = self._readers, {}
        self._active.clear()
        self._at_end.clear()
        self._logged.writer.delete()
        # Nobody reads on after this; and the queue and its log, holding each other, would wait for the collector.
        self._logged.on_committed = _nobody_reads
        turn.write(self._logged, 0)
        if self._gauge is not None:
            self._gauge.bytes -= self._counted_bytes
            self._counted_bytes = 0
        # In RabbitMQ's order.
        for subscriber in sorted(readers, key=_tag):
            subscriber.queue_gone(turn)
        return 0


def _nobody_reads(turn: "Turn") -> None:
    pass


def _tag(subscriber: StreamSubscriber) -> str:
    return subscriber.tag


def segment_bytes(effective: Mapping[str, Any]) -> int:
    """The size at which a stream's segment is closed."""
    return int(effective.get("x-stream-max-segment-size-bytes", SEGMENT_BYTES))


def _filter_bytes(effective: Mapping[str, Any]) -> int:
    return int(effective.get("x-stream-filter-size-bytes", _FILTER_BYTES))


def _limits(effective: Mapping[str, Any]) -> Limits:
    max_bytes = effective.get("x-max-length-bytes")
    age = effective.get("x-max-age")
    return Limits(
        max_bytes=None if max_bytes is None else int(max_bytes), max_age_ms=None if age is None else max_age_ms(age)
    )
