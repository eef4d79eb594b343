"""Turn: one batch of input and all that it touched.

Work is done once a batch, not once a message: each touched queue dispatches once, each channel's confirms go out as one
frame, each touched outbox is woken once. A loopback send costs 23 us a message sent singly and 0.3 us in hundreds.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Any, Protocol

from broker.timetable import Timed, Timetable

if TYPE_CHECKING:
    from collections.abc import Callable

# How many messages the queues of one turn may hand out before every other peer gets its chance: some 20 ms of work.
DISPATCH_BUDGET = 8192
# What a turn may spend on chores beside that, in messages handed out, its last chore not counted: one piece of 256 dead
# letters, 1 to 2 ms, where a turn itself costs 0.1. (A million that expire at once take as long as with 4096; others
# at 1,000 messages a second then saw a p99 of 95 ms, on two busy cores, and now see one of 28.)
CHORE_BUDGET = 256
# And for each message that it puts into a queue: that one may drive a dead letter out of it, which must not wait for
# ever longer.
_CHORE_EACH = 5
# How many times the input of one turn may put a message into a queue before the rest of that input waits, likewise. A
# read of 64 KiB holds some 900 small messages: no fanout to fewer than 70 queues ever meets it.
INPUT_BUDGET = 65_536

# To put a message into one more queue, or to hand one out, takes a fraction of what it takes to read and route it.
_QUEUES_EACH = 5

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


class Block(Protocol):
    """A piece of a file that somebody waits for."""

    def perform(self) -> None:
        """Read it; in a thread."""


class Read:
    """A block to be read, and what to do with it in a later turn."""

    __slots__ = ("block", "then")

    def __init__(self, block: Block, then: Callable[[Any, Turn], None]) -> None:
        self.block = block
        self.then = then


class Check(Protocol):
    """A question whose answer takes a while: whether a password is right."""

    def perform(self) -> None:
        """Find the answer; in a thread."""


class Asked:
    """A check to be performed, and what to do with it in a later turn."""

    __slots__ = ("check", "then")

    def __init__(self, check: Check, then: Callable[[Any, Turn], None]) -> None:
        self.check = check
        self.then = then


class Backlog:
    """What turns leave to the end of the turn and, past its budgets, to the next one. One for each node."""

    __slots__ = (
        "checks",
        "chores",
        "outboxes",
        "patient",
        "patient_since",
        "queues",
        "reads",
        "refused",
        "refused_since",
        "timetable",
        "unread",
        "unwritten",
        "unwritten_bytes",
    )

    def __init__(self) -> None:
        # Sets that keep their order, so that a run can be repeated. Queues leave it from the front, one by one, which
        # takes a plain dict longer the more of them have left.
        self.queues: OrderedDict[Dispatcher, None] = OrderedDict()
        # Pieces of work that a turn may put off, in order: what the broker itself publishes (dead letters, delayed
        # messages). Each returns what it cost, in dispatched messages.
        self.chores: deque[Callable[[Turn], int]] = deque()
        self.outboxes: dict[Any, None] = {}
        # Sessions that stopped half-way through their input.
        self.unread: dict[Any, None] = {}
        # Logs with something to write (``store.committing``), and how much of it messages are.
        self.unwritten: dict[Any, None] = {}
        self.unwritten_bytes = 0
        # Logs that have something to write which nobody waits for, and since when (monotonic seconds).
        self.patient: dict[Any, None] = {}
        self.patient_since = 0.0
        # Logins to be looked at, and who goes on with each.
        self.checks: list[Asked] = []
        # Blocks that must be read from the disk, and who goes on with each.
        self.reads: list[Read] = []
        # Queues that the disk has refused a block, and since when the first of them waits (monotonic seconds).
        self.refused: dict[Dispatcher, None] = {}
        self.refused_since = 0.0
        self.timetable = Timetable()


class Turn:
    """``now`` is monotonic seconds, ``wall_ms`` the time of day in ms since 1970; ``peer_now`` is seconds as peers see
    them, which under a virtual clock are others.

    Made by ``Node.turn``; ``finish`` must be called once, whatever happened. ``on_dispatched`` is called when the
    queues have handed out what they can; True has it all done again, as there is more.
    """

    __slots__ = (
        "_backlog",
        "_budget",
        "_chores_cost",
        "_flushes",
        "_on_dispatched",
        "enqueued",
        "moved",
        "notices",
        "now",
        "outboxes",
        "peer_now",
        "refused",
        "wall_ms",
    )

    def __init__(
        self,
        now: float,
        wall_ms: int,
        backlog: Backlog,
        on_dispatched: Callable[[Turn], bool],
        *,
        peer_now: float,
    ) -> None:
        self.now = now
        self.peer_now = peer_now
        self.wall_ms = wall_ms
        # How many times a message was put into a queue, those left out that chores put there.
        self.enqueued = 0
        # Messages that the client whose turn it is published, settled or got.
        self.moved = 0
        # Messages that a full queue would not take. Whoever published them clears it.
        self.refused: set[Any] = set()
        self.notices: list[Notice] = []
        self.outboxes: dict[Any, None] = {}
        self._backlog = backlog
        self._budget = DISPATCH_BUDGET
        self._chores_cost = 0
        self._flushes: dict[Callable[[Turn], None], None] = {}
        self._on_dispatched = on_dispatched

    @property
    def messages(self) -> int:
        """How many messages it moved, one way or another: what was got done for the time it took. One that goes to many
        queues, or out of them, is less work for each.
        """
        return max(self.moved, max(self.enqueued, DISPATCH_BUDGET - self._budget) // _QUEUES_EACH)

    def touch(self, queue: Dispatcher) -> None:
        """Have ``queue`` dispatch at the end of the turn."""
        self._backlog.queues[queue] = None

    def flush(self, flush: Callable[[Turn], None]) -> None:
        """Have ``flush`` called, once, before the queues dispatch (a channel's confirms)."""
        self._flushes[flush] = None

    def write(self, log: Any, size_bytes: int) -> None:
        """Have ``log`` write what was appended to it, ``size_bytes`` of messages, with the next commit."""
        self._backlog.unwritten[log] = None
        self._backlog.unwritten_bytes += size_bytes

    def write_soon(self, log: Any) -> None:
        """Have ``log`` write what nobody waits for: with the next commit, or by itself a little later."""
        backlog = self._backlog
        if not backlog.patient:
            backlog.patient_since = self.now
        backlog.patient[log] = None

    def read(self, block: Block, then: Callable[[Any, Turn], None]) -> None:
        """Have ``block`` read from the disk; ``then(block, turn)`` goes on with it in a later turn."""
        self._backlog.reads.append(Read(block, then))

    def ask(self, check: Check, then: Callable[[Any, Turn], None]) -> None:
        """Have ``check`` performed in a thread; ``then(check, turn)`` goes on with it in a later turn."""
        self._backlog.checks.append(Asked(check, then))

    def read_again(self, queue: Dispatcher) -> None:
        """The disk refused ``queue`` a block: have it dispatch again in a while, whatever else happens."""
        backlog = self._backlog
        if not backlog.refused:
            backlog.refused_since = self.now
        backlog.refused[queue] = None

    def look_at(self, owner: Timed) -> None:
        """``owner`` waits for a moment, which may have come nearer."""
        self._backlog.timetable.look_at(owner)

    def forget(self, owner: Timed) -> None:
        """``owner`` waits for no moment any more."""
        self._backlog.timetable.drop(owner)

    def chore(self, work: Callable[[Turn], int]) -> None:
        """Have ``work`` done when the queues have handed out what they can; it returns what it cost, in messages."""
        self._backlog.chores.append(work)

    def notice(self, level: int, text: str) -> None:
        """Leave a line for the log. What clients call themselves is in it: what could forge a line is shown escaped."""
        printable = text if text.isprintable() else text.encode("unicode_escape").decode()
        self.notices.append(Notice(level, printable))

    def catch_up(self) -> None:
        """Have the queues touched so far dispatch, as far as the budget goes: a method that looks at a queue (a get, a
        cancel) is to find it as in RabbitMQ, where the publishes before it have been delivered.
        """
        backlog = self._backlog
        queues, chores = backlog.queues, backlog.chores
        while True:
            dispatches = queues and self._budget > 0
            if dispatches:
                queue, _ = queues.popitem(last=False)
                self._budget -= queue.dispatch(self, self._budget)
            # In turn with the queues, which may always have more to hand out.
            if chores and self._chores_cost < CHORE_BUDGET + _CHORE_EACH * self.enqueued:
                self._chores_cost += chores.popleft()(self)
            elif not dispatches:
                return

    def catch_up_with(self, queue: Dispatcher) -> None:
        """The same for one queue only."""
        queues = self._backlog.queues
        if queue in queues and self._budget > 0:
            del queues[queue]
            self._budget -= queue.dispatch(self, self._budget)

    def finish(self) -> bool:
        """Run what was touched. Afterwards ``outboxes`` holds those with bytes to send; True if work was left over."""
        while True:
            flushes, self._flushes = self._flushes, {}
            for flush in flushes:
                flush(self)
            self.catch_up()
            if not self._on_dispatched(self):
                break
        self.outboxes = self._backlog.outboxes
        self._backlog.outboxes = {}
        for outbox in self.outboxes:
            outbox.written_at = self.peer_now
        return bool(self._backlog.queues or self._backlog.unread or self._backlog.chores)
