"""What a publisher sends, and what it is told."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from aiormq import exceptions
from aiormq.abc import DeliveredMessage
from pamqp.commands import Basic

from interop.clients.aiormq.story.doors import Inbox, a_channel, a_connection, drained, publish, waited_for
from interop.clients.story.telling import saw, saw_error

_PROPERTIES = {
    "content_type": "application/json",
    "content_encoding": "utf-8",
    "delivery_mode": 2,
    "priority": 5,
    "correlation_id": "correlation",
    "reply_to": "story.replies",
    "expiration": "60000",
    "message_id": "message",
    "timestamp": datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC),
    "message_type": "event",
    "user_id": "guest",
    "app_id": "story",
}
_HEADERS = {
    "str": "grüße",
    "int": 42,
    "long": 1 << 40,
    "negative": -7,
    "bool": True,
    "float": 1.5,
    "decimal": Decimal("2.25"),
    "bytes": bytearray(b"\x00\xff"),
    "list": ["a", 1, True],
    "table": {"inner": {"deep": "down"}},
    "timestamp": datetime(2024, 2, 29, 12, 0, 0, tzinfo=UTC),
    "nothing": None,
}


async def properties(url: str) -> None:
    async with a_channel(url) as channel:
        await channel.queue_declare("story.properties", exclusive=True)
        await publish(channel, "story.properties", "{}", headers=_HEADERS, **_PROPERTIES)
        found = await waited_for(channel, "story.properties")
        assert found.body == b"{}"
        assert {name: getattr(found.header.properties, name) for name in _PROPERTIES} == _PROPERTIES
        assert found.header.properties.headers == _HEADERS


async def empty_and_large(url: str) -> None:
    large = bytes(range(256)) * 4096
    async with a_channel(url) as channel:
        await channel.queue_declare("story.sizes", exclusive=True)
        for body in (b"", large):
            await channel.basic_publish(body, routing_key="story.sizes")
            assert (await waited_for(channel, "story.sizes")).body == body


async def confirms(url: str) -> None:
    async with a_channel(url) as channel:
        await channel.queue_declare("story.confirms", exclusive=True)
        publishes = (channel.basic_publish(str(number).encode(), routing_key="story.confirms") for number in range(100))
        confirmed = await asyncio.gather(*publishes)
        assert all(isinstance(one, Basic.Ack) for one in confirmed)
        assert await drained(channel, "story.confirms") == [str(number) for number in range(100)]


async def returns(url: str) -> None:
    async with a_connection(url) as connection:
        channel = await connection.channel(on_return_raises=True)
        with pytest.raises(exceptions.PublishError) as problem:
            await channel.basic_publish(b"lost", routing_key="story.nowhere", mandatory=True)
        saw(repr(problem.value).replace(repr(problem.value.message), "MESSAGE"))
        returned = problem.value.message.delivery
        saw(returned.reply_code, returned.reply_text, returned.routing_key)
        assert (returned.reply_code, returned.reply_text) == (312, "NO_ROUTE")
        second = await connection.channel(on_return_raises=False)
        came: list[DeliveredMessage] = []
        second.on_return_callbacks.add(came.append)
        given = await second.basic_publish(b"lost", routing_key="story.nowhere", mandatory=True)
        assert came == [given]
        assert given.body == b"lost"


async def max_length(url: str) -> None:
    async with a_channel(url) as channel:
        await channel.queue_declare("story.head", exclusive=True, arguments={"x-max-length": 2})
        await publish(channel, "story.head", "1", "2", "3")
        assert await drained(channel, "story.head") == ["2", "3"]
        arguments = {"x-max-length": 1, "x-overflow": "reject-publish"}
        await channel.queue_declare("story.tail", exclusive=True, arguments=arguments)
        await publish(channel, "story.tail", "1")
        with pytest.raises(exceptions.DeliveryError) as problem:
            await publish(channel, "story.tail", "2")
        saw_error(problem.value)
        assert await drained(channel, "story.tail") == ["1"]


async def transactions(url: str) -> None:
    async with a_connection(url) as connection:
        channel, outside = await connection.channel(publisher_confirms=False), await connection.channel()
        await channel.queue_declare("story.transactions", exclusive=True)
        await channel.tx_select()
        await publish(channel, "story.transactions", "undone")
        await channel.tx_rollback()
        await publish(channel, "story.transactions", "done")
        assert await drained(outside, "story.transactions") == []
        await channel.tx_commit()
        assert await drained(outside, "story.transactions") == ["done"]


async def rpc(url: str) -> None:
    async with a_channel(url) as server, a_channel(url) as client:
        await server.queue_declare("story.rpc", exclusive=True)

        async def answer(asked: DeliveredMessage) -> None:
            properties = asked.header.properties
            assert properties.reply_to.startswith("amq.rabbitmq.reply-to.")
            text = str(int(asked.body) ** 2)
            await publish(server, properties.reply_to, text, correlation_id=properties.correlation_id)

        await server.basic_consume("story.rpc", answer, no_ack=True)
        inbox = Inbox()
        await client.basic_consume("amq.rabbitmq.reply-to", inbox.take, no_ack=True)
        await publish(client, "story.rpc", "7", reply_to="amq.rabbitmq.reply-to", correlation_id="question")
        (reply,) = await inbox.wait_for(1)
        assert (reply.header.properties.correlation_id, reply.body) == ("question", b"49")
