"""What becomes of messages: dead letters, expiry, quorum queues, a broker that is restarted."""

from __future__ import annotations

import asyncio
import time

import aiormq
from aiormq import exceptions
from aiormq.abc import DeliveredMessage

from interop.clients.aiormq.story.doors import Inbox, a_channel, a_connection, drained, publish, waited_for
from interop.clients.story.telling import restart_the_broker_meanwhile, saw, saw_error

_DEAD = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "story.dead"}


def _death(message: DeliveredMessage) -> tuple[str, int, str]:
    death = message.header.properties.headers["x-death"][0]
    return death["reason"], death["count"], death["queue"]


async def dead_letter(url: str) -> None:
    async with a_channel(url) as channel:
        await channel.queue_declare("story.dead", exclusive=True)
        await channel.queue_declare("story.living", exclusive=True, arguments=_DEAD)
        await publish(channel, "story.living", "poison")
        message = await channel.basic_get("story.living")
        await channel.basic_reject(message.delivery_tag, requeue=False)
        found = await waited_for(channel, "story.dead")
        assert found.body == b"poison"
        assert _death(found) == ("rejected", 1, "story.living")
        assert found.header.properties.headers["x-first-death-queue"] == "story.living"


async def message_ttl(url: str) -> None:
    async with a_channel(url) as channel:
        await channel.queue_declare("story.dead", exclusive=True)
        await channel.queue_declare("story.brief", exclusive=True, arguments={**_DEAD, "x-message-ttl": 100})
        await channel.queue_declare("story.patient", exclusive=True, arguments=_DEAD)
        for queue, options in (("story.brief", {}), ("story.patient", {"expiration": "100"})):
            began = time.monotonic()
            await publish(channel, queue, "late", **options)
            found = await waited_for(channel, "story.dead")
            assert found.body == b"late"
            assert _death(found) == ("expired", 1, queue)
            assert time.monotonic() - began >= 0.1
            assert await drained(channel, queue) == []


async def quorum(url: str) -> None:
    async with a_channel(url) as channel:
        arguments = {"x-queue-type": "quorum", "x-delivery-limit": 2}
        await channel.queue_declare("story.quorum", durable=True, arguments=arguments)
        try:
            await publish(channel, "story.quorum", "heavy")
            inbox = Inbox()
            consuming = await channel.basic_consume("story.quorum", inbox.take)
            for count in (1, 2, 3):
                messages = await inbox.wait_for(count)
                await channel.basic_nack(messages[-1].delivery_tag, requeue=True)
            await asyncio.sleep(0.2)
            await channel.basic_cancel(consuming.consumer_tag)
            tables = [one.header.properties.headers or {} for one in inbox.messages]
            assert [table.get("x-delivery-count", 0) for table in tables] == [0, 1, 2]
            assert await drained(channel, "story.quorum") == []
        finally:
            await channel.queue_delete("story.quorum")


async def restart(url: str) -> None:
    """aiormq leaves recovery to aio-pika: its user connects again."""
    connection = await aiormq.connect(url)
    channel = await connection.channel()
    await channel.queue_declare("story.restart", durable=True)
    await publish(channel, "story.restart", "kept", "too", delivery_mode=2)
    await publish(channel, "story.restart", "forgotten", delivery_mode=1)
    await channel.basic_qos(prefetch_count=1)
    inbox = Inbox()
    await channel.basic_consume("story.restart", inbox.take)
    await inbox.wait_for(1)
    await restart_the_broker_meanwhile()
    try:
        await connection.closing
    except exceptions.AMQPError as problem:
        saw_error(problem)
    else:
        saw("the connection closed without an error")
    async with a_connection(url) as following:
        channel = await following.channel()
        await publish(channel, "story.restart", "new", delivery_mode=2)
        inbox = Inbox()
        await channel.basic_consume("story.restart", inbox.take)
        messages = await inbox.wait_for(3)
        assert [one.body for one in messages] == [b"kept", b"too", b"new"]
        assert messages[0].redelivered
        await channel.basic_ack(messages[2].delivery_tag, multiple=True)
        await channel.queue_delete("story.restart")
