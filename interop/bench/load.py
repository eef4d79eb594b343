"""A load: what all scenarios have in common, and the steps that several of them take."""

import contextlib
import copy
import time
import uuid
from collections.abc import Iterator

from pamqp import commands

from interop.bench import wire
from interop.bench.client import Client, Refused
from interop.bench.ends import ConfirmedPublisher, Publisher
from interop.bench.flow import WINDOW_MESSAGES, Flow, Stalled
from interop.bench.result import Figures, Stopwatch

# A backlog of half a million small messages stays under 1 GB in every broker measured; of large ones, their bytes do.
_BACKLOG_MESSAGES = 500_000
_BACKLOG_BYTES = 256 << 20
_BACKLOG_TIMEOUT_S = 60.0
# Confirms: what may be outstanding, and how much of it is written at once (0.1 us a message for the client).
_CONFIRM_WINDOW = 1_000
_CONFIRM_BLOCK = 100
# Large messages: what may be under way at once, and what is written of them at once.
_WINDOW_BYTES = 32 << 20
_BLOCK_BYTES = 1 << 20


class Load:
    """What all scenarios share: body size in bytes, how long to measure and to warm up, and the acks made once."""

    def __init__(self, *, size: int = 16, seconds: float = 3.0, warm_up: float = 1.0, rich: bool = False) -> None:
        self.size = size
        self.seconds = seconds
        self.warm_up = warm_up
        self.rich = rich
        self.tape = wire.AckTape()

    def of_size(self, size: int) -> "Load":
        """The same with bodies of that many bytes."""
        other = copy.copy(self)
        other.size = size
        return other

    @property
    def window(self) -> int:
        """Messages that may be on their way at once."""
        return min(WINDOW_MESSAGES, _WINDOW_BYTES // max(self.size, 1))

    @property
    def backlog(self) -> int:
        """Messages that a broker can be expected to hold."""
        return min(_BACKLOG_MESSAGES, _BACKLOG_BYTES // max(self.size, 1))

    def block(
        self, client: Client, exchange: str, routing_key: str, count: int = 0, *, persistent: bool = False
    ) -> wire.Block:
        """A block of this load's messages, see wire.publish_block."""
        return wire.publish_block(
            exchange,
            routing_key,
            self.size,
            rich=self.rich,
            frame_max=client.frame_max,
            count=count,
            persistent=persistent,
        )

    def confirmed(self, client: Client, queue: str) -> ConfirmedPublisher:
        """A publisher of this load's messages, persistent, with a window of confirms."""
        count = min(_CONFIRM_BLOCK, max(1, _BLOCK_BYTES // max(self.size, 1)))
        block = self.block(client, "", queue, count, persistent=True)
        return ConfirmedPublisher(client, block, min(_CONFIRM_WINDOW, self.window))


def measure(flow: Flow, pid: int | None, load: Load) -> Figures:
    """Warm the broker, measure the flow, and see that nothing of it is lost."""
    flow.run(load.warm_up)
    watch, before = Stopwatch(pid), flow.received
    flow.run(load.seconds)
    figures = watch.figures(max(flow.received - before, 1))
    flow.finish()
    return figures


def fill(owner: Client, publisher: Publisher, queue: str, seconds: float, most: int) -> int:
    """Publish for that long or that many messages, wait until all lie in the queue, and say how many they are."""
    before = publisher.sent
    deadline = time.perf_counter() + seconds
    publisher.socket.setblocking(True)
    while publisher.sent - before < most and time.perf_counter() < deadline:
        publisher.send()
    while not publisher.idle:
        publisher.send()
    await_backlog(owner, queue, publisher.sent - before)
    return publisher.sent - before


def await_backlog(owner: Client, queue: str, count: int) -> None:
    """Return when so many messages lie in the queue. Raises Stalled when that takes a minute."""
    deadline = time.perf_counter() + _BACKLOG_TIMEOUT_S
    while (ready := owner.call(commands.Queue.Declare(queue=queue, passive=True)).message_count) != count:
        if time.perf_counter() > deadline:
            raise Stalled(f"{count:,} messages published, {ready:,} in the queue")
        time.sleep(0.002)


def declare(owner: Client) -> str:
    """A queue that goes with its owner's connection, by name. All names are of one length."""
    name = f"bench-{uuid.uuid4().hex[:8]}"
    owner.call(commands.Queue.Declare(queue=name, exclusive=True))
    return name


@contextlib.contextmanager
def lasting(url: str, kind: str = "classic") -> Iterator[str]:
    """A durable queue, by name; deleted at the end, on a connection of its own: those of the run may be broken."""
    name = f"bench-{uuid.uuid4().hex[:8]}"
    with Client(url) as owner:
        owner.call(commands.Queue.Declare(queue=name, durable=True, arguments={"x-queue-type": kind}))
    try:
        yield name
    except BaseException:
        # What made the run fail is worth more than what that did to the broker.
        with contextlib.suppress(Refused, OSError):
            _delete(url, name)
        raise
    _delete(url, name)


def _delete(url: str, queue: str) -> None:
    with Client(url) as owner:
        owner.call(commands.Queue.Delete(queue=queue))
