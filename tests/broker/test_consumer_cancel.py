"""Consumers: how they begin and end, by the client's wish or because their queue went."""

import re

import pytest

from tests.conversation import CAPABILITIES, Basic, Broker, Queue


def test_consume_ok_comes_before_the_first_delivery(client):
    client.publish(1, b"x")
    client.send(1, Basic.Consume(queue="q", consumer_tag="c"))
    client.expect(Basic.ConsumeOk)
    assert client.bodies() == [b"x"]


def test_the_broker_makes_a_tag_where_none_was_given(client):
    first, second = client.consume(tag=""), client.consume(tag="")
    assert re.fullmatch(r"amq\.ctag-[A-Za-z0-9_-]{22}", first.consumer_tag)
    assert first.consumer_tag != second.consumer_tag


def test_without_a_reply_it_consumes_all_the_same(client):
    client.send(1, Basic.Consume(queue="q", consumer_tag="c", nowait=True))
    client.expect_nothing()
    client.publish(1, b"x")
    assert client.bodies() == [b"x"]


def test_an_empty_name_is_the_queue_declared_last(client):
    client.declare("r")
    client.consume("", no_ack=True)
    client.publish(1, b"x", key="r")
    assert client.bodies() == [b"x"]


def test_no_delivery_comes_after_cancel_ok(client):
    client.consume(no_ack=True)
    client.call(1, Basic.Cancel("c"), Basic.CancelOk)
    client.publish(1, b"x")
    client.expect_nothing()
    assert client.drain() == [b"x"]


def test_a_cancel_in_the_turn_of_a_publish_is_obeyed_from_then_on(client):
    client.consume(no_ack=True)
    client.send(1, client.publish_bytes(1, b"x"), Basic.Cancel("c"), client.publish_bytes(1, b"y"))
    assert client.expect(Basic.Deliver).body == b"x"
    client.expect(Basic.CancelOk)
    client.expect_nothing()
    assert client.drain() == [b"y"]


def test_a_tag_nobody_has_is_cancelled_too(client):
    client.call(1, Basic.Cancel("nobody"), Basic.CancelOk)


def test_cancel_without_a_reply(client):
    client.consume()
    client.send(1, Basic.Cancel("c", nowait=True))
    client.publish(1, b"x")
    client.expect_nothing()


def test_what_a_cancelled_consumer_had_stays_out_until_it_is_settled(client):
    client.publish(1, b"a", b"b")
    client.consume()
    client.frames()
    client.call(1, Basic.Cancel("c"), Basic.CancelOk)
    assert client.count() == 0
    client.ack(1, 1)
    client.send(1, Basic.Nack(2, requeue=True))
    assert client.drain() == [b"b"]


def test_a_cancelled_tag_may_be_used_again(client):
    client.consume()
    client.call(1, Basic.Cancel("c"), Basic.CancelOk)
    client.consume(no_ack=True)
    client.publish(1, b"x")
    assert client.bodies() == [b"x"]


def test_the_same_tag_on_two_channels_is_two_consumers(client):
    client.open_channel(2)
    client.consume()
    client.consume(channel=2)
    client.call(1, Basic.Cancel("c"), Basic.CancelOk)
    client.publish(1, b"x")
    (got,) = client.deliveries()
    assert got.channel == 2


def test_consumers_are_told_when_their_queue_is_deleted(broker, client):
    other = broker.connect(1)
    other.consume(tag="theirs")
    client.consume(tag="mine")
    client.send(1, Queue.Delete(queue="q"))
    assert {got.name for got in client.frames()} == {"Basic.Cancel", "Queue.DeleteOk"}
    other.expect(Basic.Cancel, 1, consumer_tag="theirs", nowait=True)
    client.publish(1, b"x")
    client.expect_nothing()


def test_a_client_that_cannot_take_it_is_not_told(broker, client):
    other = broker.connect(1, capabilities={**CAPABILITIES, "consumer_cancel_notify": False})
    other.consume()
    client.call(1, Queue.Delete(queue="q"), Queue.DeleteOk)
    other.expect_nothing()
    client.declare()
    other.consume(no_ack=True)
    client.publish(1, b"x")
    assert other.bodies() == [b"x"]


def test_what_was_out_when_the_queue_went_may_still_be_settled(client):
    client.publish(1, b"a", b"b", b"c")
    client.consume()
    client.frames()
    client.send(1, Queue.Delete(queue="q"))
    client.frames()
    client.send(1, Basic.Ack(1), Basic.Nack(2, requeue=True), Basic.Reject(3, requeue=True))
    client.expect_nothing()
    assert client.broker.node.gauge.bytes == pytest.approx(0, abs=1e-6)


def test_other_consumers_of_the_channel_go_on(client):
    client.declare("r")
    client.consume("q", tag="q")
    client.consume("r", tag="r", no_ack=True)
    client.send(1, Queue.Delete(queue="q"))
    client.frames()
    client.publish(1, b"x", key="r")
    assert client.bodies() == [b"x"]


def test_unknown_arguments_are_taken(client):
    client.consume(arguments={"x-something": 1, "nested": {"a": [1, None]}})


@pytest.mark.parametrize("count", [1, 50])
def test_deliveries_carry_where_they_were_published_to(client, count):
    client.call(1, Queue.Bind(queue="q", exchange="amq.topic", routing_key="#"), Queue.BindOk)
    client.consume(no_ack=True)
    for number in range(count):
        client.publish(1, b"", exchange="amq.topic", key=f"a.{number}")
    client.publish(1, b"")
    *topical, default = client.deliveries()
    assert [(got.exchange, got.routing_key) for got in topical] == [("amq.topic", f"a.{n}") for n in range(count)]
    assert (default.exchange, default.routing_key) == ("", "q")
    assert [got.delivery_tag for got in [*topical, default]] == list(range(1, count + 2))


def test_a_channel_has_no_more_consumers_than_it_may():
    client = Broker(consumer_max_per_channel=2).connect(1, 2)
    client.declare()
    client.consume(tag="a")
    client.consume(tag="b")
    # Of replies there is one at most, which does not count; on a full channel it is refused, too.
    client.consume("amq.rabbitmq.reply-to", channel=2, tag="r", no_ack=True)
    client.consume(channel=2, tag="c")
    client.consume(channel=2, tag="d")
    client.call(1, Basic.Cancel("a"), Basic.CancelOk)
    client.consume(tag="e")
    client.send(1, Basic.Consume(queue="missing", consumer_tag="f"))
    client.expect_closed(530, "NOT_ALLOWED - reached maximum (2) of consumers per channel", Basic.Consume)


def test_a_tag_in_use_is_told_of_before_there_are_too_many():
    client = Broker(consumer_max_per_channel=1).connect(1)
    client.declare()
    client.consume(tag="a")
    client.send(1, Basic.Consume(queue="q", consumer_tag="a"))
    client.expect_closed(530, "NOT_ALLOWED - attempt to reuse consumer tag 'a'", Basic.Consume)
