"""Consumer priorities: the higher ones take all they have room for, the lower ones get the rest."""

import pytest

from tests.conversation import Basic, Broker


@pytest.fixture
def client():
    client = Broker().connect(1, 2)
    client.declare()
    return client


def tags(client):
    return [got.consumer_tag for got in client.deliveries()]


def test_the_higher_one_takes_all_while_it_has_room(client):
    client.consume(tag="low", prefetch=2)
    client.consume(tag="high", prefetch=3, arguments={"x-priority": 5})
    client.publish(1, *(b"%d" % number for number in range(8)))
    assert tags(client) == ["high"] * 3 + ["low"] * 2
    client.ack(1, 1)
    assert tags(client) == ["high"]


def test_no_priority_is_zero_and_there_are_lower_ones(client):
    client.consume(tag="below", prefetch=1, arguments={"x-priority": -1})
    client.consume(tag="usual", prefetch=1)
    client.publish(1, b"1", b"2")
    assert tags(client) == ["usual", "below"]


def test_those_of_one_priority_take_turns(client):
    for tag in ("a", "b"):
        client.consume(tag=tag, no_ack=True, arguments={"x-priority": 1})
    client.consume(tag="never", no_ack=True)
    client.publish(1, b"1", b"2", b"3")
    client.publish(1, b"4")
    assert sorted(tags(client)) == ["a", "a", "b", "b"]


def test_when_the_higher_one_leaves_the_lower_ones_go_on(client):
    client.consume(tag="low", no_ack=True)
    client.consume(tag="high", no_ack=True, arguments={"x-priority": 1})
    client.call(1, Basic.Cancel("high"), Basic.CancelOk)
    client.publish(1, b"1")
    assert tags(client) == ["low"]
