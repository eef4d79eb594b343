"""What makes a message dearer: one flow among more and more bindings, connections, waiting messages, queues, bytes.

Each dimension has points, the first of which the others are compared with, and sets up afresh what a point needs before
it is measured, so that the points of one round lie side by side in time.
"""

import contextlib
import uuid
from collections.abc import Callable, Sequence
from functools import partial

from pamqp import commands, frame

from interop.bench import wire
from interop.bench.client import Client
from interop.bench.ends import Consumer, Publisher
from interop.bench.flow import Deep, Flow, Spread
from interop.bench.load import Load, await_backlog, declare, lasting, measure
from interop.bench.result import Figures
from interop.bench.scenarios import SCENARIOS

# Binds sent at once; the last of a hundred thousand is answered within this.
_BINDS = 1_000
_BINDING_TIMEOUT_S = 300.0
_FILLING_TIMEOUT_S = 60.0
_PREFETCH, _ACK_EVERY = 1_000, 250

Run = Callable[[str, int | None, Load, int], Figures]


class Dimension:
    """What there is more and more of. ``bound``: how often the first point's cost the last one's may be, for leveret.

    ``most``: the last point that other brokers are asked for, where it would take some of them minutes.
    """

    def __init__(self, what: str, points: Sequence[int], run: Run, *, bound: float = 0.0, most: int = 0) -> None:
        self.what = what
        self.points = points
        self.run = run
        self.bound = bound
        self.most = most or points[-1]


def _bindings(url: str, pid: int | None, load: Load, count: int) -> Figures:
    """A topic exchange with so many bindings, one of which the messages' one key matches; auto-ack."""
    exchange = f"bench-{uuid.uuid4().hex[:8]}"
    with Client(url) as owner, Client(url) as sender:
        queue = declare(owner)
        owner.call(commands.Exchange.Declare(exchange=exchange, exchange_type="topic", auto_delete=True))
        owner.socket.settimeout(_BINDING_TIMEOUT_S)
        patterns = [_pattern(number) for number in range(1, count)]
        for start in range(0, len(patterns), _BINDS):
            binds = (
                commands.Queue.Bind(queue=queue, exchange=exchange, routing_key=pattern, nowait=True)
                for pattern in patterns[start : start + _BINDS]
            )
            owner.socket.sendall(b"".join(frame.marshal(bind, 1) for bind in binds))
        owner.call(commands.Queue.Bind(queue=queue, exchange=exchange, routing_key="hare.field"))
        consumer = Consumer(owner, queue, prefetch=0, ack_every=0, tape=load.tape)
        return measure(Flow(Publisher(sender, load.block(sender, exchange, "hare.field")), [consumer]), pid, load)


def _pattern(number: int) -> str:
    """Of ten patterns one has a ``#``, three a ``*``, and six are plain keys."""
    kinds = ("{}.#", "{}.*", "*.{}", "{}.*.x")
    return (kinds[number % 10] if number % 10 < len(kinds) else "{}.field").format(f"n{number}")


def _idle_connections(url: str, pid: int | None, load: Load, count: int) -> Figures:
    """One publisher and one consumer, and so many connections that do nothing, each with a channel; auto-ack."""
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            stack.enter_context(Client(url))
        return SCENARIOS["autoack"](url, pid, load)


def _backlog(url: str, pid: int | None, load: Load, count: int) -> Figures:
    """A queue in which so many messages wait all the time: as many are taken from its head as come; acks."""
    with Client(url) as owner, Client(url) as sender:
        queue = declare(owner)
        return _deep(owner, queue, Publisher(sender, load.block(sender, "", queue)), pid, load, count)


def _durable_backlog(url: str, pid: int | None, load: Load, count: int) -> Figures:
    """The same with persistent messages in a durable queue, and confirms."""
    with lasting(url) as queue, Client(url) as owner, Client(url) as sender:
        return _deep(owner, queue, load.confirmed(sender, queue), pid, load, count)


def _deep(owner: Client, queue: str, publisher: Publisher, pid: int | None, load: Load, count: int) -> Figures:
    filling = Flow(publisher, [])
    filling.run(_FILLING_TIMEOUT_S, count)
    filling.flush()
    await_backlog(owner, queue, publisher.sent)
    consumer = Consumer(owner, queue, prefetch=_PREFETCH, ack_every=_ACK_EVERY, tape=load.tape)
    return measure(Deep(publisher, [consumer], count), pid, load)


def _queues(url: str, pid: int | None, load: Load, count: int) -> Figures:
    """A publisher that goes from queue to queue, a message each, and a connection that consumes them all; auto-ack."""
    with Client(url) as owner, Client(url) as sender:
        queues = [declare(owner) for _ in range(count)]
        for number, queue in enumerate(queues[1:]):
            # Tags of one length, so that all deliveries are.
            owner.call(commands.Basic.Consume(queue=queue, consumer_tag=f"b{number:04}", no_ack=True))
        consumer = Consumer(owner, queues[0], prefetch=0, ack_every=0, tape=load.tape)
        return measure(Spread(Publisher(sender, _in_turn(sender, queues, load)), [consumer]), pid, load)


def _connections(url: str, pid: int | None, load: Load, count: int) -> Figures:
    """The same, with a connection for each queue's consumer."""
    with contextlib.ExitStack() as stack:
        sender = stack.enter_context(Client(url))
        owners = [stack.enter_context(Client(url)) for _ in range(count)]
        queues = [declare(owner) for owner in owners]
        consumers = [
            Consumer(owner, queue, prefetch=0, ack_every=0, tape=load.tape)
            for owner, queue in zip(owners, queues, strict=True)
        ]
        return measure(Spread(Publisher(sender, _in_turn(sender, queues, load)), consumers), pid, load)


def _in_turn(sender: Client, queues: Sequence[str], load: Load) -> wire.Block:
    """About 64 KiB of messages, or one for each queue."""
    blocks = [load.block(sender, "", queue, 1) for queue in queues]
    times = max(1, wire.BLOCK_BYTES // sum(len(block.data) for block in blocks))
    return wire.Block(b"".join(block.data for block in blocks) * times, len(blocks) * times)


def _sizes(scenario: str, url: str, pid: int | None, load: Load, size: int) -> Figures:
    return SCENARIOS[scenario](url, pid, load.of_size(size))


DIMENSIONS = {
    "bindings": Dimension(
        "bindings of a topic exchange", (1, 1_000, 10_000, 100_000), _bindings, bound=1.2, most=10_000
    ),
    "idle": Dimension("idle connections", (1, 100, 1_000), _idle_connections, bound=1.2),
    "backlog": Dimension("messages waiting in the queue", (0, 10_000, 1_000_000), _backlog, bound=1.2),
    "durable_backlog": Dimension(
        "persistent messages waiting in the queue", (0, 10_000, 1_000_000), _durable_backlog, bound=1.2, most=10_000
    ),
    "queues": Dimension("queues, in turn", (1, 10, 100), _queues),
    "connections": Dimension("consumers' connections, in turn", (1, 10, 100, 1_000), _connections),
    "size": Dimension("bytes a message", (16, 1_024, 65_536), partial(_sizes, "autoack")),
    "durable_size": Dimension("bytes a message, persistent", (16, 1_024, 65_536), partial(_sizes, "durable")),
}
