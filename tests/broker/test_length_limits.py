"""Length limits: what goes when there is too much, and who is told."""

import pytest
from pamqp.commands import Basic, Confirm, Queue

from tests.conversation import Broker
from tests.streams.faulty import FaultyFiles


@pytest.fixture
def client():
    return Broker().connect(1)


def confirmed(client):
    """What was confirmed: positively, negatively."""
    frames = client.frames()
    acks = [got.method for got in frames if isinstance(got.method, Basic.Ack)]
    nacks = [got.method.delivery_tag for got in frames if isinstance(got.method, Basic.Nack)]
    return acks, nacks


def test_the_oldest_go(client):
    client.declare(arguments={"x-max-length": 2})
    client.publish(1, b"a", b"b", b"c", b"d")
    assert client.drain() == [b"c", b"d"]


def test_only_bodies_count_as_bytes(client):
    client.declare(arguments={"x-max-length-bytes": 6})
    client.publish(1, b"aaa", headers={"x": "y" * 100})
    client.publish(1, b"bbb")
    assert client.count() == 2
    client.publish(1, b"c")
    assert client.drain() == [b"bbb", b"c"]


def test_what_is_out_does_not_count(client):
    client.declare(arguments={"x-max-length": 1})
    client.publish(1, b"a")
    client.get(no_ack=False)
    client.publish(1, b"b")
    assert client.count() == 1


def test_with_no_room_at_all_only_a_waiting_consumer_gets_anything(client):
    client.declare(arguments={"x-max-length": 0})
    client.publish(1, b"lost")
    client.consume(no_ack=True)
    client.publish(1, b"a")
    assert client.bodies() == [b"a"]


def test_what_is_refused_is_nacked(client):
    client.declare(arguments={"x-max-length": 2, "x-overflow": "reject-publish"})
    client.call(1, Confirm.Select(), Confirm.SelectOk)
    client.publish(1, b"a", b"b", b"c", b"d")
    acks, nacks = confirmed(client)
    assert nacks == [3, 4]
    assert [(ack.delivery_tag, ack.multiple) for ack in acks] == [(2, True)]
    assert client.drain() == [b"a", b"b"]


def test_a_nack_with_nothing_open_before_it_is_for_all_up_to_it(client):
    client.declare(arguments={"x-max-length": 1, "x-overflow": "reject-publish"})
    client.call(1, Confirm.Select(), Confirm.SelectOk)
    told = []
    for body in (b"a", b"b", b"c"):
        client.publish(1, body)
        told += [(got.method.name, got.method.delivery_tag, got.method.multiple) for got in client.frames()]
    # Clients show it to their users: aio-pika has it in its exception's words.
    assert told == [("Basic.Ack", 1, False), ("Basic.Nack", 2, True), ("Basic.Nack", 3, True)]


def test_a_consumer_makes_room_between_two_messages_of_one_read(client):
    client.declare(arguments={"x-max-length": 1, "x-overflow": "reject-publish"})
    client.call(1, Confirm.Select(), Confirm.SelectOk)
    client.consume(prefetch=2)
    client.publish(1, b"a", b"b", b"c", b"d")
    frames = client.frames()
    assert [got.body for got in frames if isinstance(got.method, Basic.Deliver)] == [b"a", b"b"]
    assert [got.method.delivery_tag for got in frames if isinstance(got.method, Basic.Nack)] == [4]


def test_refused_messages_may_become_dead_letters(client):
    client.declare("dead")
    arguments = {"x-max-length": 1, "x-overflow": "reject-publish-dlx"}
    client.declare(arguments={**arguments, "x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead"})
    client.call(1, Confirm.Select(), Confirm.SelectOk)
    client.publish(1, b"a", b"b")
    assert confirmed(client)[1] == [2]
    assert client.drain("dead") == [b"b"]
    assert client.drain() == [b"a"]


def test_refused_messages_that_have_nowhere_to_go():
    """In a queue whose log has messages already."""
    client = Broker(files=FaultyFiles()).connect(1)
    client.declare(durable=True, arguments={"x-max-length": 1, "x-overflow": "reject-publish-dlx"})
    client.call(1, Confirm.Select(), Confirm.SelectOk)
    client.publish(1, b"a", delivery_mode=2)
    client.publish(1, b"b", b"c", delivery_mode=2)
    acks, nacks = confirmed(client)
    assert acks
    assert nacks
    assert client.drain() == [b"a"]


def test_one_refusal_of_several_queues_is_a_nack(client):
    client.declare(arguments={"x-max-length": 0, "x-overflow": "reject-publish"})
    client.declare("other")
    for queue in ("q", "other"):
        client.call(1, Queue.Bind(queue=queue, exchange="amq.fanout", routing_key=""), Queue.BindOk)
    client.call(1, Confirm.Select(), Confirm.SelectOk)
    client.publish(1, b"a", exchange="amq.fanout")
    assert confirmed(client) == ([], [1])
    assert client.drain("other") == [b"a"]


def test_what_comes_back_over_the_limit_goes_before_consumers_get_it(client):
    client.declare("dead")
    client.declare(arguments={"x-max-length": 1, "x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead"})
    client.publish(1, b"a")
    tag = client.get(no_ack=False).delivery_tag
    client.publish(1, b"b")
    client.consume(prefetch=1)
    assert client.bodies() == [b"b"]
    client.publish(1, b"c")
    client.send(1, Basic.Reject(tag, requeue=True))
    assert client.drain("dead") == [b"a"]
