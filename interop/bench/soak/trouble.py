"""What goes wrong on a bad day: errors of every kind, clients that die, stay silent or do not read, and churn.

Each trouble checks what it provoked; that the others do not suffer from it, the lanes beside it show.
"""

import random
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import trio
from pamqp import base, commands, frame, header

from interop.bench.soak.ledger import Violation
from interop.bench.soak.peer import FRAME_MAX, Gone, Peer, Refused, connected, publish_bytes

Trouble = Callable[[str, random.Random], Awaitable[None]]

# A method on a fresh channel, and the reply code that ends the channel.
SOFT_ERRORS: tuple[tuple[base.Frame, int], ...] = (
    (commands.Queue.Declare(queue="soak-none", passive=True), 404),
    (commands.Exchange.Declare(exchange="soak-none", passive=True), 404),
    (commands.Queue.Bind(queue="soak-none", exchange="amq.direct", routing_key="x"), 404),
    (commands.Basic.Consume(queue="soak-none"), 404),
    (commands.Basic.Get(queue="soak-none"), 404),
    (commands.Queue.Purge(queue="soak-none"), 404),
    (commands.Queue.Declare(queue="amq.soak"), 403),
    (commands.Exchange.Declare(exchange="amq.soak"), 403),
    (commands.Exchange.Delete(exchange="amq.direct"), 403),
    (commands.Exchange.Declare(exchange="amq.direct", exchange_type="fanout", durable=True), 406),
    (commands.Basic.Ack(delivery_tag=99), 406),
    (commands.Basic.Nack(delivery_tag=99), 406),
    (commands.Tx.Commit(), 406),
)
# Bytes sent on a connection with channel 1 open, and the reply code that ends the connection.
HARD_ERRORS: tuple[tuple[bytes, int], ...] = (
    (frame.marshal(commands.Channel.Open(), 1), 504),
    (frame.marshal(commands.Queue.Declare(queue="q"), 7), 504),
    (frame.marshal(header.ContentHeader(body_size=1), 1), 505),
    (frame.marshal(commands.Basic.Publish(exchange="", routing_key="q", immediate=True), 1), 540),
    (b"\x01\x00\x01\x00\x00\x00\x04\x00\x14\x00\x28\x00", 501),
    (b"\x01\x00\x01\x7f\xff\xff\xff", 501),
)


async def soft_errors(url: str, chance: random.Random) -> None:
    """Channels end one after the other; their connection lives on."""
    async with connected(url) as peer:
        for method, code in chance.sample(SOFT_ERRORS, 5):
            channel = await peer.channel()
            try:
                await channel.call(method)
            except Refused as refused:
                _expect(refused.code, code, method.name)
            else:
                raise Violation(f"{method.name} was not refused")
        await (await peer.channel()).call(commands.Queue.Declare(exclusive=True))
        await peer.close()


async def hard_error(url: str, chance: random.Random) -> None:
    """A connection ends with the right code."""
    data, code = chance.choice(HARD_ERRORS)
    async with connected(url) as peer:
        await peer.channel()
        await peer.send(data)
        if code == 540:
            await peer.send(frame.marshal(header.ContentHeader(), 1))
        end = await peer.end()
        _expect(end.code if isinstance(end, Refused) else repr(end), code, f"{data[:20]!r}")


def _expect(found: object, code: int, what: str) -> None:
    if found != code:
        raise Violation(f"{what} was answered with {found}, not {code}")


async def garbage(url: str, chance: random.Random) -> None:
    """Random bytes behind a handshake: the connection ends, somehow, and soon."""
    async with connected(url) as peer:
        await peer.channel()
        try:
            for _ in range(20):
                await peer.send(chance.randbytes(4096))
        except (Gone, Refused):
            return
        # A length drawn at random may well be allowed: then the broker waits for the rest of the frame, and may.
        with trio.move_on_after(1):
            await peer.end()


async def exclusive(url: str, chance: random.Random) -> None:
    """Another connection's exclusive queue is locked, and gone when its owner is."""
    async with connected(url) as other:
        async with connected(url) as owner:
            queue = (await (await owner.channel()).call(commands.Queue.Declare(exclusive=True))).queue
            try:
                await (await other.channel()).call(commands.Queue.Declare(queue=queue, passive=True))
            except Refused as refused:
                _expect(refused.code, 405, "an exclusive queue")
            await owner.close()
        try:
            await (await other.channel()).call(commands.Queue.Declare(queue=queue, passive=True))
        except Refused as refused:
            _expect(refused.code, 404, "an exclusive queue whose owner has gone")
        await other.close()


