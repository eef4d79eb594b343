"""aio-pika over the end of a broker that keeps its data: robust connections go on with durable queues and streams."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aio_pika
import pytest
from aio_pika.abc import AbstractRobustChannel, AbstractRobustConnection
from aio_pika.exceptions import AMQPError, ChannelNotFoundEntity

from interop.clients.aio_pika.programs import Inbox, bodies, program, soon
from interop.leveret import Leveret

ends = pytest.mark.parametrize("end", ["stop", "kill"])


class Robust:
    """A robust connection with one channel, and the end and new start of its broker."""

    def __init__(self, broker: Leveret, connection: AbstractRobustConnection, channel: AbstractRobustChannel) -> None:
        self.connection = connection
        self.channel = channel
        self._broker = broker
        self._back = asyncio.Event()
        connection.reconnect_callbacks.add(lambda *_: self._back.set())

    async def restart(self, end: str) -> None:
        """``end`` is the way the broker ends: "stop" or "kill". Returns when the connection and channel are back."""
        self._back.clear()
        await asyncio.to_thread(getattr(self._broker, end))
        await asyncio.to_thread(self._broker.start)
        await soon(self._back.wait(), "the reconnection")
        await soon(self.channel.ready(), "the channel")


@asynccontextmanager
async def robust(broker: Leveret) -> AsyncIterator[Robust]:
    async with await aio_pika.connect_robust(broker.url, reconnect_interval=0.05) as connection:
        yield Robust(broker, connection, await connection.channel())


def persistent(body: bytes) -> aio_pika.Message:
    return aio_pika.Message(body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)


@ends
@program
async def test_a_consumer_goes_on_with_what_waited_and_what_it_had_not_acked(lasting, end):
    async with robust(lasting) as client, await aio_pika.connect(lasting.url) as bystander:
        # Not by the robust connection, which would declare it anew.
        await (await bystander.channel()).declare_queue("passing")
        exchange = await client.channel.declare_exchange("hares", "topic", durable=True)
        queue = await client.channel.declare_queue("burrow", durable=True, arguments={"x-mine": "kept"})
        await queue.bind(exchange, "hare.#")
        await client.channel.set_qos(prefetch_count=3)
        for number in range(5):
            await exchange.publish(persistent(b"%d" % number), "hare.brown")
        await exchange.publish(aio_pika.Message(b"passing"), "hare.brown")
        inbox = Inbox()
        await queue.consume(inbox)
        first = await inbox.take(3)
        await first[0].ack()
        await inbox.next()
        # An ack has no answer, but what is confirmed behind it has taken it along.
        await exchange.publish(persistent(b"5"), "hare.brown")

        await client.restart(end)
        again = []
        for _ in range(5):
            again.append(await inbox.next())
            await again[-1].ack()
        assert [message.body for message in again] == [b"1", b"2", b"3", b"4", b"5"]
        assert [message.redelivered for message in again[:3]] == [True, True, True]
        if end == "stop":
            assert [message.redelivered for message in again[3:]] == [False, False]
        await exchange.publish(persistent(b"6"), "hare.white")
        assert (await inbox.next()).body == b"6"
        with pytest.raises(ChannelNotFoundEntity, match="no queue 'passing'"):
            await (await client.connection.channel()).declare_queue("passing", passive=True)


@ends
@program
async def test_what_a_publisher_had_confirmed_is_delivered_over_restarts(lasting, end):
    """The publisher sends again what was not confirmed, so a few may be there twice; none may be missing."""
    async with robust(lasting) as sending, robust(lasting) as receiving:
        queue = await receiving.channel.declare_queue("q", durable=True)
        await receiving.channel.set_qos(prefetch_count=20)
        seen: dict[bytes, list[bool]] = {}
        sent: dict[bytes, int] = {}
        all_there = asyncio.Event()

        async def take(message: aio_pika.abc.AbstractIncomingMessage) -> None:
            seen.setdefault(message.body, []).append(bool(message.redelivered))
            if len(seen) == 300:
                all_there.set()
            await message.ack()

        async def publish(body: bytes) -> None:
            while True:
                sent[body] = sent.get(body, 0) + 1
                try:
                    await sending.channel.default_exchange.publish(persistent(body), queue.name, timeout=5)
                except (AMQPError, ConnectionError, RuntimeError, TimeoutError):
                    await asyncio.sleep(0.05)
                else:
                    return

        async def publisher(begin: int) -> None:
            for number in range(begin, begin + 75):
                await publish(b"%d" % number)
                await asyncio.sleep(0.002)

        await queue.consume(take)
        publishers = [asyncio.create_task(publisher(begin)) for begin in (0, 75, 150, 225)]
        await asyncio.sleep(0.1)
        await receiving.restart(end)
        await soon(asyncio.gather(*publishers), "the last confirm")
        await soon(all_there.wait(), f"{300 - len(seen)} confirmed messages")
        for body, flags in seen.items():
            assert flags.count(False) <= sent[body], f"{body!r} came {len(flags)} times, sent {sent[body]} times"


@program
async def test_a_thousand_messages_that_were_confirmed_at_once_are_there_after_a_kill(lasting):
    async with robust(lasting) as client:
        queue = await client.channel.declare_queue("q", durable=True)
        sent = [str(number).encode() for number in range(1000)]
        await asyncio.gather(*(client.channel.default_exchange.publish(persistent(body), "q") for body in sent))
        await client.restart("kill")
        assert (await client.channel.declare_queue("q", passive=True)).declaration_result.message_count == 1000
        assert await bodies(queue) == sent


@ends
@program
async def test_a_stream_is_read_on_by_its_offsets(lasting, end):
    """The consumer is set up anew as it was, from the first message: who keeps the offset knows what he has seen."""
    async with robust(lasting) as client:
        arguments = {"x-queue-type": "stream", "x-max-length-bytes": 1_000_000, "x-max-age": "1D"}
        stream = await client.channel.declare_queue("s", durable=True, arguments=arguments)
        await client.channel.set_qos(prefetch_count=100)
        publish = client.channel.default_exchange.publish
        for number in range(10):
            await publish(aio_pika.Message(b"%d" % number), "s")
        inbox = Inbox()
        await stream.consume(inbox, arguments={"x-stream-offset": "first"})
        assert [message.headers["x-stream-offset"] for message in await inbox.take(10)] == list(range(10))
        await publish(aio_pika.Message(b"10"), "s")
        await inbox.next()

        await client.restart(end)
        await publish(aio_pika.Message(b"11"), "s")
        again = await inbox.take(12)
        assert [message.headers["x-stream-offset"] for message in again] == list(range(12))
        assert [message.body for message in again] == [b"%d" % number for number in range(12)]
        assert not any(message.redelivered for message in again)
        for message in again:
            await message.ack()
        assert inbox.waiting == 0
