"""Methods sent together with publishes find the queues as those publishes left them, delivered where there was room."""

import pytest

from tests.conversation import Basic, Broker, Queue


@pytest.fixture
def client():
    client = Broker().connect(1)
    client.declare()
    return client


def test_a_get_behind_a_publish_comes_after_the_consumers(client):
    """Found by the Java client's exchangeAutoDeleteManyBindings: the get took what a consumer was waiting for."""
    client.consume(no_ack=True)
    client.send(1, client.publish_bytes(1, b"a"), Basic.Get(queue="q", no_ack=True))
    assert client.expect(Basic.Deliver).body == b"a"
    client.expect(Basic.GetEmpty)


def test_a_consumer_cancelled_behind_a_publish_still_gets_the_message(client):
    """Found by the Java client's consumerPriorities."""
    client.consume(tag="high", no_ack=True, arguments={"x-priority": 1})
    client.consume(tag="low", no_ack=True)
    client.send(1, client.publish_bytes(1, b"a"), Basic.Cancel("high"), client.publish_bytes(1, b"b"))
    assert client.expect(Basic.Deliver, consumer_tag="high").body == b"a"
    client.expect(Basic.CancelOk)
    assert client.expect(Basic.Deliver, consumer_tag="low").body == b"b"


def test_a_consumer_that_comes_behind_a_publish_does_not_share_in_it(client):
    client.consume(tag="first", no_ack=True)
    both = client.publish_bytes(1, b"a") + client.publish_bytes(1, b"b")
    client.send(1, both, Basic.Consume(queue="q", consumer_tag="second", no_ack=True))
    assert [client.expect(Basic.Deliver, consumer_tag="first").body for _ in "ab"] == [b"a", b"b"]
    client.expect(Basic.ConsumeOk)
    client.expect_nothing()


def test_a_purge_behind_a_publish_takes_only_what_nobody_had_room_for(client):
    client.consume(prefetch=1)
    both = client.publish_bytes(1, b"a") + client.publish_bytes(1, b"b")
    client.send(1, both, Queue.Purge(queue="q"))
    assert client.expect(Basic.Deliver).body == b"a"
    client.expect(Queue.PurgeOk, message_count=1)
