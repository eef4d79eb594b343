"""What takes up memory is counted by the memory alarm until it is gone, wherever it is held, and then it is gone."""

import gc
import weakref
from struct import Struct

import pytest

from tests.conversation import Basic, Broker, Channel, Connection, Queue, Tx

_BODY = Struct(">BHI")


@pytest.mark.parametrize("settle", [Basic.Ack(0, multiple=True), Basic.Nack(0, multiple=True, requeue=True)])
def test_what_is_out_counts_even_when_its_queue_is_deleted(broker, client, settle):
    client.publish(1, *[b"x" * 1000] * 20)
    client.consume(prefetch=10)
    client.deliveries()
    client.call(1, Queue.Delete(queue="q"), Queue.DeleteOk)
    assert broker.node.gauge.bytes > 10_000
    client.send(1, settle)
    assert broker.node.gauge.bytes == 0


def test_what_is_out_counts_until_its_holder_goes(broker, client):
    client.publish(1, b"x" * 1000)
    client.consume()
    client.call(1, Queue.Delete(queue="q"), Queue.DeleteOk)
    client.die()
    assert broker.node.gauge.bytes == 0


@pytest.mark.parametrize("mandatory", [False, True])
def test_what_a_transaction_holds_counts(broker, client, mandatory):
    client.call(1, Tx.Select(), Tx.SelectOk)
    client.publish(1, *[b"x" * 1000] * 20, key="nowhere" if mandatory else "q", mandatory=mandatory)
    assert broker.node.gauge.bytes > 20_000
    client.call(1, Tx.Rollback(), Tx.RollbackOk)
    assert broker.node.gauge.bytes == 0


def test_a_transaction_that_commits_counts_once(broker, client):
    client.publish(1, b"x" * 1000)
    once = broker.node.gauge.bytes
    client.call(1, Tx.Select(), Tx.SelectOk)
    client.publish(1, b"x" * 1000)
    client.call(1, Tx.Commit(), Tx.CommitOk)
    assert broker.node.gauge.bytes == 2 * once


def test_a_transaction_that_is_left_alone_sets_off_the_alarm():
    broker = Broker(memory_limit_bytes=10_000)
    client = broker.connect(1)
    client.declare()
    client.call(1, Tx.Select(), Tx.SelectOk)
    client.publish(1, *[b"x" * 1000] * 20)
    assert broker.node.alarm == "low on memory"
    client.die()
    assert not broker.node.alarms.memory


@pytest.mark.parametrize("auto_delete", [False, True])
def test_an_exclusive_queue_that_is_deleted_leaves_nothing_with_its_connection(broker, client, auto_delete):
    """Clients that make a queue for each call do this a million times on one connection."""
    name = client.declare("", exclusive=True, auto_delete=auto_delete).queue
    queue = weakref.ref(broker.queue(name))
    if auto_delete:
        client.consume(name)
        client.call(1, Basic.Cancel("c"), Basic.CancelOk)
    else:
        client.call(1, Queue.Delete(queue=name), Queue.DeleteOk)
    gc.collect()
    assert queue() is None


def begun(client, channel, size=50_000):
    """A publish whose body is not whole: one half of it came."""
    whole = client.publish_bytes(channel, b"x" * 100_000)
    return whole[: len(whole) - 8 - 100_000] + _BODY.pack(3, channel, size) + b"x" * size + b"\xce"


def test_bodies_that_are_begun_and_not_ended_count():
    broker = Broker(memory_limit_bytes=300_000)
    client = broker.connect(*range(1, 6))
    client.declare()
    for channel in range(1, 6):
        client.send_bytes(begun(client, channel))
        assert broker.node.gauge.bytes == 50_000 * channel
    for channel in range(1, 6):
        client.send_bytes(_BODY.pack(3, channel, 50_000) + b"x" * 50_000 + b"\xce")
        assert len(broker.connect(1).drain()) == 1
    assert broker.node.gauge.bytes == 0


def test_whoever_begins_bodies_beyond_the_limit_waits_until_there_is_room():
    broker = Broker(memory_limit_bytes=200_000)
    client, late, other = broker.connect(*range(1, 6)), broker.connect(1), broker.connect(1)
    client.declare()
    for channel in range(1, 6):
        client.send_bytes(begun(client, channel))
    late.send_bytes(begun(late, 1))
    late.expect(Connection.Blocked, reason="low on memory")
    assert late.session.paused
    client.die()
    late.expect(Connection.Unblocked)
    late.send_bytes(_BODY.pack(3, 1, 50_000) + b"x" * 50_000 + b"\xce")
    assert len(other.drain()) == 1
    assert broker.node.gauge.bytes == 0


@pytest.mark.parametrize("end", ["dies", "is wrong"])
def test_of_bodies_that_are_never_ended_nothing_is_left(broker, client, end):
    client.send_bytes(begun(client, 1))
    if end == "dies":
        client.die()
    else:
        client.referee = None
        client.send(1, Basic.Qos())
        client.expect_closed(
            505, "UNEXPECTED_FRAME - expected content body, got non content body frame instead", Basic.Publish
        )
    assert broker.node.gauge.bytes == 0


def test_of_a_body_under_way_nothing_is_left_when_its_channel_is_closed():
    """By the broker, of its own accord: a delivery waited too long for its ack."""
    broker = Broker(consumer_timeout_ms=60_000)
    client = broker.connect(1)
    client.declare("acked late")
    client.publish(1, b"x", key="acked late")
    client.get("acked late", no_ack=False)
    before = broker.node.gauge.bytes
    client.send_bytes(begun(client, 1))
    assert broker.node.gauge.bytes == before + 50_000
    broker.advance(61)
    client.expect(Channel.Close, 1)
    assert broker.node.gauge.bytes == before
    client.send_bytes(_BODY.pack(3, 1, 50_000) + b"x" * 50_000 + b"\xce")
    assert broker.node.gauge.bytes == before
    client.send(1, Channel.CloseOk())
    client.open_channel(1)
    assert client.session.connection.held_bytes == 0


def test_a_multiple_ack_over_a_long_row_of_holes(client):
    """Rolled back and said again, it would walk the row each time."""
    client.publish(1, b"first", *[b"x"] * 5000, b"last")
    client.call(1, Basic.Get(queue="q"), Basic.GetOk)
    client.consume(no_ack=True)
    client.call(1, Basic.Cancel("c"), Basic.CancelOk)
    client.frames()
    client.publish(1, b"last")
    last = client.call(1, Basic.Get(queue="q"), Basic.GetOk).delivery_tag
    client.call(1, Tx.Select(), Tx.SelectOk)
    for _ in range(3):
        client.send(1, Basic.Nack(last, multiple=True, requeue=True))
        client.call(1, Tx.Rollback(), Tx.RollbackOk)
    client.send(1, Basic.Nack(last, multiple=True, requeue=True))
    client.call(1, Tx.Commit(), Tx.CommitOk)
    assert client.drain() == [b"first", b"last"]


def test_a_client_that_goes_on_being_wrong_is_complained_about_once(broker):
    client = broker.connect(1)
    client.referee = None
    unknown_method = b"\x01\x00\x00\x00\x00\x00\x04\xff\xff\xff\xff\xce"
    client.send_bytes(unknown_method * 1000)
    assert sum("closing" in notice for notice in broker.notices) == 1
