"""Deliveries, acks and what comes again."""

from __future__ import annotations

import asyncio

from pamqp.commands import Basic

from interop.clients.aiormq.story.doors import Inbox, a_channel, a_connection, drained, publish, until, waited_for


async def acks(url: str) -> None:
    async with a_connection(url) as connection:
        channel, second = await connection.channel(), await connection.channel()
        await channel.queue_declare("story.acks", exclusive=True)
        await publish(channel, "story.acks", *"abcdef")
        messages = [await second.basic_get("story.acks") for _ in range(5)]
        await second.basic_ack(messages[0].delivery_tag)
        await second.basic_ack(messages[2].delivery_tag, multiple=True)
        await second.close()
        again = [await channel.basic_get("story.acks", no_ack=True) for _ in range(3)]
        assert [(one.body, one.redelivered) for one in again] == [(b"d", True), (b"e", True), (b"f", False)]
        assert await drained(channel, "story.acks") == []


async def nack_requeue(url: str) -> None:
    async with a_channel(url) as channel:
        await channel.queue_declare("story.nack", exclusive=True)
        await publish(channel, "story.nack", "again")
        first = await channel.basic_get("story.nack")
        assert not first.redelivered
        await channel.basic_nack(first.delivery_tag, requeue=True)
        second = await waited_for(channel, "story.nack")
        assert (second.redelivered, second.body) == (True, b"again")


async def reject(url: str) -> None:
    async with a_channel(url) as channel:
        await channel.queue_declare("story.reject", exclusive=True)
        await publish(channel, "story.reject", "bad")
        message = await channel.basic_get("story.reject")
        await channel.basic_reject(message.delivery_tag, requeue=False)
        assert await drained(channel, "story.reject") == []


async def prefetch(url: str) -> None:
    async with a_channel(url) as channel:
        await channel.queue_declare("story.prefetch", exclusive=True)
        await publish(channel, "story.prefetch", *map(str, range(7)))
        await channel.basic_qos(prefetch_count=3)
        inbox = Inbox()
        await channel.basic_consume("story.prefetch", inbox.take)
        await inbox.wait_for(3)
        await asyncio.sleep(0.2)
        assert len(inbox.messages) == 3
        await channel.basic_ack(inbox.messages[1].delivery_tag, multiple=True)
        await inbox.wait_for(5)
        await asyncio.sleep(0.2)
        assert len(inbox.messages) == 5


async def get(url: str) -> None:
    async with a_channel(url) as channel:
        await channel.queue_declare("story.get", exclusive=True)
        await publish(channel, "story.get", "one", "two")
        first, second = [await channel.basic_get("story.get", no_ack=True) for _ in range(2)]
        assert (first.body, first.delivery.message_count) == (b"one", 1)
        assert (second.body, second.delivery.message_count) == (b"two", 0)
        assert isinstance((await channel.basic_get("story.get")).delivery, Basic.GetEmpty)


async def cancel(url: str) -> None:
    async with a_connection(url) as connection:
        channel, second = await connection.channel(), await connection.channel()
        await channel.queue_declare("story.cancel", exclusive=True)
        inbox = Inbox()
        consuming = await channel.basic_consume("story.cancel", inbox.take, no_ack=True)
        await publish(channel, "story.cancel", "before")
        await inbox.wait_for(1)
        await channel.basic_cancel(consuming.consumer_tag)
        await publish(channel, "story.cancel", "after")
        await asyncio.sleep(0.2)
        assert [one.body for one in inbox.messages] == [b"before"]
        assert await drained(channel, "story.cancel") == ["after"]
        told: list[Basic.Cancel] = []
        channel.on_consumer_cancel_callbacks.add(told.append)
        consuming = await channel.basic_consume("story.cancel", inbox.take)
        await second.queue_delete("story.cancel")
        await until(lambda: told, "the cancel")
        assert [one.consumer_tag for one in told] == [consuming.consumer_tag]


async def priorities(url: str) -> None:
    async with a_channel(url) as channel:
        await channel.queue_declare("story.priorities", exclusive=True, arguments={"x-max-priority": 10})
        for priority in (1, 9, 5, 9):
            await publish(channel, "story.priorities", str(priority), priority=priority)
        assert await drained(channel, "story.priorities") == ["9", "9", "5", "1"]
