"""Thousands of messages die at once: others are served meanwhile, and what waits to be buried stays bounded."""

import pytest

from broker.turn import CHORE_BUDGET
from tests.conversation import Broker

COUNT = 4_000
# A piece of dead letters, and what the budget of a turn that goes on allows of them, the last piece not counted.
PIECE = 256
AT_ONCE = CHORE_BUDGET // 4 + PIECE


@pytest.fixture
def broker():
    return Broker()


@pytest.fixture
def client(broker):
    client = broker.connect(1)
    client.declare("dead")
    client.declare("others")
    client.consume("others", no_ack=True)
    return client


def fill(client, **more):
    client.declare(arguments={"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead", **more})
    client.publish(1, *[b"%d" % number for number in range(COUNT)])


def one_turn(broker, work):
    """A turn, and nothing of what it leaves over."""
    turn = broker.node.turn()
    work(turn)
    return broker._finish(turn)


def dead(broker):
    return broker.queue("dead").message_count


def goes_on_in_pieces(broker, client, more_to_wait):
    """Each turn does a part, and serves the others within itself."""
    others = client.publish_bytes(1, b"other", key="others")
    more, turns = True, 0
    while more:
        before = dead(broker)
        more = one_turn(broker, lambda turn: client.session.receive(others, turn))
        assert dead(broker) - before <= 2 * PIECE
        assert client.bodies() == [b"other"]
        before = dead(broker)
        if more:
            more = one_turn(broker, broker.node.resume)
            assert dead(broker) - before <= AT_ONCE
        assert len(broker.node.backlog.chores) <= more_to_wait
        turns += 1
    assert turns > 2
    expect_all_dead(client)


def expect_all_dead(client):
    client.consume("dead", tag="dead", no_ack=True)
    assert client.bodies() == [b"%d" % number for number in range(COUNT)]


def test_messages_that_expire_at_once(broker, client):
    fill(client, **{"x-message-ttl": 1000})
    broker.now += 2
    one_turn(broker, broker.node.tick)
    # What is not yet buried waits in the queue, where it needs no more room than before.
    goes_on_in_pieces(broker, client, 8)


def test_messages_that_are_rejected_at_once(broker, client):
    fill(client)
    client.consume(tag="rejects")
    client.deliveries()
    frames = b"\x01\0\1\0\0\0\x0d\0\x3c\0\x78" + bytes(8) + b"\x01\xce"
    assert one_turn(broker, lambda turn: client.session.receive(frames, turn))
    goes_on_in_pieces(broker, client, COUNT)


def test_a_get_finds_no_message_that_should_be_dead(broker, client):
    """Even if there are too many for one turn to bury."""
    fill(client, **{"x-message-ttl": 1000})
    broker.now += 2
    client.publish(1, b"alive")
    assert client.get().body == b"alive"
    expect_all_dead(client)


def test_a_full_queue_goes_on_dropping_as_fast_as_it_is_filled(broker, client):
    """What publishes drive out is buried in their own turns, however many there are."""
    fill(client, **{"x-max-length": 10})
    publishes = b"".join(client.publish_bytes(1, b"more") for _ in range(1000))
    for _ in range(20):
        one_turn(broker, lambda turn: client.session.receive(publishes, turn))
        assert len(broker.node.backlog.chores) <= 8
        assert broker.queue("q").message_count <= 10 + 2 * 1000
