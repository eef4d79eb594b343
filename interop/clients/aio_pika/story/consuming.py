"""Deliveries, acks and what comes again."""

from __future__ import annotations

import asyncio

import aio_pika
import pytest
from aio_pika import exceptions

from interop.clients.aio_pika.story.doors import a_channel, drained, publish, until, waited_for


async def acks(url: str) -> None:
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue("story.acks", exclusive=True)
        await publish(channel, queue.name, *"abcdef")
        second = await connection.channel()
        seen = await second.get_queue(queue.name)
        messages = [await seen.get() for _ in range(5)]
        await messages[0].ack()
        await messages[2].ack(multiple=True)
        await second.close()
        again = [await queue.get(no_ack=True) for _ in range(3)]
        assert [(one.body, one.redelivered) for one in again] == [(b"d", True), (b"e", True), (b"f", False)]
        assert await drained(queue) == []


async def nack_requeue(url: str) -> None:
    async with a_channel(url) as channel:
        queue = await channel.declare_queue("story.nack", exclusive=True)
        await publish(channel, queue.name, "again")
        first = await queue.get()
        assert not first.redelivered
        await first.nack(requeue=True)
        second = await waited_for(queue)
        assert (second.redelivered, second.body) == (True, b"again")


async def reject(url: str) -> None:
    async with a_channel(url) as channel:
        queue = await channel.declare_queue("story.reject", exclusive=True)
        await publish(channel, queue.name, "bad")
        with pytest.raises(ZeroDivisionError):
            async with (await queue.get()).process(requeue=False):
                raise ZeroDivisionError
        assert await drained(queue) == []


async def prefetch(url: str) -> None:
    async with a_channel(url) as channel:
        queue = await channel.declare_queue("story.prefetch", exclusive=True)
        await publish(channel, queue.name, *map(str, range(7)))
        await channel.set_qos(prefetch_count=3)
        came: list = []
        await queue.consume(came.append)
        await until(lambda: len(came) >= 3, "three deliveries")
        await asyncio.sleep(0.2)
        assert len(came) == 3
        await came[1].ack(multiple=True)
        await until(lambda: len(came) >= 5, "two more")
        await asyncio.sleep(0.2)
        assert len(came) == 5


async def get(url: str) -> None:
    async with a_channel(url) as channel:
        queue = await channel.declare_queue("story.get", exclusive=True)
        await publish(channel, queue.name, "one", "two")
        first, second = await queue.get(no_ack=True), await queue.get(no_ack=True)
        assert (first.body, first.message_count) == (b"one", 1)
        assert (second.body, second.message_count) == (b"two", 0)
        assert await queue.get(fail=False) is None
        with pytest.raises(exceptions.QueueEmpty):
            await queue.get()


async def cancel(url: str) -> None:
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue("story.cancel", exclusive=True)
        came: list = []
        tag = await queue.consume(came.append, no_ack=True)
        await publish(channel, queue.name, "before")
        await until(lambda: came, "the delivery")
        await queue.cancel(tag)
        await publish(channel, queue.name, "after")
        await asyncio.sleep(0.2)
        assert [one.body for one in came] == [b"before"]
        assert await drained(queue) == ["after"]
        # Of a deleted queue only the channel below tells.
        told: list = []
        (await channel.get_underlay_channel()).on_consumer_cancel_callbacks.add(told.append)
        tag = await queue.consume(came.append)
        await (await connection.channel()).queue_delete(queue.name)
        await until(lambda: told, "the cancel")
        assert told[0].consumer_tag == tag


async def priorities(url: str) -> None:
    async with a_channel(url) as channel:
        queue = await channel.declare_queue("story.priorities", exclusive=True, arguments={"x-max-priority": 10})
        for priority in (1, 9, 5, 9):
            await publish(channel, queue.name, str(priority), priority=priority)
        assert await drained(queue) == ["9", "9", "5", "1"]
