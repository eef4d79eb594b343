"""Heartbeats: one is sent when nothing else was for half the interval; a peer is gone after two silent ones."""

import pytest
from pamqp.heartbeat import Heartbeat

from tests.conversation import Basic

BEAT = b"\x08\x00\x00\x00\x00\x00\x00\xce"


def beats(client):
    got = client.frames()
    assert all(isinstance(each.method, Heartbeat) for each in got), got
    return len(got)


def test_one_is_sent_after_half_an_interval_of_silence(broker):
    client = broker.connect(heartbeat=10)
    broker.advance(4.9)
    assert beats(client) == 0
    broker.advance(0.1)
    assert beats(client) == 1


def test_they_go_on_as_long_as_the_client_lives(broker):
    client = broker.connect(heartbeat=10)
    for _ in range(10):
        broker.advance(10)
        client.send_bytes(BEAT)
    assert beats(client) == 20
    assert not client.session.ending


def test_what_is_sent_anyway_counts_as_one(broker):
    client = broker.connect(1, heartbeat=10)
    client.declare()
    for _ in range(10):
        broker.advance(4)
        client.call(1, Basic.Qos(), Basic.QosOk)
    assert beats(client) == 0


def test_deliveries_count_too(broker):
    consumer, publisher = broker.connect(1, heartbeat=10), broker.connect(1)
    publisher.declare()
    consumer.consume(no_ack=True)
    for _ in range(4):
        broker.advance(4)
        publisher.publish(1, b"x")
    assert len(consumer.bodies()) == 4


@pytest.mark.parametrize("interval", [1, 10, 600])
def test_who_is_silent_for_two_intervals_is_gone(broker, interval):
    client = broker.connect(1, heartbeat=interval)
    client.declare(exclusive=True)
    broker.advance(interval * 2 - 0.01)
    assert not client.session.ending
    broker.advance(interval + 0.01)
    assert client.session.ending
    assert broker.queues == set()
    assert beats(client) <= 5


def test_any_byte_is_a_sign_of_life(broker):
    client = broker.connect(1, heartbeat=10)
    data = client.publish_bytes(1, b"x" * 1000)
    for i in range(0, len(data), 100):
        broker.advance(19)
        client.send_bytes(data[i : i + 100])
    assert not client.session.ending


def test_zero_turns_them_off(broker):
    client = broker.connect(heartbeat=0)
    broker.advance(1_000_000)
    assert beats(client) == 0
    assert not client.session.ending
    assert broker.node.next_deadline() is None


def test_one_silent_client_does_not_take_others_along(broker):
    silent, alive = broker.connect(heartbeat=10), broker.connect(heartbeat=10)
    for _ in range(4):
        broker.advance(8)
        alive.send_bytes(BEAT)
    assert silent.session.ending
    assert not alive.session.ending


def test_a_dead_consumers_messages_go_to_the_living(broker):
    dead, alive = broker.connect(1, heartbeat=5), broker.connect(1)
    alive.declare()
    alive.publish(1, b"x")
    dead.consume()
    alive.consume()
    alive.expect_nothing()
    broker.advance(15)
    (got,) = alive.deliveries()
    assert got.redelivered


def test_a_thousand_clients_are_each_looked_after(broker):
    clients = [broker.connect(heartbeat=10 + number % 7) for number in range(1000)]
    broker.advance(9)
    assert all(beats(client) == 1 for client in clients)
    broker.advance(40)
    assert all(client.session.ending for client in clients)


def test_a_heartbeat_on_any_other_channel_is_an_error(broker):
    client = broker.connect(1, heartbeat=10)
    client.send_bytes(b"\x08\x00\x01\x00\x00\x00\x00\xce")
    client.expect_closed(505, "UNEXPECTED_FRAME - type 8, all octets = <<>>")


def test_before_the_connection_is_open_none_are_sent(broker):
    client = broker.accept()
    client.send_bytes(b"AMQP\x00\x00\x09\x01")
    client.frames()
    broker.advance(9)
    client.expect_nothing()
