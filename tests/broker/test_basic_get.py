"""basic.get: one message, or the news that there is none."""

import pytest

from tests.conversation import Basic, Broker, Channel, Queue


@pytest.fixture
def client():
    client = Broker().connect(1)
    client.declare()
    return client


def test_none(client):
    client.call(1, Basic.Get(queue="q"), Basic.GetEmpty)


def test_one_and_how_many_are_left(client):
    client.publish(1, b"a", b"b", b"c", content_type="a/b")
    got = client.get()
    assert (got.body, got.message_count, got.delivery_tag, got.redelivered) == (b"a", 2, 1, False)
    assert (got.exchange, got.routing_key, got.properties.content_type) == ("", "q", "a/b")


def test_where_it_was_published_to(client):
    client.call(1, Queue.Bind(queue="q", exchange="amq.topic", routing_key="*.b"), Queue.BindOk)
    client.publish(1, b"x", exchange="amq.topic", key="a.b")
    got = client.get()
    assert (got.exchange, got.routing_key) == ("amq.topic", "a.b")


def test_without_ack_it_stays_out_and_is_not_given_again(client):
    client.publish(1, b"a", b"b")
    assert [client.get(no_ack=False).body, client.get(no_ack=False).body] == [b"a", b"b"]
    assert client.get() is None
    client.ack(1, 1)
    client.send(1, Basic.Reject(2, requeue=True))
    again = client.get()
    assert (again.body, again.redelivered) == (b"b", True)


def test_tags_are_shared_with_deliveries_and_count_what_needs_no_ack(client):
    client.publish(1, b"a", b"b", b"c")
    assert client.get().delivery_tag == 1
    client.consume(prefetch=1)
    (got,) = client.deliveries()
    assert got.delivery_tag == 2
    assert client.get(no_ack=False).delivery_tag == 3


def test_the_channels_end_gives_it_back(client):
    client.publish(1, b"a")
    client.get(no_ack=False)
    client.call(1, Channel.Close(200, "", 0, 0), Channel.CloseOk)
    client.open_channel(1)
    assert client.drain() == [b"a"]


def test_an_empty_name_is_the_queue_declared_last(client):
    client.publish(1, b"x")
    assert client.get("").body == b"x"
    client.declare("r")
    assert client.get("") is None
    client.declare("q", passive=True)
    assert client.get("") is None


def test_a_waiting_consumer_is_served_first(client):
    client.consume(no_ack=True)
    client.send(1, client.publish_bytes(1, b"x"), Basic.Get(queue="q"))
    kinds = [got.name for got in client.frames()]
    assert kinds == ["Basic.Deliver", "Basic.GetEmpty"]


def test_many_in_one_turn(client):
    client.publish(1, *(b"%d" % number for number in range(5)))
    client.send(1, *[Basic.Get(queue="q", no_ack=True)] * 6)
    *found, empty = client.frames()
    assert [got.body for got in found] == [b"0", b"1", b"2", b"3", b"4"]
    assert [got.message_count for got in found] == [4, 3, 2, 1, 0]
    assert empty.name == "Basic.GetEmpty"


def test_purge_takes_what_waits_and_leaves_what_is_out(client):
    client.publish(1, b"a", b"b", b"c")
    client.get(no_ack=False)
    assert client.call(1, Queue.Purge(queue="q"), Queue.PurgeOk).message_count == 2
    assert client.get() is None
    client.send(1, Basic.Nack(1, requeue=True))
    assert client.drain() == [b"a"]


def test_delete_counts_what_waits(client):
    client.publish(1, b"a", b"b", b"c")
    client.get(no_ack=False)
    assert client.call(1, Queue.Delete(queue="q"), Queue.DeleteOk).message_count == 2
    assert client.call(1, Queue.Delete(queue="q"), Queue.DeleteOk).message_count == 0
    client.ack(1, 1)
    client.expect_nothing()


def test_declare_counts_what_waits_and_who_consumes(client):
    client.publish(1, b"a", b"b", b"c")
    client.consume(prefetch=1)
    got = client.declare()
    assert (got.message_count, got.consumer_count) == (2, 1)
