"""Quorum queues, as one node serves them."""

import pytest
from pamqp.commands import Basic

from tests.conversation import Broker

QUORUM = {"x-queue-type": "quorum"}


@pytest.fixture
def broker():
    return Broker()


@pytest.fixture
def client(broker):
    return broker.connect(1)


def counts(got):
    return (got.properties.headers or {}).get("x-delivery-count")


def test_what_comes_back_is_counted_and_told(client):
    client.declare(durable=True, arguments=QUORUM)
    client.publish(1, b"a", headers={"mine": 1})
    for count in (None, 1, 2):
        got = client.get(no_ack=False)
        assert counts(got) == count
        assert got.properties.headers["mine"] == 1
        assert got.redelivered is (count is not None)
        client.send(1, Basic.Reject(got.delivery_tag, requeue=True))


def test_beyond_the_limit_it_is_a_dead_letter(client):
    client.declare("dead")
    client.declare(
        durable=True,
        arguments={**QUORUM, "x-delivery-limit": 1, "x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead"},
    )
    client.publish(1, b"a")
    for _ in range(2):
        client.send(1, Basic.Reject(client.get(no_ack=False).delivery_tag, requeue=True))
    assert client.count() == 0
    letter = client.get("dead")
    assert letter.properties.headers["x-death"][0]["reason"] == "delivery_limit"
    assert "x-delivery-count" not in letter.properties.headers


def test_what_comes_back_goes_ahead_in_the_order_it_came(client):
    client.declare(durable=True, arguments=QUORUM)
    client.publish(1, b"a", b"b", b"c", b"d")
    client.consume(prefetch=3)
    tags = [got.delivery_tag for got in client.deliveries()]
    client.call(1, Basic.Cancel("c"), Basic.CancelOk)
    for tag in (tags[2], tags[0], tags[1]):
        client.send(1, Basic.Reject(tag, requeue=True))
    assert client.drain() == [b"c", b"a", b"b", b"d"]


def test_at_least_once_a_letter_waits_until_there_is_a_place_for_it(broker, client):
    arguments = {
        **QUORUM,
        "x-overflow": "reject-publish",
        "x-dead-letter-strategy": "at-least-once",
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": "dead",
    }
    client.declare(durable=True, arguments=arguments)
    client.publish(1, b"a")
    client.send(1, Basic.Reject(client.get(no_ack=False).delivery_tag, requeue=False))
    broker.advance(5)
    client.declare("dead")
    broker.advance(5)
    assert client.drain("dead") == [b"a"]
    assert broker.node.gauge.bytes == 0
