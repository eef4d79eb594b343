"""How each step gets a channel, sends, waits for messages, and looks into a queue."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiormq
from aiormq.abc import AbstractChannel, AbstractConnection, DeliveredMessage
from pamqp.commands import Basic

# For what is owed at once.
_PATIENCE_S = 5.0


@asynccontextmanager
async def a_connection(url: str) -> AsyncIterator[AbstractConnection]:
    connection = await aiormq.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def a_channel(url: str, **options: object) -> AsyncIterator[AbstractChannel]:
    """On a connection of its own; its publishes wait for their confirms, unless ``options`` say otherwise."""
    async with a_connection(url) as connection:
        yield await connection.channel(**options)


async def publish(channel: AbstractChannel, key: str, *bodies: str, exchange: str = "", **properties: object) -> None:
    for body in bodies:
        await channel.basic_publish(
            body.encode(), exchange=exchange, routing_key=key, properties=Basic.Properties(**properties)
        )


async def drained(channel: AbstractChannel, queue: str) -> list[str]:
    """The bodies that are in the queue, taken out."""
    bodies = []
    while isinstance((found := await channel.basic_get(queue, no_ack=True)).delivery, Basic.GetOk):
        bodies.append(found.body.decode())
    return bodies


class Inbox:
    """What a consumer got, in order."""

    def __init__(self) -> None:
        self.messages: list[DeliveredMessage] = []

    async def take(self, message: DeliveredMessage) -> None:
        self.messages.append(message)

    async def wait_for(self, count: int) -> list[DeliveredMessage]:
        await until(lambda: len(self.messages) >= count, f"{count} messages, {len(self.messages)} being there")
        return self.messages


async def waited_for(channel: AbstractChannel, queue: str) -> DeliveredMessage:
    """The next message of the queue, waiting for it."""
    inbox = Inbox()
    consuming = await channel.basic_consume(queue, inbox.take, no_ack=True)
    (message,) = await inbox.wait_for(1)
    await channel.basic_cancel(consuming.consumer_tag)
    return message


async def until(condition: Callable[[], object], what: str) -> None:
    """Return once the condition holds."""
    try:
        async with asyncio.timeout(_PATIENCE_S):
            while not condition():  # noqa: ASYNC110 - what is waited for comes from the client's callbacks
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"waited in vain for {what}") from None
