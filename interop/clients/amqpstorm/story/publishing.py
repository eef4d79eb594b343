"""What a publisher sends, and what it is told."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from amqpstorm import AMQPMessageError

from interop.clients.amqpstorm.story.doors import a_channel, drained, next_messages, publish, two_channels, waited_for
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


def properties(url: str) -> None:
    with a_channel(url) as channel:
        channel.queue.declare("story.properties", exclusive=True)
        publish(channel, "story.properties", "{}", headers=_HEADERS, **_PROPERTIES)
        found = waited_for(channel, "story.properties")
        assert found.body == "{}"
        assert {name: getattr(found, name) for name in _PROPERTIES} == _PROPERTIES
        assert found.properties["headers"] == _HEADERS


def empty_and_large(url: str) -> None:
    large = bytes(range(256)) * 4096
    with a_channel(url) as channel:
        channel.queue.declare("story.sizes", exclusive=True)
        for body in (b"", large):
            channel.basic.publish(body, "story.sizes")
            assert channel.basic.get("story.sizes", no_ack=True, auto_decode=False).body == body


def confirms(url: str) -> None:
    with a_channel(url) as channel:
        channel.queue.declare("story.confirms", exclusive=True)
        channel.confirm_deliveries()
        # Each publish waits for its confirm and gives whether it is a positive one.
        assert all(channel.basic.publish(str(number), "story.confirms") is True for number in range(100))
        assert channel.queue.declare("story.confirms", passive=True)["message_count"] == 100


def returns(url: str) -> None:
    with two_channels(url) as (channel, second):
        channel.confirm_deliveries()
        with pytest.raises(AMQPMessageError) as problem:
            channel.basic.publish("lost", "story.nowhere", mandatory=True)
        assert problem.value.error_code == 312
        assert problem.value.error_type == "NO-ROUTE"
        saw_error(problem.value)
        # Without confirms the next look at the channel raises it.
        second.basic.publish("lost", "story.nowhere", mandatory=True)
        with pytest.raises(AMQPMessageError) as problem:
            next_messages(second, 1)
        saw_error(problem.value)


def max_length(url: str) -> None:
    with a_channel(url) as channel:
        channel.queue.declare("story.head", exclusive=True, arguments={"x-max-length": 2})
        publish(channel, "story.head", "1", "2", "3")
        assert drained(channel, "story.head") == ["2", "3"]
        arguments = {"x-max-length": 1, "x-overflow": "reject-publish"}
        channel.queue.declare("story.tail", exclusive=True, arguments=arguments)
        channel.confirm_deliveries()
        given = [channel.basic.publish(body, "story.tail") for body in ("1", "2")]
        assert given == [True, False]
        saw(given)
        assert drained(channel, "story.tail") == ["1"]


def transactions(url: str) -> None:
    with two_channels(url) as (channel, outside):
        channel.queue.declare("story.transactions", exclusive=True)
        channel.tx.select()
        publish(channel, "story.transactions", "undone")
        channel.tx.rollback()
        with channel.tx:
            publish(channel, "story.transactions", "done")
            assert drained(outside, "story.transactions") == []
        assert drained(outside, "story.transactions") == ["done"]


def rpc(url: str) -> None:
    with a_channel(url) as server, a_channel(url) as client:
        server.queue.declare("story.rpc", exclusive=True)
        client.basic.consume(queue="amq.rabbitmq.reply-to", no_ack=True)
        publish(client, "story.rpc", "7", reply_to="amq.rabbitmq.reply-to", correlation_id="question")
        asked = waited_for(server, "story.rpc")
        assert asked.reply_to.startswith("amq.rabbitmq.reply-to.")
        publish(server, asked.reply_to, str(int(asked.body) ** 2), correlation_id=asked.correlation_id)
        (reply,) = next_messages(client, 1)
        assert (reply.correlation_id, reply.body) == ("question", "49")
