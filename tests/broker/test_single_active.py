"""A queue with a single active consumer: one is served, the others wait for it to go."""

import pytest
from pamqp.commands import Basic

from tests.conversation import Broker

SINGLE = {"x-single-active-consumer": True}


@pytest.fixture
def broker():
    return Broker()


def test_only_the_first_is_served_and_the_next_takes_over(broker):
    first, second = broker.connect(1), broker.connect(1)
    first.declare(arguments=SINGLE)
    first.consume(tag="a", no_ack=True)
    second.consume(tag="b", no_ack=True)
    first.publish(1, b"1", b"2")
    assert first.bodies() == [b"1", b"2"]
    second.expect_nothing()
    first.call(1, Basic.Cancel("a"), Basic.CancelOk)
    second.publish(1, b"3")
    assert second.bodies() == [b"3"]


def test_what_a_dead_one_had_goes_to_its_successor_in_order(broker):
    first, second = broker.connect(1), broker.connect(1)
    first.declare(arguments=SINGLE)
    first.consume(tag="a", prefetch=2)
    second.consume(tag="b")
    first.publish(1, b"1", b"2", b"3")
    assert first.bodies() == [b"1", b"2"]
    first.die()
    assert second.bodies() == [b"1", b"2", b"3"]


def test_the_highest_priority_takes_over_and_does_not_wait_for_it(broker):
    client = broker.connect(1)
    client.declare(arguments=SINGLE)
    for tag, priority in (("a", 0), ("b", 0), ("c", 5)):
        client.consume(tag=tag, no_ack=True, arguments={"x-priority": priority})
    client.publish(1, b"1")
    assert client.expect(Basic.Deliver, consumer_tag="a").body == b"1"
    client.call(1, Basic.Cancel("a"), Basic.CancelOk)
    client.publish(1, b"2")
    client.expect(Basic.Deliver, consumer_tag="c")


def test_in_a_quorum_queue_a_higher_priority_takes_over_when_all_is_settled(broker):
    client = broker.connect(1)
    client.declare(durable=True, arguments={**SINGLE, "x-queue-type": "quorum"})
    client.consume(tag="a", prefetch=10)
    client.publish(1, b"1")
    tag = client.expect(Basic.Deliver, consumer_tag="a").delivery_tag
    client.consume(tag="b", arguments={"x-priority": 1})
    client.publish(1, b"2")
    client.expect_nothing()
    client.ack(1, tag)
    assert client.expect(Basic.Deliver, consumer_tag="b").body == b"2"


def test_there_is_no_exclusive_consumer_of_it(broker):
    client = broker.connect(1)
    client.declare(arguments=SINGLE)
    client.send(1, Basic.Consume(queue="q", exclusive=True))
    client.expect_channel_closed(1, 403, "ACCESS_REFUSED - queue 'q' in vhost '/' in exclusive use")


@pytest.mark.parametrize("single", [False, True])
def test_a_quorum_queue_does_not_heed_who_wants_to_be_alone(broker, single):
    client = broker.connect(1)
    client.declare(durable=True, arguments={"x-queue-type": "quorum", "x-single-active-consumer": single})
    for tag in ("a", "b"):
        client.call(1, Basic.Consume(queue="q", consumer_tag=tag, exclusive=True, no_ack=True), Basic.ConsumeOk)
    client.publish(1, b"1", b"2")
    assert [got.consumer_tag for got in client.deliveries()] == (["a", "a"] if single else ["a", "b"])


def test_in_a_quorum_queue_who_gives_back_its_last_one_yields_too(broker):
    """RabbitMQ 4.0.5 forgets to, and everybody waits."""
    client = broker.connect(1)
    client.declare(durable=True, arguments={**SINGLE, "x-queue-type": "quorum"})
    client.consume(tag="a", prefetch=1)
    client.publish(1, b"1", b"2")
    tag = client.expect(Basic.Deliver, consumer_tag="a").delivery_tag
    client.consume(tag="b", prefetch=2, arguments={"x-priority": 1})
    client.send(1, Basic.Nack(tag, requeue=True))
    assert [(got.consumer_tag, got.body) for got in client.deliveries()] == [("b", b"1"), ("b", b"2")]
