"""The scenarios by name. Each sets its topology up, warms the broker, measures, checks that nothing was lost, and goes.

Queues are transient and exclusive to the consumer's connection (publishing to them is open to all): they are gone with
it, even when a run fails, and no version of any broker refuses them. Only the scenarios under DURABLE have queues that
stay, with persistent messages in them; they delete them themselves, even when a run fails.
"""

import contextlib
import time
import uuid
from collections.abc import Callable, Iterator

from pamqp import commands

from interop.bench import wire
from interop.bench.client import Client
from interop.bench.ends import Consumer, Publisher, take_reply
from interop.bench.flow import Flow, Stalled, drain, paced
from interop.bench.load import Load, declare, fill, lasting, measure
from interop.bench.result import Figures, Stopwatch, percentiles

_LATENCY_RATE = 2_000
# From 1,000 to 4,000 RabbitMQ 3.10 and 4.0 replay at one rate; below, 4.0 is slower.
_STREAM_PREFETCH = 2_000

Scenario = Callable[[str, int | None, Load], Figures]


def _one_to_one(*, prefetch: int = 0, ack_every: int = 0) -> Scenario:
    """One publisher, one queue, one consumer."""

    def run(url: str, pid: int | None, load: Load) -> Figures:
        with Client(url) as owner, Client(url) as sender:
            queue = declare(owner)
            consumer = Consumer(owner, queue, prefetch=prefetch, ack_every=ack_every, tape=load.tape)
            publisher = Publisher(sender, load.block(sender, "", queue))
            return measure(Flow(publisher, [consumer], load.window), pid, load)

    return run


def _durable(url: str, pid: int | None, load: Load) -> Figures:
    """One publisher with confirms, one durable queue, one consumer with acks for many at once, persistent messages."""
    with lasting(url) as queue, Client(url) as receiver, Client(url) as sender:
        consumer = Consumer(receiver, queue, prefetch=1000, ack_every=250, tape=load.tape)
        return measure(Flow(load.confirmed(sender, queue), [consumer], load.window), pid, load)


def _fanout(url: str, pid: int | None, load: Load) -> Figures:
    """One publisher, a fanout exchange, ten queues, each with an auto-ack consumer on a connection of its own."""
    exchange = f"bench-{uuid.uuid4().hex[:8]}"
    with contextlib.ExitStack() as stack:
        owners = [stack.enter_context(Client(url)) for _ in range(10)]
        sender = stack.enter_context(Client(url))
        owners[0].call(commands.Exchange.Declare(exchange=exchange, exchange_type="fanout", auto_delete=True))
        consumers = []
        for owner in owners:
            queue = declare(owner)
            owner.call(commands.Queue.Bind(queue=queue, exchange=exchange))
            consumers.append(Consumer(owner, queue, prefetch=0, ack_every=0, tape=load.tape))
        publisher = Publisher(sender, load.block(sender, exchange, ""))
        return measure(Flow(publisher, consumers, load.window), pid, load)


