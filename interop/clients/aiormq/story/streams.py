"""Streams, read from each form of offset."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from aiormq.abc import AbstractChannel, DeliveredMessage

from interop.clients.aiormq.story.doors import a_channel, publish, until


@asynccontextmanager
async def _stream(url: str) -> AsyncIterator[AbstractChannel]:
    async with a_channel(url) as channel:
        await channel.queue_declare("story.stream", durable=True, arguments={"x-queue-type": "stream"})
        await channel.basic_qos(prefetch_count=10)
        try:
            yield channel
        finally:
            await channel.queue_delete("story.stream")


async def _reading(channel: AbstractChannel, offset: object) -> list[tuple[int, str]]:
    """What comes from there, each acked, as (offset, body), while it comes."""
    came: list[tuple[int, str]] = []

    async def take(message: DeliveredMessage) -> None:
        came.append((message.header.properties.headers["x-stream-offset"], message.body.decode()))
        await channel.basic_ack(message.delivery_tag)

    await channel.basic_consume("story.stream", take, arguments={"x-stream-offset": offset})
    return came


async def _read(channel: AbstractChannel, offset: object, count: int) -> list[tuple[int, str]]:
    came = await _reading(channel, offset)
    await until(lambda: len(came) >= count, f"{count} messages")
    return came


async def stream_first(url: str) -> None:
    async with _stream(url) as channel:
        await publish(channel, "story.stream", *map(str, range(20)))
        assert await _read(channel, "first", 20) == [(number, str(number)) for number in range(20)]


async def stream_last(url: str) -> None:
    async with _stream(url) as channel:
        # Each confirmed before the next: chunks of one message.
        await publish(channel, "story.stream", *map(str, range(5)))
        assert await _read(channel, "last", 1) == [(4, "4")]


async def stream_next(url: str) -> None:
    async with _stream(url) as channel:
        await publish(channel, "story.stream", "old")
        came = await _reading(channel, "next")
        await publish(channel, "story.stream", "new")
        await until(lambda: came, "the new message")
        assert came == [(1, "new")]


async def stream_offset(url: str) -> None:
    async with _stream(url) as channel:
        await publish(channel, "story.stream", *map(str, range(10)))
        assert await _read(channel, 7, 3) == [(7, "7"), (8, "8"), (9, "9")]


async def stream_timestamp(url: str) -> None:
    async with _stream(url) as channel:
        await publish(channel, "story.stream", "old")
        # Timestamps of AMQP are whole seconds: the first one after "old", and before "new".
        between = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=1)
        while datetime.now(UTC) <= between + timedelta(milliseconds=50):  # noqa: ASYNC110 - a time is waited for
            await asyncio.sleep(0.05)
        await publish(channel, "story.stream", "new")
        assert await _read(channel, between, 1) == [(1, "new")]


async def stream_interval(url: str) -> None:
    async with _stream(url) as channel:
        await publish(channel, "story.stream", "a", "b")
        assert await _read(channel, "1h", 2) == [(0, "a"), (1, "b")]
