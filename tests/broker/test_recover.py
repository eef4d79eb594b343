"""basic.recover: everything this channel holds goes back to its queues."""

import pytest

from tests.conversation import Basic, Broker


@pytest.fixture
def client():
    client = Broker().connect(1, 2)
    client.declare()
    client.publish(1, b"a", b"b", b"c")
    return client


def test_all_that_is_out_comes_again_under_new_tags(client):
    client.consume()
    assert client.bodies() == [b"a", b"b", b"c"]
    client.ack(1, 2)
    client.call(1, Basic.Recover(requeue=True), Basic.RecoverOk)
    again = client.deliveries()
    assert [(got.body, got.delivery_tag, got.redelivered) for got in again] == [(b"a", 4, True), (b"c", 5, True)]


def test_the_old_tags_are_void(client):
    client.consume()
    client.frames()
    client.call(1, Basic.Recover(requeue=True), Basic.RecoverOk)
    client.ack(1, 1)
    client.frames()
    assert client.session.connection._multiplexer.channels[1].state.name == "CLOSING"


def test_without_a_consumer_it_goes_back_to_the_queue(client):
    assert client.get(no_ack=False).body == b"a"
    client.call(1, Basic.Recover(requeue=True), Basic.RecoverOk)
    assert client.drain() == [b"a", b"b", b"c"]


def test_it_may_go_to_others(client):
    other = client.broker.connect(1)
    client.consume(prefetch=3)
    client.frames()
    other.consume(no_ack=True)
    client.send(1, Basic.Cancel("c"), Basic.Recover(requeue=True))
    assert other.bodies() == [b"a", b"b", b"c"]


def test_other_channels_keep_what_they_hold(client):
    client.consume(prefetch=1)
    client.consume(channel=2, prefetch=1)
    held = dict(client.session.channels[2].unsettled.by_tag)
    client.send(1, Basic.Recover(requeue=True))
    assert client.session.channels[2].unsettled.by_tag == held


def test_with_nothing_out_it_is_answered(client):
    client.call(2, Basic.Recover(requeue=True), Basic.RecoverOk)


def test_async_is_not_answered_and_does_the_same(client):
    client.get(no_ack=False)
    with pytest.warns(DeprecationWarning, match="deprecated"):
        method = Basic.RecoverAsync(requeue=True)
    client.send(1, method)
    client.expect_nothing()
    assert client.drain() == [b"a", b"b", b"c"]


def test_prefetch_counts_anew(client):
    client.consume(prefetch=2)
    assert client.bodies() == [b"a", b"b"]
    client.call(1, Basic.Recover(requeue=True), Basic.RecoverOk)
    assert client.bodies() == [b"a", b"b"]
    client.ack(1, 3)
    assert client.bodies() == [b"c"]
