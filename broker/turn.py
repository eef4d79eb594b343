"""Turn: one batch of input and all that it touched.

Work is done once a batch, not once a message: each touched queue dispatches once, each channel's confirms go out as one
frame, each touched outbox is woken once. A loopback send costs 23 us a message sent singly and 0.3 us in hundreds.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

# How many messages the queues of one turn may hand out before every other peer gets its chance: some 20 ms of work.
DISPATCH_BUDGET = 8192
# How many times the input of one turn may put a message into a queue before the rest of that input waits, likewise. A
# read of 64 KiB holds some 900 small messages: no fanout to fewer than 70 queues ever meets it.
INPUT_BUDGET = 65_536

# As in stdlib logging, which the core does not import.
DEBUG, INFO, WARNING, ERROR = 10, 20, 30, 40


class Dispatcher(Protocol):
    """A queue, as a turn sees it."""

    def dispatch(self, turn: Turn, budget: int) -> int:
        """Hand out what can be handed out, ``budget`` messages at most; the number handed out.

        A queue that stops for the budget touches itself again.
        """


class Notice:
    """A line for the log; the core itself does not log."""

    __slots__ = ("level", "text")

    def __init__(self, level: int, text: str) -> None:
        self.level = level
        self.text = text


class Backlog:
    """What turns leave to the end of the turn and, past its budgets, to the next one. One for each node."""

    __slots__ = ("outboxes", "queues", "unread")

    def __init__(self) -> None:
        # Sets that keep their order, so that a run can be repeated. Queues leave it from the front, one by one, which
        # takes a plain dict longer the more of them have left.
        self.queues: OrderedDict[Dispatcher, None] = OrderedDict()
        self.outboxes: dict[Any, None] = {}
        # Sessions that stopped half-way through their input.
        self.unread: dict[Any, None] = {}


class Turn:
    """``now`` is monotonic seconds. Made by ``Node.turn``; ``finish`` must be called once, whatever happened."""

    __slots__ = ("_backlog", "_budget", "_flushes", "_on_finish", "enqueued", "notices", "now", "outboxes")

    def __init__(self, now: float, backlog: Backlog, on_finish: Callable[[Turn], None]) -> None:
        self.now = now
        # How many times a message was put into a queue.
        self.enqueued = 0
        self.notices: list[Notice] = []
        self.outboxes: dict[Any, None] = {}
        self._backlog = backlog
        self._budget = DISPATCH_BUDGET
        self._flushes: dict[Callable[[Turn], None], None] = {}
        self._on_finish = on_finish

    def touch(self, queue: Dispatcher) -> None:
        """Have ``queue`` dispatch at the end of the turn."""
        self._backlog.queues[queue] = None

    def flush(self, flush: Callable[[Turn], None]) -> None:
        """Have ``flush`` called, once, before the queues dispatch (a channel's confirms)."""
        self._flushes[flush] = None

    def notice(self, level: int, text: str) -> None:
        """Leave a line for the log. What clients call themselves is in it: what could forge a line is shown escaped."""
        printable = text if text.isprintable() else text.encode("unicode_escape").decode()
        self.notices.append(Notice(level, printable))

    def catch_up(self) -> None:
        """Have the queues touched so far dispatch, as far as the budget goes: a method that looks at a queue (a get, a
        cancel) is to find it as in RabbitMQ, where the publishes before it have been delivered.
        """
        queues = self._backlog.queues
        while queues and self._budget > 0:
            queue, _ = queues.popitem(last=False)
            self._budget -= queue.dispatch(self, self._budget)

    def finish(self) -> bool:
        """Run what was touched. Afterwards ``outboxes`` holds those with bytes to send; True if work was left over."""
        for flush in self._flushes:
            flush(self)
        self.catch_up()
        self._on_finish(self)
        self.outboxes = self._backlog.outboxes
        self._backlog.outboxes = {}
        for outbox in self.outboxes:
            outbox.written_at = self.now
        return bool(self._backlog.queues or self._backlog.unread)
