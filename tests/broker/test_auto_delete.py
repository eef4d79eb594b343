"""Auto-delete: a queue goes with its last consumer, an exchange with its last binding; neither before the first."""

import pytest

from tests.conversation import Basic, Channel, Exchange, Queue


@pytest.fixture
def client(broker):
    client = broker.connect(1, 2)
    client.declare(auto_delete=True)
    return client


def test_a_queue_that_never_had_a_consumer_stays(broker, client):
    client.publish(1, b"x")
    client.drain()
    client.close()
    assert broker.queues == {"q"}


@pytest.mark.parametrize("end", ["cancel", "channel", "close", "die"])
def test_it_goes_with_its_last_consumer(broker, client, end):
    client.consume()
    match end:
        case "cancel":
            client.call(1, Basic.Cancel("c"), Basic.CancelOk)
        case "channel":
            client.call(1, Channel.Close(200, "", 0, 0), Channel.CloseOk)
        case _:
            getattr(client, end)()
    assert broker.queues == set()


def test_it_stays_while_one_consumer_is_left(broker, client):
    client.consume(tag="a")
    client.consume(tag="b", channel=2)
    client.call(1, Basic.Cancel("a"), Basic.CancelOk)
    assert broker.queues == {"q"}
    client.call(2, Basic.Cancel("b"), Basic.CancelOk)
    assert broker.queues == set()


def test_what_was_out_and_what_waited_is_lost_and_may_still_be_acked(broker, client):
    client.publish(1, b"a", b"b")
    client.consume(prefetch=1)
    client.frames()
    client.call(1, Basic.Cancel("c"), Basic.CancelOk)
    assert broker.queues == set()
    client.ack(1, 1)
    client.expect_nothing()
    assert broker.node.gauge.bytes == pytest.approx(0, abs=1e-6)


def test_what_was_out_cannot_come_back_to_a_queue_of_the_same_name(client):
    client.publish(1, b"a")
    client.consume()
    client.frames()
    client.call(1, Basic.Cancel("c"), Basic.CancelOk)
    client.declare()
    client.send(1, Basic.Nack(1, requeue=True))
    assert client.count() == 0


def test_two_channels_of_a_connection_that_dies(broker, client):
    client.consume(tag="a")
    client.consume(tag="b", channel=2)
    client.publish(1, b"x", b"y")
    client.frames()
    client.die()
    assert broker.queues == set()


def test_it_can_be_declared_anew_and_is_empty(client):
    client.publish(1, b"x")
    client.consume()
    client.frames()
    client.call(1, Basic.Cancel("c"), Basic.CancelOk)
    assert client.declare(auto_delete=True).message_count == 0


def test_its_bindings_go_too(client):
    client.call(1, Queue.Bind(queue="q", exchange="amq.fanout"), Queue.BindOk)
    client.consume()
    client.call(1, Basic.Cancel("c"), Basic.CancelOk)
    client.publish(1, b"x", exchange="amq.fanout", mandatory=True)
    client.expect(Basic.Return)


def test_an_exchange_goes_with_the_queue_that_was_its_last_destination(client):
    client.call(1, Exchange.Declare(exchange="x", auto_delete=True), Exchange.DeclareOk)
    client.call(1, Queue.Bind(queue="q", exchange="x", routing_key="k"), Queue.BindOk)
    client.consume()
    client.call(1, Basic.Cancel("c"), Basic.CancelOk)
    client.send(1, Exchange.Declare(exchange="x", passive=True))
    client.expect_channel_closed(1, 404, "NOT_FOUND - no exchange 'x' in vhost '/'", Exchange.Declare)
