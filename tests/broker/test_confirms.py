"""Publisher confirms: every publish after confirm.select is acknowledged once, in as few frames as a turn allows."""

import pytest

from tests.conversation import Basic, Broker, Channel, Confirm, Exchange, Queue, Tx


@pytest.fixture
def client():
    client = Broker().connect(1)
    client.declare()
    client.call(1, Confirm.Select(), Confirm.SelectOk)
    return client


def test_a_publish_is_confirmed_by_its_number(client):
    for number in (1, 2, 3):
        client.publish(1, b"x")
        client.expect(Basic.Ack, 1, delivery_tag=number, multiple=False)
    client.expect_nothing()


def test_what_one_turn_brought_is_confirmed_by_one_frame(client):
    client.publish(1, b"a", b"b", b"c")
    client.expect(Basic.Ack, 1, delivery_tag=3, multiple=True)
    client.expect_nothing()


def test_publishes_to_different_queues_are_one_sequence(client):
    client.send_bytes(
        client.publish_bytes(1, b"a") + client.publish_bytes(1, b"b", "nowhere") + client.publish_bytes(1, b"c")
    )
    client.expect(Basic.Ack, 1, delivery_tag=3, multiple=True)
    assert client.count() == 2


def test_what_nobody_takes_is_confirmed_too(client):
    client.publish(1, b"x", key="nowhere")
    client.expect(Basic.Ack, 1, delivery_tag=1)


def test_what_was_published_before_select_is_not_counted():
    client = Broker().connect(1)
    client.declare()
    client.publish(1, b"before")
    client.call(1, Confirm.Select(), Confirm.SelectOk)
    client.publish(1, b"after")
    client.expect(Basic.Ack, delivery_tag=1)
    client.expect_nothing()


def test_to_select_again_does_not_count_anew(client):
    client.publish(1, b"x")
    client.expect(Basic.Ack, delivery_tag=1)
    client.call(1, Confirm.Select(), Confirm.SelectOk)
    client.publish(1, b"x")
    client.expect(Basic.Ack, delivery_tag=2)


def test_select_without_a_reply_confirms_all_the_same():
    client = Broker().connect(1)
    client.declare()
    client.send(1, Confirm.Select(nowait=True))
    client.expect_nothing()
    client.publish(1, b"x")
    client.expect(Basic.Ack, delivery_tag=1)


def test_each_channel_counts_for_itself(client):
    client.open_channel(2)
    client.call(2, Confirm.Select(), Confirm.SelectOk)
    client.publish(1, b"x")
    client.expect(Basic.Ack, 1, delivery_tag=1)
    client.publish(2, b"x")
    client.expect(Basic.Ack, 2, delivery_tag=1)


def test_a_channel_opened_anew_has_no_confirms(client):
    client.call(1, Channel.Close(200, "", 0, 0), Channel.CloseOk)
    client.open_channel(1)
    client.publish(1, b"x")
    client.expect_nothing()


def test_a_refused_publish_is_not_confirmed(client):
    client.publish(1, b"x", exchange="missing")
    client.expect_channel_closed(1, 404, "NOT_FOUND - no exchange 'missing' in vhost '/'", Basic.Publish)
    client.expect_nothing()


def test_the_confirm_comes_after_the_delivery_has_been_queued_to_oneself(client):
    client.consume(no_ack=True)
    client.publish(1, b"x")
    assert {type(got.method) for got in client.frames()} == {Basic.Ack, Basic.Deliver}


def test_a_fanout_is_confirmed_once(client):
    client.declare("r")
    for queue in ("q", "r"):
        client.call(1, Queue.Bind(queue=queue, exchange="amq.fanout", routing_key=""), Queue.BindOk)
    client.publish(1, b"x", exchange="amq.fanout")
    client.expect(Basic.Ack, delivery_tag=1, multiple=False)
    client.expect_nothing()


def test_a_transaction_and_confirms_exclude_each_other(client):
    client.send(1, Tx.Select())
    client.expect_channel_closed(1, 406, "PRECONDITION_FAILED - cannot switch from confirm to tx mode", Tx.Select)
    client.open_channel(1)
    client.call(1, Tx.Select(), Tx.SelectOk)
    client.send(1, Confirm.Select())
    client.expect_channel_closed(1, 406, "PRECONDITION_FAILED - cannot switch from tx to confirm mode", Confirm.Select)


def test_a_topology_change_between_publishes_is_seen(client):
    client.call(1, Exchange.Declare(exchange="x"), Exchange.DeclareOk)
    client.publish(1, b"lost", exchange="x")
    client.expect(Basic.Ack, delivery_tag=1)
    client.call(1, Queue.Bind(queue="q", exchange="x", routing_key="q"), Queue.BindOk)
    client.publish(1, b"found", exchange="x")
    client.expect(Basic.Ack, delivery_tag=2)
    assert client.drain() == [b"found"]
