"""aio-pika's robust connection through the end of its broker: what it declares anew works as before."""

import asyncio

import aio_pika
import pytest

from interop.clients.aio_pika.programs import Inbox, program, soon


@pytest.mark.parametrize("end", ["stop", "kill"])
@program
async def test_a_robust_consumer_survives_a_restart_of_the_broker(leveret, end):
    connection = await aio_pika.connect_robust(leveret.url, reconnect_interval=0.1)
    async with connection:
        back = asyncio.Event()
        connection.reconnect_callbacks.add(lambda *_: back.set())
        channel = await connection.channel()
        exchange = await channel.declare_exchange("hares", "topic")
        queue = await channel.declare_queue("burrow", auto_delete=True)
        await queue.bind(exchange, "hare.#")
        inbox = Inbox()
        await queue.consume(inbox)
        await exchange.publish(aio_pika.Message(b"before"), "hare.brown")
        first = await inbox.next()
        await first.ack()

        await asyncio.to_thread(getattr(leveret, end))
        await asyncio.to_thread(leveret.start)
        await soon(back.wait(), "the reconnection")
        await channel.ready()
        await exchange.publish(aio_pika.Message(b"after"), "hare.brown")
        again = await inbox.next()
        assert (first.body, again.body) == (b"before", b"after")
        await again.ack()
