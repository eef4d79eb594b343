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


def published(client, *messages):
    for body, priority in messages:
        client.publish(1, body, priority=priority)


@pytest.mark.parametrize("consumed", [False, True])
def test_two_urgent_ones_for_each_other(client, consumed):
    """The third turn is whose has waited longest. Seen in RabbitMQ 4.0."""
    client.declare(durable=True, arguments=QUORUM)
    published(client, *[(b"n%d" % i, 4) for i in range(3)], *[(b"u%d" % i, 5) for i in range(5)], (b"n3", None))
    expected = [b"u0", b"u1", b"n0", b"u2", b"u3", b"n1", b"u4", b"n2", b"n3"]
    if consumed:
        client.consume(no_ack=True)
        assert client.bodies() == expected
    else:
        assert client.drain() == expected


def test_urgent_ones_that_came_first_need_not_wait(client):
    client.declare(durable=True, arguments=QUORUM)
    published(client, *[(b"u%d" % i, 9) for i in range(4)], (b"n", 0))
    assert client.drain() == [b"u0", b"u1", b"u2", b"u3", b"n"]


def test_in_4_3_there_are_32_priorities():
    client = Broker(profile="4.3").connect(1)
    client.declare(durable=True, arguments=QUORUM)
    published(client, (b"a", 0), (b"b", 31), (b"c", None), (b"d", 5), (b"e", 200))
    assert client.drain() == [b"b", b"e", b"d", b"c", b"a"]


def test_in_3_13_there_are_none():
    client = Broker(profile="3.13").connect(1)
    client.declare(durable=True, arguments=QUORUM)
    published(client, (b"a", 0), (b"b", 9))
    assert client.drain() == [b"a", b"b"]


def test_what_ends_its_consumers_again_and_again_is_a_dead_letter(broker, client):
    client.declare("dead")
    client.declare(
        durable=True,
        arguments={**QUORUM, "x-delivery-limit": 1, "x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead"},
    )
    client.publish(1, b"poison")
    for count in (None, 1):
        victim = broker.connect(1)
        victim.consume()
        (got,) = victim.deliveries()
        assert counts(got) == count
        victim.die()
    assert client.count() == 0
    assert client.get("dead").properties.headers["x-death"][0]["reason"] == "delivery_limit"


def test_a_prefetch_for_the_channel_is_refused(client):
    client.declare(durable=True, arguments=QUORUM)
    client.call(1, Basic.Qos(prefetch_count=3, global_=True), Basic.QosOk)
    client.send(1, Basic.Consume(queue="q", consumer_tag="c"))
    text = "NOT_IMPLEMENTED - queue 'q' in vhost '/' does not support global qos"
    client.expect_closed(540, text, Basic.Consume)
