"""Priority queues: the urgent first, in order among themselves."""

import pytest
from pamqp.commands import Basic

from tests.conversation import Broker


@pytest.fixture
def client():
    return Broker().connect(1)


@pytest.mark.parametrize("durable", [False, True])
def test_the_urgent_go_first(client, durable):
    client.declare(durable=durable, arguments={"x-max-priority": 5})
    for body, priority in ((b"a", 1), (b"b", 5), (b"c", None), (b"d", 5), (b"e", 200)):
        client.publish(1, body, priority=priority, delivery_mode=2)
    assert client.drain() == [b"b", b"d", b"e", b"a", b"c"]


@pytest.mark.parametrize("durable", [False, True])
def test_what_comes_back_goes_to_its_old_place(client, durable):
    client.declare(durable=durable, arguments={"x-max-priority": 5})
    for body, priority in ((b"a", 1), (b"b", 1), (b"c", 2)):
        client.publish(1, body, priority=priority)
    client.consume(prefetch=2)
    got = client.deliveries()
    assert [each.body for each in got] == [b"c", b"a"]
    client.publish(1, b"d", priority=5)
    client.call(1, Basic.Cancel("c"), Basic.CancelOk)
    client.send(1, Basic.Nack(0, multiple=True, requeue=True))
    assert client.drain() == [b"d", b"c", b"a", b"b"]


def test_the_head_is_dropped_first_urgent_as_it_is(client):
    client.declare(arguments={"x-max-priority": 5, "x-max-length": 2})
    for body, priority in ((b"a", 5), (b"b", 1), (b"c", 3)):
        client.publish(1, body, priority=priority)
    assert client.drain() == [b"c", b"b"]


def test_the_least_that_can_be_asked_for_is_two(client):
    """Seen in RabbitMQ 4.0."""
    client.declare(arguments={"x-max-priority": 0})
    for body, priority in ((b"a", 0), (b"b", 5), (b"c", None), (b"d", 1)):
        client.publish(1, body, priority=priority)
    assert client.drain() == [b"b", b"d", b"a", b"c"]


def in_one_turn(client, *messages):
    client.send_bytes(b"".join(client.publish_bytes(1, body, **properties) for body, properties in messages))


def test_each_is_seen_to_before_a_more_urgent_one_overtakes_it(client):
    """Under a limit, and with an expiration that makes it a batch of its own."""
    client.declare("dead")
    client.declare(
        arguments={
            "x-max-priority": 5,
            "x-max-length": 0,
            "x-dead-letter-exchange": "",
            "x-dead-letter-routing-key": "dead",
        }
    )
    in_one_turn(client, (b"a", {"expiration": "60000"}), (b"b", {"priority": 5}), (b"c", {"priority": 1}))
    assert client.drain("dead") == [b"a", b"b", b"c"]


def test_a_waiting_consumer_gets_them_as_they_come(client):
    client.declare(arguments={"x-max-priority": 5})
    client.consume(no_ack=True)
    in_one_turn(client, (b"a", {}), (b"b", {"priority": 5}), (b"c", {"priority": 1}))
    assert client.bodies() == [b"a", b"b", b"c"]
