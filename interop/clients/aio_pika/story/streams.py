"""Streams, read from each form of offset."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from aio_pika.abc import AbstractChannel, AbstractQueue

from interop.clients.aio_pika.story.doors import a_channel, publish


@asynccontextmanager
async def _stream(url: str) -> AsyncIterator[tuple[AbstractChannel, AbstractQueue]]:
    async with a_channel(url) as channel:
        await channel.set_qos(prefetch_count=10)
        queue = await channel.declare_queue("story.stream", durable=True, arguments={"x-queue-type": "stream"})
        try:
            yield channel, queue
        finally:
            await channel.queue_delete("story.stream")


async def _read(queue: AbstractQueue, offset: object, count: int) -> list[tuple[int, str]]:
    """So many messages from there, each acked, as (offset, body)."""
    came = []
    async with queue.iterator(arguments={"x-stream-offset": offset}) as messages:
        async for message in messages:
            came.append((message.headers["x-stream-offset"], message.body.decode()))
            await message.ack()
            if len(came) == count:
                break
    return came


async def stream_first(url: str) -> None:
    async with _stream(url) as (channel, queue):
        await publish(channel, queue.name, *map(str, range(20)))
        assert await _read(queue, "first", 20) == [(number, str(number)) for number in range(20)]


async def stream_last(url: str) -> None:
    async with _stream(url) as (channel, queue):
        # Each confirmed before the next: chunks of one message.
        await publish(channel, queue.name, *map(str, range(5)))
        assert await _read(queue, "last", 1) == [(4, "4")]


async def stream_next(url: str) -> None:
    async with _stream(url) as (channel, queue):
        await publish(channel, queue.name, "old")
        came: asyncio.Future = asyncio.get_running_loop().create_future()
        await queue.consume(came.set_result, arguments={"x-stream-offset": "next"})
        await publish(channel, queue.name, "new")
        message = await came
        await message.ack()
        assert (message.headers["x-stream-offset"], message.body) == (1, b"new")


async def stream_offset(url: str) -> None:
    async with _stream(url) as (channel, queue):
        await publish(channel, queue.name, *map(str, range(10)))
        assert await _read(queue, 7, 3) == [(7, "7"), (8, "8"), (9, "9")]


async def stream_timestamp(url: str) -> None:
    async with _stream(url) as (channel, queue):
        await publish(channel, queue.name, "old")
        # Timestamps of AMQP are whole seconds: the first one after "old", and before "new".
        between = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=1)
        while datetime.now(UTC) <= between + timedelta(milliseconds=50):  # noqa: ASYNC110 - a time is waited for
            await asyncio.sleep(0.05)
        await publish(channel, queue.name, "new")
        assert await _read(queue, between, 1) == [(1, "new")]


async def stream_interval(url: str) -> None:
    async with _stream(url) as (channel, queue):
        await publish(channel, queue.name, "a", "b")
        assert await _read(queue, "1h", 2) == [(0, "a"), (1, "b")]
