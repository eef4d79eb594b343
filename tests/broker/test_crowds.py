"""Many consumers: what one message, ack or method costs does not grow with how many there are."""

import pytest

from broker.session.consumer import Consumer
from broker.session.outbox import Outbox
from tests.conversation import Basic, Broker, Queue

CROWD = 500


@pytest.fixture
def broker():
    broker = Broker()
    broker.connect(1).declare()
    return broker


@pytest.fixture
def asked(monkeypatch):
    """Every consumer that was asked for its room."""
    asked = []
    room = Consumer.room

    def count(consumer):
        asked.append(consumer)
        return room(consumer)

    monkeypatch.setattr(Consumer, "room", count)
    return asked


def crowd(broker, **settings):
    client = broker.connect(1)
    if prefetch := settings.pop("prefetch", 0):
        client.call(1, Basic.Qos(prefetch_count=prefetch), Basic.QosOk)
    for number in range(CROWD):
        client.consume(tag=f"{number}", **settings)
    return client


def test_an_ack_asks_only_the_one_that_has_room_now(broker, asked):
    workers = crowd(broker, prefetch=1)
    broker.clients[0].publish(1, *[b"job"] * (CROWD + 100))
    workers.deliveries()
    asked.clear()
    for tag in range(1, 101):
        workers.ack(1, tag)
    assert len(workers.deliveries()) == 100
    assert len(asked) < 500


def test_a_message_asks_only_as_many_as_it_takes(broker, asked):
    workers = crowd(broker, no_ack=True)
    asked.clear()
    for _ in range(100):
        broker.clients[0].publish(1, b"job")
    assert [int(got.consumer_tag) for got in workers.deliveries()] == list(range(100))
    assert len(asked) < 500


def test_messages_that_came_back_ask_only_as_many(broker, asked):
    first = broker.connect(1)
    broker.clients[0].publish(1, *[b"job"] * (2 * CROWD))
    first.consume(prefetch=2 * CROWD)
    workers = crowd(broker, prefetch=1)
    asked.clear()
    first.die()
    assert len(workers.deliveries()) == CROWD
    assert len(asked) < 4 * CROWD


def test_a_channel_that_says_qos_again_and_again_looks_once_a_turn(broker, asked):
    workers = crowd(broker, prefetch=1)
    broker.clients[0].publish(1, *[b"job"] * (CROWD + 1))
    asked.clear()
    workers.send(1, *[Basic.Qos(prefetch_count=1, global_=True)] * 100)
    assert len(asked) < 4 * CROWD


def test_those_that_share_an_outbox_share_what_it_takes(broker):
    workers = crowd(broker, no_ack=True)
    workers.reads = False
    broker.clients[0].publish(1, *[b"x" * 5000] * 2000)
    assert workers.session.outbox.size < 3 * Outbox.HIGH_WATER


def test_a_queue_keeps_to_its_budget(broker):
    crowd(broker, no_ack=True)
    broker.clients[0].send(1, Basic.Qos(prefetch_count=0))
    turn = broker.node.turn()
    session = broker.clients[0].session
    session.receive(broker.clients[0].publish_bytes(1, b"job") * 2000, turn)
    assert broker.queue("q").dispatch(turn, 700) == 700


def test_a_new_consumer_of_the_same_tag_is_not_taken_for_the_one_whose_queue_went(broker):
    client = broker.connect(1)
    client.declare("old")
    client.consume("old")
    client.referee = None
    client.send(1, Queue.Delete(queue="old"), Basic.Consume(queue="q", consumer_tag="c"))
    assert client.frames()[-1].name == "Basic.ConsumeOk"
