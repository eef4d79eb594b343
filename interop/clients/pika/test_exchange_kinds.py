"""The four kinds of exchange through pika, and exchanges bound to exchanges."""

import pika
import pytest


@pytest.fixture
def receive(channel):
    """The bodies that wait in a queue."""

    def take(queue):
        found = []
        while (got := channel.basic_get(queue, auto_ack=True))[0] is not None:
            found.append(got[2])
        return found

    return take


@pytest.mark.parametrize(
    ("kind", "key", "arguments", "expected"),
    [
        ("direct", "hare.brown", {}, [b"brown hare"]),
        ("fanout", "ignored", {}, [b"brown hare", b"white hare", b"fox"]),
        ("topic", "hare.*", {}, [b"brown hare", b"white hare"]),
        ("topic", "#", {}, [b"brown hare", b"white hare", b"fox"]),
        ("headers", "", {"x-match": "all", "legs": 4, "fur": "brown"}, [b"brown hare"]),
        ("headers", "", {"x-match": "any", "fur": "white", "tail": "long"}, [b"white hare", b"fox"]),
    ],
)
def test_each_kind_routes_its_way(channel, receive, unique, kind, key, arguments, expected):
    channel.exchange_declare(unique("x"), kind, auto_delete=True)
    queue = channel.queue_declare("", exclusive=True).method.queue
    channel.queue_bind(queue, unique("x"), key, arguments)
    for body, its_key, headers in [
        (b"brown hare", "hare.brown", {"legs": 4, "fur": "brown"}),
        (b"white hare", "hare.white", {"legs": 4, "fur": "white"}),
        (b"fox", "fox", {"tail": "long"}),
    ]:
        channel.basic_publish(unique("x"), its_key, body, pika.BasicProperties(headers=headers))
    assert receive(queue) == expected


def test_messages_pass_from_exchange_to_exchange_and_arrive_once(channel, receive, unique):
    """Two exchanges bound in a circle: each message goes round once."""
    channel.exchange_declare(unique("a"), "fanout", auto_delete=True)
    channel.exchange_declare(unique("b"), "fanout", auto_delete=True)
    channel.exchange_bind(unique("b"), unique("a"))
    channel.exchange_bind(unique("a"), unique("b"))
    queue = channel.queue_declare("", exclusive=True).method.queue
    for exchange in (unique("a"), unique("b")):
        channel.queue_bind(queue, exchange)
    channel.basic_publish(unique("a"), "", b"x")
    assert receive(queue) == [b"x"]
    channel.exchange_unbind(unique("b"), unique("a"))
    channel.exchange_unbind(unique("a"), unique("b"))
