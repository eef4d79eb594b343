"""How each step gets a channel, sends, waits for messages, and looks into a queue."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue

# For what is owed at once.
_PATIENCE_S = 5.0


@asynccontextmanager
async def a_channel(url: str, **options: object) -> AsyncIterator[AbstractChannel]:
    """On a connection of its own; its publishes wait for their confirms, unless ``options`` say otherwise."""
    async with await aio_pika.connect_robust(url) as connection:
        yield await connection.channel(**options)


@asynccontextmanager
async def two_channels(url: str, **options: object) -> AsyncIterator[tuple[AbstractChannel, AbstractChannel]]:
    """On one connection."""
    async with await aio_pika.connect_robust(url) as connection:
        yield await connection.channel(**options), await connection.channel(**options)


def message(body: str, **properties: object) -> aio_pika.Message:
    return aio_pika.Message(body.encode(), **properties)


async def publish(channel: AbstractChannel, key: str, *bodies: str, **properties: object) -> None:
    """By the default exchange."""
    for body in bodies:
        await channel.default_exchange.publish(message(body, **properties), key)


async def drained(queue: AbstractQueue) -> list[str]:
    """The bodies that are in the queue, taken out."""
    bodies = []
    while (found := await queue.get(no_ack=True, fail=False)) is not None:
        bodies.append(found.body.decode())
    return bodies


async def waited_for(queue: AbstractQueue) -> AbstractIncomingMessage:
    """The next message of the queue, acked."""
    async with asyncio.timeout(_PATIENCE_S), queue.iterator() as messages:
        async for one in messages:
            await one.ack()
            return one
    raise AssertionError("unreachable")


async def until(condition: Callable[[], object], what: str) -> None:
    """Return once the condition holds."""
    try:
        async with asyncio.timeout(_PATIENCE_S):
            while not condition():  # noqa: ASYNC110 - what is waited for comes from the client's callbacks
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"waited in vain for {what}") from None
