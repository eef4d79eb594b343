"""Exclusive queues: for one connection only, and no longer than it."""

import pytest

from tests.conversation import Basic, Channel, Queue

LOCKED = (
    "RESOURCE_LOCKED - cannot obtain exclusive access to locked queue 'q' in vhost '/'. It could be originally "
    "declared on another connection or the exclusive property value does not match that of the original declaration."
)


@pytest.fixture
def owner(broker):
    owner = broker.connect(1)
    owner.declare(exclusive=True)
    return owner


@pytest.mark.parametrize(
    "method",
    [
        Queue.Declare(queue="q"),
        Queue.Declare(queue="q", exclusive=True),
        Queue.Declare(queue="q", passive=True),
        Queue.Bind(queue="q", exchange="amq.direct", routing_key="k"),
        Queue.Purge(queue="q"),
        Queue.Delete(queue="q"),
        Basic.Get(queue="q"),
        Basic.Consume(queue="q"),
    ],
    ids=lambda method: f"{method.name} {dict(method)}",
)
def test_another_connection_may_do_nothing_with_it(broker, owner, method):
    other = broker.connect(1)
    other.send(1, method)
    other.expect_channel_closed(1, 405, LOCKED, type(method))
    assert broker.queues == {"q"}


def test_anyone_may_publish_to_it(broker, owner):
    broker.connect(1).publish(1, b"x")
    assert owner.drain() == [b"x"]


def test_every_channel_of_its_connection_may_use_it(owner):
    owner.open_channel(2)
    owner.declare(channel=2, exclusive=True)
    owner.publish(2, b"x")
    owner.consume(channel=2)
    assert owner.bodies() == [b"x"]


def test_it_outlives_the_channel_that_declared_it(broker, owner):
    owner.call(1, Channel.Close(200, "", 0, 0), Channel.CloseOk)
    assert broker.queues == {"q"}


@pytest.mark.parametrize("end", ["close", "die"])
def test_it_ends_with_its_connection(broker, owner, end):
    owner.publish(1, b"x")
    owner.consume()
    getattr(owner, end)()
    assert broker.queues == set()
    assert broker.node.gauge.bytes == pytest.approx(0, abs=1e-6)
    broker.connect(1).declare(exclusive=True)


def test_its_bindings_end_with_it(broker, owner):
    owner.call(1, Queue.Bind(queue="q", exchange="amq.fanout"), Queue.BindOk)
    owner.die()
    other = broker.connect(1)
    other.publish(1, b"x", exchange="amq.fanout", mandatory=True)
    other.expect(Basic.Return, body=b"x")


def test_one_deleted_by_hand_is_not_deleted_again_with_its_name_reused(broker, owner):
    owner.call(1, Queue.Delete(queue="q"), Queue.DeleteOk)
    other = broker.connect(1)
    other.declare()
    owner.close()
    assert broker.queues == {"q"}


def test_declaring_it_as_not_exclusive_is_refused_even_to_its_owner(owner):
    owner.send(1, Queue.Declare(queue="q"))
    owner.expect_channel_closed(1, 405, LOCKED, Queue.Declare)


def test_a_shared_queue_cannot_become_exclusive(broker):
    client = broker.connect(1)
    client.declare()
    client.send(1, Queue.Declare(queue="q", exclusive=True))
    client.expect_channel_closed(1, 405, LOCKED, Queue.Declare)


def test_an_exclusive_consumer_is_alone(broker):
    client, other = broker.connect(1, 2), broker.connect(1)
    client.declare()
    client.consume(exclusive=True)
    for each, channel in ((other, 1), (client, 2)):
        each.send(channel, Basic.Consume(queue="q"))
        text = "ACCESS_REFUSED - queue 'q' in vhost '/' in exclusive use"
        each.expect_channel_closed(channel, 403, text, Basic.Consume)
    client.call(1, Basic.Cancel("c"), Basic.CancelOk)
    other.open_channel(1)
    other.consume()


def test_nobody_becomes_exclusive_beside_others(broker):
    client, other = broker.connect(1), broker.connect(1)
    client.declare()
    client.consume()
    other.send(1, Basic.Consume(queue="q", exclusive=True))
    other.expect_channel_closed(1, 403, "ACCESS_REFUSED - queue 'q' in vhost '/' in exclusive use", Basic.Consume)


def test_beside_an_exclusive_consumer_get_is_allowed(broker):
    client, other = broker.connect(1), broker.connect(1)
    client.declare()
    client.consume(exclusive=True, prefetch=1)
    client.publish(1, b"a", b"b")
    assert other.get().body == b"b"


def test_a_dead_exclusive_consumer_is_replaced_at_once(broker):
    client, other = broker.connect(1), broker.connect(1)
    client.declare()
    client.consume(exclusive=True)
    client.die()
    other.consume(exclusive=True)
