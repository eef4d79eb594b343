"""A node as the shell sees it, without AMQP: what a session does with bytes is a function that the test gives."""

import itertools
import logging
from collections.abc import Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import trio

from broker.alarms import Alarms
from broker.queues.gauge import MemoryGauge
from broker.server.listeners import listen
from broker.server.running import Doors, running
from broker.session.piece import Piece

HIGH_WATER = 200_000


class Notice:
    def __init__(self, level: int, text: str) -> None:
        self.level = level
        self.text = text


class Outbox:
    LOW_WATER = 50_000

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.size = 0
        self.most = 0
        self.full = False
        self.held = 0
        self.wake = lambda: None

    def append(self, data: bytes) -> None:
        self.parts.append(data)
        self.size += len(data)
        self.most = max(self.most, self.size)
        self.full = self.full or self.size >= HIGH_WATER

    def take(self) -> bytes:
        data = self.parts.pop(0) if self.parts else b""
        self.size -= len(data)
        return data


class Turn:
    def __init__(self, now: float) -> None:
        self.now = now
        self.outboxes: set[Outbox] = set()
        self.notices: list[Notice] = []
        self.work_left = False
        self.wall_ms = 0
        self.messages = 0

    def wake(self, outbox: Outbox) -> None:
        self.outboxes.add(outbox)

    def finish(self) -> bool:
        return self.work_left


class Session:
    def __init__(self, node: "Node", peer: str) -> None:
        self.node = node
        self.peer = peer
        self.outbox = Outbox()
        self.received = bytearray()
        self.paused = False
        self.ending = False
        self.on_resume = lambda: None
        self.disconnections = 0
        self.gone_at = 0.0
        self.interrupted = False
        self.piece = Piece(lambda: 0.0)
        self.drains = 0

    def receive(self, data: bytes, turn: Turn) -> None:
        self.received += data
        self.node.behave(self, data, turn)

    def send(self, data: bytes, turn: Turn) -> None:
        self.outbox.append(data)
        turn.wake(self.outbox)

    def drained(self, turn: Turn) -> None:
        self.drains += 1
        self.outbox.full = False
        self.node.on_drained(self, turn)

    def crashed(self, turn: Turn) -> None:
        self.send(b"541", turn)
        self.ending = True

    def disconnected(self, turn: Turn) -> None:
        self.disconnections += 1
        self.gone_at = turn.now
        self.node.sessions.discard(self)


def echo(session: Session, data: bytes, turn: Turn) -> None:
    session.send(data, turn)


class Node:
    def __init__(self, behave: Callable[[Session, bytes, Turn], None] = echo) -> None:
        self.behave = behave
        self.on_drained: Callable[[Session, Turn], None] = lambda session, turn: None
        self.sessions: set[Session] = set()
        self.ever: list[Session] = []
        self.deadline: float | None = None
        self.ticks: list[float] = []
        self.resumed = 0
        self.resume_more = 0
        self.stopped = False
        self.begun = self.ended = 0
        self.alarms = Alarms(MemoryGauge(), memory_limit_bytes=2**40, disk_free_limit_bytes=0)
        self.folder = None

    def begin(self, turn: Turn) -> None:
        self.begun += 1

    def stop(self, turn: Turn) -> None:
        self.ended += 1

    def take_batch(self, turn: Turn) -> None:
        return None

    def take_reads(self) -> tuple[()]:
        return ()

    def take_checks(self) -> tuple[()]:
        return ()

    def turn(self) -> Turn:
        return Turn(trio.current_time())

    def connect(self, peer: str, local: str, turn: Turn) -> Session:
        session = Session(self, peer)
        self.sessions.add(session)
        self.ever.append(session)
        return session

    def tick(self, turn: Turn) -> None:
        self.ticks.append(turn.now)
        self.deadline = None

    def next_deadline(self) -> float | None:
        return self.deadline

    def resume(self, turn: Turn) -> None:
        self.resumed += 1
        turn.work_left = self.resumed < self.resume_more

    def shutdown(self, turn: Turn) -> None:
        self.stopped = True
        for session in self.sessions:
            session.send(b"bye", turn)
            session.ending = True


@asynccontextmanager
async def served(node: Node, grace_s: float = 1.0):
    """The port on which ``node`` listens for the length of the block."""
    listeners = await listen(["127.0.0.1"], 0)
    port = listeners[0].getsockname()[1]
    async with running(node, Doors(listeners), grace_s):
        yield port


async def until(condition: Callable[[], object], seconds: float = 10) -> None:
    """Wait for something that the kernel has to carry first, and so has no event of ours.

    Not under autojump_clock: each poll would wait for the whole threshold; sleep past the deadline there instead.
    """
    with trio.fail_after(seconds):
        while not condition():
            await trio.sleep(0.002)


def open_sockets() -> set[str]:
    links = set()
    for entry in Path("/proc/self/fd").iterdir():
        try:
            links.add(str(entry.readlink()))
        except FileNotFoundError:
            continue
    return {link for link in links if link.startswith("socket:")}


@contextmanager
def no_socket_left() -> Iterator[None]:
    before = open_sockets()
    yield
    assert open_sockets() <= before


class CancelAtStep(trio.abc.Instrument):
    """Cancels a scope just before the n-th step of any task but those of trio itself."""

    def __init__(self, step: int, scope: trio.CancelScope) -> None:
        self._steps = itertools.count(1)
        self._step = step
        self._scope = scope
        self.struck = False

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        if next(self._steps) == self._step:
            self.struck = True
            self._scope.cancel()


@contextmanager
def errors_logged() -> Iterator[list[logging.LogRecord]]:
    """What the broker logs as an error or worse."""
    records: list[logging.LogRecord] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)

    handler = Keep(logging.ERROR)
    logger = logging.getLogger("leveret")
    logger.addHandler(handler)
    try:
        yield records
    finally:
        logger.removeHandler(handler)