async def dies_in_mid_publish(url: str, chance: random.Random) -> None:
    """Half a message, then nothing. The half never reaches a queue."""
    async with connected(url) as peer:
        channel = await peer.channel()
        queue = (await channel.call(commands.Queue.Declare(queue=_name(), auto_delete=True))).queue
        data = publish_bytes(channel.number, "", queue, bytes(3 * FRAME_MAX), {}, mandatory=False)
        await peer.send(data[: chance.randrange(1, len(data))])
        await peer.kill()
    async with connected(url) as peer:
        count = await (await peer.channel()).call(commands.Queue.Delete(queue=queue))
        if count.message_count:
            raise Violation("a message of which half was sent lies in its queue")
        await peer.close()


async def never_reads(url: str, chance: random.Random) -> None:
    """A consumer that takes nothing while four megabytes wait for it."""
    async with connected(url) as peer:
        channel = await peer.channel()
        queue = (await channel.call(commands.Queue.Declare(exclusive=True))).queue
        await channel.call(commands.Basic.Consume(queue=queue, no_ack=True))
        peer.reading = trio.Event()
        with trio.move_on_after(chance.uniform(0.2, 2)):
            for _ in range(40):
                await channel.publish("", queue, bytes(100_000), {}, mandatory=False)
            await trio.sleep_forever()


async def silent(url: str, chance: random.Random) -> None:
    """A connection without a word, then one with half a protocol header."""
    host, _, port = url.rpartition("@")[2].rstrip("/").partition(":")
    for data in (b"", b"AMQP\x00"):
        async with await trio.open_tcp_stream(host, int(port)) as stream:
            if data:
                await stream.send_all(data)
            await trio.sleep(chance.uniform(0, 1))


async def queue_deleted_under_consumer(url: str, chance: random.Random) -> None:
    """The consumer is told by basic.cancel, its connection and channel live on."""
    async with connected(url) as peer:
        consumer, other = await peer.channel(), await peer.channel()
        queue = (await consumer.call(commands.Queue.Declare(queue=_name()))).queue
        await consumer.call(commands.Basic.Consume(queue=queue))
        await other.call(commands.Queue.Delete(queue=queue))
        try:
            with trio.fail_after(10):
                await consumer.receive()
        except trio.EndOfChannel:
            await consumer.call(commands.Basic.Qos(prefetch_count=1))
        await peer.close()


async def churn(url: str, chance: random.Random) -> None:
    """Channels, queues, exchanges and bindings made and unmade, now and then abandoned."""
    async with connected(url) as peer:
        for _ in range(chance.randint(1, 8)):
            channel = await peer.channel()
            await _build_and_tear_down(peer, channel.number, channel.call, chance)
            if chance.random() < 0.5:
                await peer.close_channel(channel)
        if chance.random() < 0.7:
            await peer.close()


async def _build_and_tear_down(
    peer: Peer, number: int, call: Callable[[base.Frame], Awaitable[Any]], chance: random.Random
) -> None:
    exchange, kind = _name(), chance.choice(("direct", "fanout", "topic", "headers"))
    await call(commands.Exchange.Declare(exchange=exchange, exchange_type=kind))
    await call(commands.Exchange.Bind(destination=exchange, source="amq.topic", routing_key="soak.#"))
    queues = []
    for _ in range(chance.randint(1, 5)):
        queues.append((await call(commands.Queue.Declare(exclusive=True, durable=chance.random() < 0.5))).queue)
        await call(commands.Queue.Bind(queue=queues[-1], exchange=exchange, routing_key="soak.*"))
    for _ in range(chance.randint(0, 20)):
        await peer.send(publish_bytes(number, "amq.topic", "soak.x", bytes(100), {}, mandatory=False))
    if chance.random() < 0.5:
        await call(commands.Queue.Unbind(queue=queues[0], exchange=exchange, routing_key="soak.*"))
        await call(commands.Queue.Purge(queue=queues[0]))
        await call(commands.Queue.Delete(queue=queues[0]))
    await call(commands.Exchange.Delete(exchange=exchange))


def _name() -> str:
    return f"soak-{uuid.uuid4().hex}"


TROUBLES: tuple[Trouble, ...] = (
    soft_errors,
    hard_error,
    garbage,
    exclusive,
    dies_in_mid_publish,
    never_reads,
    silent,
    queue_deleted_under_consumer,
    churn,
)
