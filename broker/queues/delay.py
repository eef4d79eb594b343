"""DelayQueue: messages that wait for their time, each its own; what a delayed exchange holds back.

Of a durable exchange they are in a log, transient ones too, and each is settled there when it is safe where it went.
All of them are in memory besides: 1 million with bodies of 16 bytes take 312 MB, and each 13 us of CPU to be published
and 22 to be delivered, where few are due in one moment. After a restart the log is read in pieces while the broker is
at work.
"""

from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from typing import TYPE_CHECKING

from broker.message import Message, delay_ms
from broker.queues.gauge import MemoryGauge
from broker.store.queue_log import QueueLog
from broker.turn import ERROR
from protocol.amqp import properties
from protocol.amqp.content import properties_of
from streams.cursor import Wait
from streams.errors import ReadFailed
from streams.reads import BlockRead

if TYPE_CHECKING:
    from broker.turn import Turn

KIND = "delay"

# Its number in the queue, and the message.
Entry = tuple[int, Message]
# Publishes messages whose time has come, and settles them here; what that cost, in messages handed out.
Deliver = Callable[["DelayQueue", Sequence[Entry], "Turn"], int]

# Messages delivered in one piece of work, before others get their chance: some 3 ms.
_DELIVERIES = 256
# Beside a message's content: the object, its number and its time.
MESSAGE_OVERHEAD_BYTES = 250


class DelayQueue:
    """``deliver`` is called when messages are due. ``open_log`` makes a durable queue's log when its first message
    comes; ``log`` is one that was restored.
    """

    __slots__ = (
        "_deliver",
        "_delivering",
        "_due",
        "_gauge",
        "_heap",
        "_held_bytes",
        "_last",
        "_log",
        "_open_log",
        "_reading",
        "deleted",
        "log_id",
        "name",
    )

    kind = KIND

    def __init__(
        self,
        name: str,
        *,
        deliver: Deliver,
        gauge: MemoryGauge,
        log_id: int = 0,
        open_log: Callable[[], QueueLog] | None = None,
        log: QueueLog | None = None,
    ) -> None:
        self.name = name
        self.log_id = log_id
        self.deleted = False
        self._deliver = deliver
        self._gauge = gauge
        self._open_log = open_log
        self._log = log
        # When it is due in ms since 1970, its number, the message.
        self._heap: list[tuple[int, int, Message]] = []
        self._held_bytes = 0
        self._last = 0
        self._delivering = False
        self._reading = False
        # Monotonic seconds.
        self._due: float | None = None
        if log is not None:
            log.read_on = self._read_on

    def __len__(self) -> int:
        """How many messages wait."""
        return len(self._heap) + (0 if self._log is None else self._log.behind)

    # -- messages ------------------------------------------------------------------------------------------------------

    def enqueue(
        self,
        messages: list[Message],
        size_bytes: int,  # noqa: ARG002
        turn: "Turn",
        *,
        persistent: bool = False,
    ) -> QueueLog | None:
        """As a queue's. They come with their headers; their time counts from now."""
        if self._open_log is None:
            base, self._last = self._last, self._last + len(messages)
            self._hold(base, messages, turn.wall_ms)
            self._look_ahead(turn)
            return None
        log = self._log
        if log is None:
            log = self._log = self._open_log()
            log.read_on = self._read_on
        base = log.append(messages, persistent=True, turn=turn)
        if log.behind:
            log.leave_behind(base, messages, persistent=True)
        else:
            log.loaded = base + len(messages)
            self._hold(base, messages, turn.wall_ms)
            self._look_ahead(turn)
        return log if persistent else None

    def _hold(self, base: int, messages: list[Message], arrived_ms: int) -> None:
        heap = self._heap
        size = 0
        for number, message in enumerate(messages, base):
            delay = delay_ms(properties.headers(properties_of(message.content)))
            heappush(heap, (arrived_ms + delay, number, message))
            size += len(message.content) + MESSAGE_OVERHEAD_BYTES
        self._held_bytes += size
        self._gauge.bytes += size

    def settle(self, numbers: Sequence[int], turn: "Turn") -> None:
        """These are safe where they went, or nobody wants them."""
        if self._log is not None and not self.deleted:
            self._log.settle(numbers, turn)

    def delete(self, turn: "Turn") -> None:
        """Its exchange is gone, and all messages with it."""
        self.deleted = True
        self._heap.clear()
        self._gauge.bytes -= self._held_bytes
        self._held_bytes = 0
        if self._log is not None:
            self._log.delete(turn)
        turn.forget(self)

    # -- time ----------------------------------------------------------------------------------------------------------

    def next_deadline(self) -> float | None:
        """See ``timetable.Timed``."""
        return self._due

    def tick(self, turn: "Turn") -> None:
        """The first message is due."""
        self._due = None
        if not self._delivering and not self.deleted:
            self._delivering = True
            turn.chore(self._deliver_due)

    def _look_ahead(self, turn: "Turn") -> None:
        if self._heap and not self._delivering:
            due = turn.now + max(0, self._heap[0][0] - turn.wall_ms) / 1000
            if self._due is None or due < self._due:
                self._due = due
                turn.look_at(self)

    def _deliver_due(self, turn: "Turn") -> int:
        heap = self._heap
        due: list[Entry] = []
        size = 0
        while heap and heap[0][0] <= turn.wall_ms and len(due) < _DELIVERIES:
            _, number, message = heappop(heap)
            size += len(message.content) + MESSAGE_OVERHEAD_BYTES
            due.append((number, message))
        if not due:
            self._delivering = False
            self._look_ahead(turn)
            return 0
        self._held_bytes -= size
        self._gauge.bytes -= size
        turn.chore(self._deliver_due)
        return self._deliver(self, due, turn)

    # -- what waits on disk after a restart ----------------------------------------------------------------------------

    def begin(self, turn: "Turn") -> None:
        """The broker begins, and the queue was restored."""
        self._read_on(turn)

    def _read_on(self, turn: "Turn") -> None:
        if self._log is not None and self._log.behind and not self._reading:
            self._reading = True
            turn.chore(self._read)

    def dispatch(self, turn: "Turn", budget: int) -> int:  # noqa: ARG002
        """The disk had refused to read; perhaps it does not any more."""
        self._read_on(turn)
        return 0

    def _read(self, turn: "Turn") -> int:
        """Take in what was read, one chunk; what it cost, in messages handed out."""
        self._reading = False
        log = self._log
        if log is None or not log.behind or self.deleted:
            return 0
        try:
            found = log.next_pieces()
        except ReadFailed as error:
            self._not_read(error, turn)
            return 0
        if isinstance(found, Wait):
            self._reading = log.go_on_when(found, turn, self._fed)
            return 0
        if log.log.damages:
            log.tell(turn)
        count = 0
        for base, messages, arrived_ms in found:
            self._hold(base, messages, arrived_ms)
            count += len(messages)
        self._look_ahead(turn)
        self._read_on(turn)
        # Reading one back costs as much as handing one out.
        return 1 + count

    def _fed(self, block: BlockRead, turn: "Turn") -> None:
        self._reading = False
        log = self._log
        if log is None or self.deleted:
            return
        try:
            log.feed(block)
        except ReadFailed as error:
            self._not_read(error, turn)
            return
        self._read_on(turn)

    def _not_read(self, error: ReadFailed, turn: "Turn") -> None:
        turn.notice(ERROR, f"delayed messages of exchange '{self.name}': {error}")
        turn.read_again(self)
