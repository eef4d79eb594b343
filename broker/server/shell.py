"""Shell: ends each turn as the core asks: outboxes flushed, notices logged, left-over work taken up after a checkpoint.

Tasks live in the other files; what they share of the node is here. Nothing here knows a socket.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import TypeVar

import trio

from broker.node import Node
from broker.server.doorkeeper import Doorkeeper
from broker.server.governor import Governor
from broker.store.committing import Batch
from broker.turn import Asked, Read, Turn

log = logging.getLogger("leveret")

T = TypeVar("T")


class Shell:
    """One node and the work that its turns leave behind."""

    __slots__ = (
        "_disk_idle",
        "_later",
        "_of_no_session",
        "_work",
        "check",
        "commit",
        "deadline_moved",
        "door",
        "governor",
        "nap_until",
        "next_deadline",
        "node",
        "on_disk",
        "proxy_header_s",
        "read",
        "stopping",
    )

    def __init__(self, node: Node) -> None:
        self.node = node
        # Who may come in; ``running`` knows how many.
        self.door = Doorkeeper()
        self.governor = Governor(perf_counter)
        # Set once, when no new peer may come in: some are accepted already, and their tasks have not begun.
        self.stopping = False
        # How long a connection has for the header of its proxy; 0 where there is to be none.
        self.proxy_header_s = 0.0
        # Of connections that have no session yet, so that nobody can say good-bye to them.
        self._of_no_session: set[trio.CancelScope] = set()
        # Until when the timekeeper sleeps, and how to call it earlier: it sets both.
        self.nap_until = float("inf")
        self.deadline_moved: Callable[[float], None] = _nobody_waits
        # When the timekeeper is to tick: under a virtual clock most moments come by other means.
        self.next_deadline: Callable[[], float | None] = node.next_deadline
        # How many batches and blocks are under way.
        self.on_disk = 0
        self._disk_idle = trio.Event()
        # How to have batches written and blocks read: the committer and the disk reader set them.
        self.commit: Callable[[Batch], None] = _nobody_writes
        self.read: Callable[[Read], None] = _nobody_reads
        # How to have logins looked at: the login checker sets it.
        self.check: Callable[[Asked], None] = _nobody_checks
        self._later: list[Callable[[Turn], None]] = []
        self._work = trio.Event()

    def run(self, turn: Turn) -> None:
        """Finish a turn. Synchronous: sends what the sockets take at once and leaves the rest to tasks."""
        try:
            if turn.finish() and self.node.resume not in self._later:
                # Once a round, however many turns left something over: a round has no checkpoint in it.
                self.later(self.node.resume)
        finally:
            self._hand_to_disk(turn)
            for asked in self.node.take_checks():
                self.check(asked)
            for outbox in turn.outboxes:
                outbox.wake()
            log_notices(turn)
            deadline = self.next_deadline()
            if deadline is not None and deadline < self.nap_until:
                self.deadline_moved(deadline)

    def _hand_to_disk(self, turn: Turn) -> None:
        batch = self.node.take_batch(turn)
        if batch is not None:
            self.on_disk += 1
            self.commit(batch)
        for read in self.node.take_reads():
            self.on_disk += 1
            self.read(read)

    def disk_done(self, work: Callable[[Turn], None]) -> None:
        """A batch or a block is done: ``work`` goes on with it."""
        self.on_disk -= 1
        self.act(work)
        if not self.on_disk:
            self._disk_idle.set()
            self._disk_idle = trio.Event()

    async def disk_idle(self) -> None:
        """Wait until nothing is under way there, if anything is."""
        if self.on_disk:
            await self._disk_idle.wait()

    def act(self, work: Callable[[Turn], None]) -> None:
        """Do a piece of work in a turn of its own; if it fails, that is a bug of ours, and the broker lives on."""
        turn = self.node.turn()
        try:
            work(turn)
        except Exception:
            log.exception("internal error")
        try:
            self.run(turn)
        except Exception:
            log.exception("internal error at the end of a turn")

    @contextmanager
    def until_stopping(self) -> Iterator[None]:
        """For what comes before a session: left at once when the broker stops."""
        with trio.CancelScope() as scope:
            if self.stopping:
                scope.cancel()
            self._of_no_session.add(scope)
            try:
                yield
            finally:
                self._of_no_session.discard(scope)

    def begin_stopping(self) -> None:
        """Let nobody in any more, and let those go who are at the door."""
        self.stopping = True
        for scope in self._of_no_session:
            scope.cancel()

    def ask(self, work: Callable[[Turn], T]) -> T:
        """Do a piece of work in a turn of its own, and give back what it returned. Raises what it raised."""
        turn = self.node.turn()
        try:
            return work(turn)
        finally:
            self.run(turn)

    def later(self, work: Callable[[Turn], None]) -> None:
        """Have ``work`` done in a new turn, when every other peer has had its chance."""
        self._later.append(work)
        self._work.set()

    async def work_off(self) -> None:
        """Run what was put off, for ever: one round, then a checkpoint, so that no backlog starves a socket."""
        while True:
            await self._work.wait()
            self._work = trio.Event()
            round_, self._later = self._later, []
            for work in round_:
                self.act(work)


def log_notices(turn: Turn) -> None:
    """Write what the core left in a turn for the log."""
    for notice in turn.notices:
        log.log(notice.level, "%s", notice.text)


def _nobody_waits(_deadline: float) -> None:
    pass


def _nobody_writes(_batch: Batch) -> None:
    raise AssertionError("no committer")


def _nobody_reads(_read: Read) -> None:
    raise AssertionError("no disk reader")


def _nobody_checks(_asked: Asked) -> None:
    raise AssertionError("no login checker")
