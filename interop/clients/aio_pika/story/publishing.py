"""What a publisher sends, and what it is told."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from aio_pika import DeliveryMode, Message, exceptions

from interop.clients.aio_pika.story.doors import a_channel, drained, message, publish, two_channels, waited_for
from interop.clients.story.telling import saw, saw_error

_PROPERTIES = {
    "content_type": "application/json",
    "content_encoding": "utf-8",
    "delivery_mode": DeliveryMode.PERSISTENT,
    "priority": 5,
    "correlation_id": "correlation",
    "reply_to": "story.replies",
    "expiration": 60.0,
    "message_id": "message",
    "timestamp": datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC),
    "type": "event",
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
        queue = await channel.declare_queue("story.properties", exclusive=True)
        await publish(channel, "story.properties", "{}", headers=_HEADERS, **_PROPERTIES)
        found = await waited_for(queue)
        assert found.body == b"{}"
        assert {name: getattr(found, name) for name in _PROPERTIES} == _PROPERTIES
        assert found.headers == _HEADERS


async def empty_and_large(url: str) -> None:
    large = bytes(range(256)) * 4096
    async with a_channel(url) as channel:
        queue = await channel.declare_queue("story.sizes", exclusive=True)
        for body in (b"", large):
            await channel.default_exchange.publish(Message(body), "story.sizes")
            assert (await waited_for(queue)).body == body


async def confirms(url: str) -> None:
    async with a_channel(url) as channel:
        queue = await channel.declare_queue("story.confirms", exclusive=True)
        publishes = (channel.default_exchange.publish(message(str(number)), queue.name) for number in range(100))
        confirmed = await asyncio.gather(*publishes)
        assert {type(one).__name__ for one in confirmed} == {"Ack"}
        assert await drained(queue) == [str(number) for number in range(100)]


async def returns(url: str) -> None:
    async with a_channel(url, on_return_raises=True) as channel:
        with pytest.raises(exceptions.PublishError) as problem:
            await channel.default_exchange.publish(message("lost"), "story.nowhere", mandatory=True)
        returned = problem.value.message.delivery
        assert (returned.reply_code, returned.reply_text) == (312, "NO_ROUTE")
        saw_error(problem.value)
    async with a_channel(url) as channel:
        came: list = []
        channel.return_callbacks.add(lambda channel, one: came.append(one))
        await channel.default_exchange.publish(message("lost"), "story.nowhere", mandatory=True)
        (one,) = came
        assert (one.body, one.routing_key) == (b"lost", "story.nowhere")
        saw(one.routing_key, one.body)


async def max_length(url: str) -> None:
    async with a_channel(url) as channel:
        head = await channel.declare_queue("story.head", exclusive=True, arguments={"x-max-length": 2})
        await publish(channel, "story.head", "1", "2", "3")
        assert await drained(head) == ["2", "3"]
        arguments = {"x-max-length": 1, "x-overflow": "reject-publish"}
        tail = await channel.declare_queue("story.tail", exclusive=True, arguments=arguments)
        await publish(channel, "story.tail", "1")
        with pytest.raises(exceptions.DeliveryError) as problem:
            await publish(channel, "story.tail", "2")
        saw_error(problem.value)
        assert await drained(tail) == ["1"]


async def transactions(url: str) -> None:
    async with two_channels(url, publisher_confirms=False) as (channel, second):
        queue = await channel.declare_queue("story.transactions", exclusive=True)
        outside = await second.get_queue("story.transactions")
        transaction = channel.transaction()
        await transaction.select()
        await publish(channel, queue.name, "undone")
        await transaction.rollback()
        async with channel.transaction():
            await publish(channel, queue.name, "done")
            assert await drained(outside) == []
        assert await drained(outside) == ["done"]


async def rpc(url: str) -> None:
    async with a_channel(url) as server, a_channel(url) as client:
        questions = await server.declare_queue("story.rpc", exclusive=True)

        async def answer(asked: object) -> None:
            assert asked.reply_to.startswith("amq.rabbitmq.reply-to.")
            text = str(int(asked.body) ** 2)
            answered = message(text, correlation_id=asked.correlation_id)
            await server.default_exchange.publish(answered, asked.reply_to)

        await questions.consume(answer, no_ack=True)
        replied: asyncio.Future = asyncio.get_running_loop().create_future()
        replies = await client.get_queue("amq.rabbitmq.reply-to", ensure=False)
        await replies.consume(replied.set_result, no_ack=True)
        await publish(client, "story.rpc", "7", reply_to="amq.rabbitmq.reply-to", correlation_id="question")
        reply = await replied
        assert (reply.correlation_id, reply.body) == ("question", b"49")
