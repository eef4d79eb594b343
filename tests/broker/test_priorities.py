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
