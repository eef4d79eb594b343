"""What a producer sends, and what it is told."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import kombu
import pytest
from amqp import exceptions

from interop.clients.kombu.story.doors import (
    a_queue,
    connected,
    consuming,
    drained,
    send,
    until,
    waited_for,
)
from interop.clients.story.telling import saw, saw_error

_NOON = datetime(2024, 2, 29, 12, 0, 0, tzinfo=UTC)
_PROPERTIES = {
    "delivery_mode": 2,
    "priority": 5,
    "correlation_id": "correlation",
    "reply_to": "story.replies",
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
    "float": 1.5,
    "decimal": Decimal("2.25"),
    "bytes": b"\x00\xff",
    "list": ["a", 1, True],
    "table": {"inner": {"deep": "down"}},
    "nothing": None,
}


def properties(url: str) -> None:
    with connected(url) as connection:
        queue = a_queue(connection, "story.properties")
        given = {"timestamp": _NOON, **_HEADERS}
        send(
            connection, "story.properties", {"body": [1, 2]}, serializer="json", headers=given, expiration=60,
            **_PROPERTIES,
        )  # fmt: skip
        message = waited_for(connection, queue)
        assert message.payload == {"body": [1, 2]}
        assert (message.content_type, message.content_encoding) == ("application/json", "utf-8")
        assert {name: message.properties[name] for name in _PROPERTIES} == _PROPERTIES
        assert message.properties["expiration"] == "60000"
        # py-amqp's headers of time are naive, in UTC.
        assert message.headers.pop("timestamp") == _NOON.replace(tzinfo=None)
        assert message.headers == _HEADERS


def empty_and_large(url: str) -> None:
    with connected(url) as connection:
        queue = a_queue(connection, "story.sizes")
        large = bytes(range(256)) * 4096
        for body, expected in ((b"", ""), (large, large)):  # no bytes come as an empty str
            send(connection, "story.sizes", body)
            assert queue.get(no_ack=True).body == expected


def confirms(url: str) -> None:
    with connected(url, confirm_publish=True) as connection:
        queue = a_queue(connection, "story.confirms")
        # A producer waits for each one's confirm.
        send(connection, "story.confirms", *range(50))
        with connection.Producer() as producer, producer.batch():
            for number in range(50, 100):
                producer.publish(number, routing_key="story.confirms")
        assert queue.queue_declare(passive=True).message_count == 100


def returns(url: str) -> None:
    with connected(url, confirm_publish=True) as connection:
        came: list[tuple[Exception, str, str, bytes]] = []
        producer = connection.Producer(on_return=lambda problem, *rest: came.append((problem, *rest)))
        producer.publish("lost", routing_key="story.nowhere", mandatory=True)
        until(connection, lambda: came, "the return")
        ((problem, exchange, key, message),) = came
        assert (problem.reply_code, exchange, key, message.body) == (312, "", "story.nowhere", "lost")
        saw_error(problem)
        saw(problem.reply_text)


def max_length(url: str) -> None:
    with connected(url, confirm_publish=True) as connection:
        head = a_queue(connection, "story.head", max_length=2)
        send(connection, "story.head", 1, 2, 3)
        assert drained(head) == [2, 3]
        tail = a_queue(connection, "story.tail", max_length=1, queue_arguments={"x-overflow": "reject-publish"})
        send(connection, "story.tail", 1)
        with pytest.raises(exceptions.MessageNacked) as problem:
            send(connection, "story.tail", 2)
        saw_error(problem.value)
        assert drained(tail) == [1]


def transactions(url: str) -> None:
    """By the channel below, which is py-amqp's."""
    with connected(url) as connection:
        queue = a_queue(connection, "story.transactions")
        channel = connection.channel()
        channel.tx_select()
        producer = connection.Producer(channel)
        producer.publish("undone", routing_key="story.transactions")
        channel.tx_rollback()
        producer.publish("done", routing_key="story.transactions")
        assert drained(queue) == []
        channel.tx_commit()
        assert drained(queue) == ["done"]


def rpc(url: str) -> None:
    with connected(url) as server, connected(url) as client:
        questions = a_queue(server, "story.rpc")
        channel = client.channel()
        replies = []
        answers = kombu.Queue("amq.rabbitmq.reply-to", no_declare=True)
        with client.Consumer(answers, channel=channel, no_ack=True, on_message=replies.append, auto_declare=False):
            client.Producer(channel).publish(
                7, routing_key="story.rpc", reply_to="amq.rabbitmq.reply-to", correlation_id="question"
            )
            with consuming(server, questions) as (_, asked):
                until(server, lambda: asked, "the question")
                (question,) = asked
                reply_to, correlation = question.properties["reply_to"], question.properties["correlation_id"]
                assert reply_to.startswith("amq.rabbitmq.reply-to.")
                send(server, reply_to, question.payload**2, correlation_id=correlation)
                question.ack()
            until(client, lambda: replies, "the reply")
        assert [(one.payload, one.properties["correlation_id"]) for one in replies] == [(49, "question")]
