"""What a publisher sends, and what it is told."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pika
import pytest
from pika import exceptions

from interop.clients.pika.story.doors import a_channel, drained, publish, waited_for
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
    "timestamp": 1_700_000_000,
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
    "decimal": Decimal("1.5"),  # it encodes no float
    "bytes": b"\x00\xff",
    "list": ["a", 1, True],
    "table": {"inner": {"deep": "down"}},
    "timestamp": datetime(2024, 2, 29, 12, 0, 0),  # noqa: DTZ001 - pika's are naive, in UTC
    "nothing": None,
}


def properties(url: str) -> None:
    with a_channel(url) as channel:
        channel.queue_declare("story.properties", exclusive=True)
        publish(channel, "story.properties", "{}", headers=_HEADERS, **_PROPERTIES)
        _, found, body = waited_for(channel, "story.properties")
        assert body == b"{}"
        assert {name: getattr(found, name) for name in _PROPERTIES} == _PROPERTIES
        given = found.headers.pop("timestamp")
        assert given.replace(tzinfo=UTC) == datetime(2024, 2, 29, 12, 0, 0, tzinfo=UTC)
        assert found.headers == {name: value for name, value in _HEADERS.items() if name != "timestamp"}


def empty_and_large(url: str) -> None:
    large = bytes(range(256)) * 4096
    with a_channel(url) as channel:
        channel.queue_declare("story.sizes", exclusive=True)
        for body in (b"", large):
            channel.basic_publish("", "story.sizes", body)
            assert waited_for(channel, "story.sizes")[2] == body


def confirms(url: str) -> None:
    with a_channel(url) as channel:
        channel.queue_declare("story.confirms", exclusive=True)
        channel.confirm_delivery()
        # A BlockingChannel waits for each one's confirm, and raises NackError or UnroutableError.
        publish(channel, "story.confirms", *map(str, range(100)))
        assert channel.queue_declare("story.confirms", passive=True).method.message_count == 100


def returns(url: str) -> None:
    with a_channel(url) as channel:
        channel.confirm_delivery()
        with pytest.raises(exceptions.UnroutableError) as problem:
            channel.basic_publish("", "story.nowhere", b"lost", mandatory=True)
        (returned,) = problem.value.messages
        assert returned.method.reply_code == 312
        assert returned.method.reply_text == "NO_ROUTE"
        assert returned.body == b"lost"
        saw_error(problem.value)
    with a_channel(url) as channel:
        came: list[tuple[int, str, str, bytes]] = []
        channel.add_on_return_callback(
            lambda channel, method, properties, body: came.append(
                (method.reply_code, method.reply_text, method.routing_key, body)
            )
        )
        channel.basic_publish("", "story.nowhere", b"lost", mandatory=True)
        while not came:
            channel.connection.process_data_events(time_limit=1)
        assert came == [(312, "NO_ROUTE", "story.nowhere", b"lost")]
        saw(*came[0])


def max_length(url: str) -> None:
    with a_channel(url) as channel:
        channel.queue_declare("story.head", exclusive=True, arguments={"x-max-length": 2})
        publish(channel, "story.head", "1", "2", "3")
        assert drained(channel, "story.head") == ["2", "3"]
        arguments = {"x-max-length": 1, "x-overflow": "reject-publish"}
        channel.queue_declare("story.tail", exclusive=True, arguments=arguments)
        channel.confirm_delivery()
        publish(channel, "story.tail", "1")
        with pytest.raises(exceptions.NackError) as problem:
            publish(channel, "story.tail", "2")
        saw_error(problem.value)
        assert drained(channel, "story.tail") == ["1"]


def transactions(url: str) -> None:
    with a_channel(url) as channel:
        channel.queue_declare("story.transactions", exclusive=True)
        channel.tx_select()
        publish(channel, "story.transactions", "undone")
        channel.tx_rollback()
        publish(channel, "story.transactions", "done")
        assert drained(channel, "story.transactions") == []
        channel.tx_commit()
        assert drained(channel, "story.transactions") == ["done"]
        channel.tx_commit()


def rpc(url: str) -> None:
    with a_channel(url) as server, a_channel(url) as client:
        server.queue_declare("story.rpc", exclusive=True)
        replies: list[tuple[str, bytes]] = []
        client.basic_consume(
            "amq.rabbitmq.reply-to",
            lambda channel, method, properties, body: replies.append((properties.correlation_id, body)),
            auto_ack=True,
        )
        publish(client, "story.rpc", "7", reply_to="amq.rabbitmq.reply-to", correlation_id="question")
        _, asked, body = waited_for(server, "story.rpc")
        assert asked.reply_to.startswith("amq.rabbitmq.reply-to.")
        answer = pika.BasicProperties(correlation_id=asked.correlation_id)
        server.basic_publish("", asked.reply_to, str(int(body) ** 2).encode(), answer)
        while not replies:
            client.connection.process_data_events(time_limit=1)
        assert replies == [("question", b"49")]
