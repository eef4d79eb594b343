"""Thousands of messages die at once: others are served meanwhile, and what waits to be buried stays bounded."""

import pamqp.frame
import pytest
from pamqp.commands import Basic, Exchange, Queue

from broker.queues.ready import Ready
from tests.conversation import Broker

COUNT = 4_000
# What a turn buries, one or two of them.
PIECE = 256


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
            assert dead(broker) - before <= 2 * PIECE
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


def settle_in_pieces(broker, client, frames):
    """How many deliveries are outstanding after each turn."""
    held = []
    more = one_turn(broker, lambda turn: client.session.receive(frames, turn))
    held.append(broker.queue("q").held)
    while more:
        more = one_turn(broker, broker.node.resume)
        held.append(broker.queue("q").held)
    return held


@pytest.fixture
def small_pieces(monkeypatch):
    monkeypatch.setattr("broker.session.channel._SETTLED_AT_ONCE", 100)


def test_messages_whose_delay_ends_at_once(broker, client):
    method = Exchange.Declare(exchange="x", exchange_type="x-delayed-message", arguments={"x-delayed-type": "fanout"})
    client.call(1, method, Exchange.DeclareOk)
    client.call(1, Queue.Bind(queue="dead", exchange="x"), Queue.BindOk)
    client.publish(1, *[b"%d" % number for number in range(COUNT)], exchange="x", headers={"x-delay": 1000})
    broker.now += 2
    one_turn(broker, broker.node.tick)
    goes_on_in_pieces(broker, client, 8)


@pytest.mark.usefixtures("small_pieces")
def test_what_follows_an_ack_for_many_waits_until_all_are_settled(broker, client):
    client.referee = None
    client.declare()
    client.consume(tag="t")
    client.publish(1, *[b""] * 360)
    ack_all = pamqp.frame.marshal(Basic.Ack(350, multiple=True), 1)
    ack_another = pamqp.frame.marshal(Basic.Ack(355), 1)
    assert settle_in_pieces(broker, client, ack_all + ack_another) == [260, 160, 60, 9]
    client.ack(1, 360, multiple=True)
    assert broker.queue("q").held == 0


@pytest.mark.usefixtures("small_pieces")
def test_what_is_delivered_meanwhile_is_not_meant_by_an_ack_for_all(broker, client):
    client.referee = None
    client.declare()
    client.consume(tag="t", prefetch=350)
    client.publish(1, *[b""] * 360)
    assert settle_in_pieces(broker, client, pamqp.frame.marshal(Basic.Ack(0, multiple=True), 1)) == [260, 160, 60, 10]
    assert len(client.deliveries()) == 360


@pytest.mark.usefixtures("small_pieces")
def test_a_connection_that_ends_in_the_midst_of_it(broker, client):
    client.referee = None
    client.declare()
    client.consume(tag="t")
    client.publish(1, *[b""] * 360)
    one_turn(broker, lambda turn: client.session.receive(pamqp.frame.marshal(Basic.Ack(350, multiple=True), 1), turn))
    client.die()
    assert broker.queue("q").message_count == 260


@pytest.mark.usefixtures("small_pieces")
def test_a_channel_that_is_closed_in_the_midst_of_it():
    broker = Broker(consumer_timeout_ms=60_000)
    client = broker.connect(1, 2, refereed=False)
    client.declare()
    client.consume(tag="t")
    client.publish(1, *[b""] * 360)
    broker.now += 60
    one_turn(broker, lambda turn: client.session.receive(pamqp.frame.marshal(Basic.Ack(350, multiple=True), 1), turn))
    one_turn(broker, broker.node.tick)
    with broker.turn() as turn:
        broker.node.resume(turn)
    assert [got.name for got in client.frames() if got.name != "Basic.Deliver"] == ["Channel.Close"]
    assert client.count(channel=2) == 260


@pytest.mark.usefixtures("small_pieces")
def test_a_wrong_tag_for_many_settles_nothing(broker, client):
    client.referee = None
    client.declare()
    client.consume(tag="t")
    client.publish(1, *[b""] * 360)
    client.deliveries()
    client.ack(1, 361, multiple=True)
    client.expect_channel_closed(1, 406, "PRECONDITION_FAILED - unknown delivery tag 361", Basic.Ack)
    assert broker.queue("q").message_count == 360


@pytest.mark.parametrize("arguments", [{"x-queue-type": "quorum"}, {"x-message-ttl": 10**8}, {"x-max-priority": 5}])
def test_for_one_ack_few_of_a_backlog_are_looked_at(broker, client, arguments, monkeypatch):
    looked_at = []
    fresh_before = Ready.fresh_before

    def counting(level, deadline_ms, limit):
        looked_at.append(limit)
        return fresh_before(level, deadline_ms, limit)

    monkeypatch.setattr(Ready, "fresh_before", counting)
    client.declare(durable=True, arguments=arguments)
    client.publish(1, *[b"%d" % number for number in range(COUNT)])
    client.consume(tag="t", prefetch=2)
    for tag in range(1, 101):
        client.ack(1, tag)
    assert client.bodies() == [b"%d" % number for number in range(102)]
    assert sum(looked_at) <= 2 * 102
