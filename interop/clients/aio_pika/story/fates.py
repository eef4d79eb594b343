"""What becomes of messages: dead letters, expiry, quorum queues, a broker that is restarted."""

from __future__ import annotations

import asyncio
import time

import aio_pika
from aio_pika.abc import AbstractIncomingMessage

from interop.clients.aio_pika.story.doors import a_channel, drained, publish, until, waited_for
from interop.clients.story.telling import restart_the_broker_meanwhile

_DEAD = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "story.dead"}


def _death(message: AbstractIncomingMessage) -> tuple[str, int, str]:
    death = message.headers["x-death"][0]
    return death["reason"], death["count"], death["queue"]


async def dead_letter(url: str) -> None:
    async with a_channel(url) as channel:
        dead = await channel.declare_queue("story.dead", exclusive=True)
        living = await channel.declare_queue("story.living", exclusive=True, arguments=_DEAD)
        await publish(channel, living.name, "poison")
        await (await living.get()).reject(requeue=False)
        found = await waited_for(dead)
        assert found.body == b"poison"
        assert _death(found) == ("rejected", 1, living.name)
        assert found.headers["x-first-death-queue"] == living.name


async def message_ttl(url: str) -> None:
    async with a_channel(url) as channel:
        dead = await channel.declare_queue("story.dead", exclusive=True)
        brief = await channel.declare_queue("story.brief", exclusive=True, arguments={**_DEAD, "x-message-ttl": 100})
        patient = await channel.declare_queue("story.patient", exclusive=True, arguments=_DEAD)
        for queue, expiration in ((brief, None), (patient, 0.1)):
            began = time.monotonic()
            await publish(channel, queue.name, "late", expiration=expiration)
            found = await waited_for(dead)
            assert found.body == b"late"
            assert _death(found) == ("expired", 1, queue.name)
            assert time.monotonic() - began >= 0.1
            assert await drained(queue) == []


async def quorum(url: str) -> None:
    async with a_channel(url) as channel:
        arguments = {"x-queue-type": "quorum", "x-delivery-limit": 2}
        queue = await channel.declare_queue("story.quorum", durable=True, arguments=arguments)
        try:
            await publish(channel, queue.name, "heavy")
            counts = []

            async def refuse(message: AbstractIncomingMessage) -> None:
                counts.append(message.headers.get("x-delivery-count", 0))
                await message.nack(requeue=True)

            tag = await queue.consume(refuse)
            await until(lambda: len(counts) == 3, "three deliveries")
            await asyncio.sleep(0.2)
            await queue.cancel(tag)
            assert counts == [0, 1, 2]
            assert await drained(queue) == []
        finally:
            await channel.queue_delete(queue.name)


async def restart(url: str) -> None:
    """By the robust connection's recovery: it connects again and brings its consumers back."""
    async with await aio_pika.connect_robust(url, reconnect_interval=0.2) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue("story.restart", durable=True)
        persistent = {"delivery_mode": aio_pika.DeliveryMode.PERSISTENT}
        await publish(channel, queue.name, "kept", "too", **persistent)
        await channel.set_qos(prefetch_count=1)
        came: list = []
        await queue.consume(came.append)
        await until(lambda: came, "the first delivery")
        back = asyncio.Event()
        connection.reconnect_callbacks.add(lambda *_: back.set())
        await restart_the_broker_meanwhile()
        await back.wait()
        await channel.ready()
        await until(lambda: len(came) > 1, "the unacked message")
        assert (came[1].body, came[1].redelivered) == (b"kept", True)
        await came[1].ack()
        await publish(channel, queue.name, "new", **persistent)
        await until(lambda: len(came) > 2, "the second message")
        await came[2].ack()
        await until(lambda: len(came) > 3, "the new message")
        await came[3].ack()
        assert [one.body for one in came] == [b"kept", b"kept", b"too", b"new"]
        await queue.delete(if_unused=False, if_empty=False)