def _publish(url: str, pid: int | None, load: Load) -> Figures:
    """Publish only, to a queue that nobody consumes. Measured until the broker has enqueued the last message."""
    with Client(url) as owner, Client(url) as sender:
        queue = declare(owner)
        publisher = Publisher(sender, load.block(sender, "", queue))
        fill(owner, publisher, queue, load.warm_up, load.backlog // 10)
        owner.call(commands.Queue.Purge(queue=queue))
        watch = Stopwatch(pid)
        return watch.figures(fill(owner, publisher, queue, load.seconds, load.backlog))


def _drain(url: str, pid: int | None, load: Load) -> Figures:
    """Consume a backlog, auto-ack: what the broker takes in twice the measured time, or half a million."""
    with Client(url) as owner, Client(url) as sender:
        queue = declare(owner)
        publisher = Publisher(sender, load.block(sender, "", queue))
        filled = fill(owner, publisher, queue, 2 * load.seconds, load.backlog)
        watch = Stopwatch(pid)
        consumer = Consumer(owner, queue, prefetch=0, ack_every=0, tape=load.tape)
        drain(consumer, filled)
        return watch.figures(filled)


def _stream_publish(url: str, pid: int | None, load: Load) -> Figures:
    """Publish to a stream with confirms, nobody consuming. Measured until the last message is confirmed."""
    with lasting(url, "stream") as queue, Client(url) as sender:
        flow = Flow(load.confirmed(sender, queue), [], load.window)
        flow.run(load.warm_up)
        flow.finish()
        watch, before = Stopwatch(pid), flow.received
        flow.run(load.seconds)
        flow.finish()
        return watch.figures(flow.received - before)


def _stream_drain(url: str, pid: int | None, load: Load) -> Figures:
    """Replay a stream from its first message, acks for many at once, and again until the time is over.

    Only that is measured, each time with a connection of its own (some 2 ms).
    """
    with lasting(url, "stream") as queue, Client(url) as sender:
        flow = Flow(load.confirmed(sender, queue), [], load.window)
        # A broker that publishes slowly gets fewer messages to replay, and twice the measured time to take them.
        flow.run(2 * load.seconds, load.backlog)
        flow.finish()
        replayed = 0
        watch, deadline = Stopwatch(pid), time.perf_counter() + load.seconds
        while time.perf_counter() < deadline:
            _replay(url, queue, flow.received, load)
            replayed += flow.received
        return watch.figures(replayed)


def _replay(url: str, queue: str, count: int, load: Load) -> None:
    with Client(url) as receiver:
        consumer = Consumer(
            receiver,
            queue,
            prefetch=_STREAM_PREFETCH,
            ack_every=_STREAM_PREFETCH // 4,
            tape=load.tape,
            arguments={"x-stream-offset": "first"},
        )
        drain(consumer, count)


def _latency(url: str, pid: int | None, load: Load) -> Figures:
    """From publish to delivery at 2,000 messages a second, published on schedule whatever comes back, auto-ack."""
    with Client(url) as owner, Client(url) as sender:
        queue = declare(owner)
        consumer = Consumer(owner, queue, prefetch=0, ack_every=0, tape=load.tape)
        return _at_a_pace(Publisher(sender, load.block(sender, "", queue, count=1)), consumer, pid, load)


def _latency_durable(url: str, pid: int | None, load: Load) -> Figures:
    """The same with persistent messages in a durable queue, and an ack for each of them."""
    with lasting(url) as queue, Client(url) as receiver, Client(url) as sender:
        consumer = Consumer(receiver, queue, prefetch=200, ack_every=1, tape=load.tape)
        publisher = Publisher(sender, load.block(sender, "", queue, count=1, persistent=True))
        return _at_a_pace(publisher, consumer, pid, load)


def _at_a_pace(publisher: Publisher, consumer: Consumer, pid: int | None, load: Load) -> Figures:
    publisher.socket.setblocking(True)
    paced(publisher, consumer, _LATENCY_RATE, load.warm_up)
    watch, before = Stopwatch(pid), consumer.received
    taken = paced(publisher, consumer, _LATENCY_RATE, load.seconds)
    return watch.figures(consumer.received - before) | percentiles(taken)


def _confirm1(url: str, pid: int | None, load: Load) -> Figures:
    """Publisher confirms, one message in flight, to a queue that nobody consumes."""
    with Client(url) as owner, Client(url) as sender:
        queue = declare(owner)
        return _one_in_flight(sender, load.block(sender, "", queue, count=1), pid, load)


def _confirm1_durable(url: str, pid: int | None, load: Load) -> Figures:
    """The same with persistent messages and a durable queue."""
    with lasting(url) as queue, Client(url) as sender:
        return _one_in_flight(sender, load.block(sender, "", queue, count=1, persistent=True), pid, load)


def _one_in_flight(sender: Client, block: wire.Block, pid: int | None, load: Load) -> Figures:
    sender.call(commands.Confirm.Select())
    for _ in _confirmed(sender, block.data, load.warm_up):
        pass
    watch = Stopwatch(pid)
    taken = list(_confirmed(sender, block.data, load.seconds))
    return watch.figures(len(taken)) | percentiles(taken)


def _confirmed(sender: Client, message: memoryview, seconds: float) -> Iterator[float]:
    """The time each confirm took, in seconds."""
    now = time.perf_counter()
    deadline = now + seconds
    while now < deadline:
        begun = now
        sender.socket.sendall(message)
        reply = take_reply(sender.socket, wire.ACK_BYTES)
        if reply[:11] != wire.ack(0, multiple=False)[:11]:
            raise Stalled(f"a confirm was expected, not {reply!r}")
        now = time.perf_counter()
        yield now - begun


SCENARIOS: dict[str, Scenario] = {
    "autoack": _one_to_one(),
    # A quarter of the prefetch an ack: the broker is never out of credit while an ack is on its way.
    "ack": _one_to_one(prefetch=1000, ack_every=250),
    "ack_single": _one_to_one(prefetch=200, ack_every=1),
    "publish": _publish,
    "drain": _drain,
    "fanout": _fanout,
    "latency": _latency,
    "confirm1": _confirm1,
    "durable": _durable,
    "confirm1_durable": _confirm1_durable,
    "latency_durable": _latency_durable,
    "stream_pub": _stream_publish,
    "stream_drain": _stream_drain,
}
# Those whose messages a broker has to keep on a disk.
DURABLE = frozenset({"durable", "confirm1_durable", "latency_durable", "stream_pub", "stream_drain"})
