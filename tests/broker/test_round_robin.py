"""Consumers of one queue take turns, message by message, those with room only."""

import itertools

import pytest

from tests.conversation import Basic, Broker


@pytest.fixture
def broker():
    broker = Broker()
    broker.connect(1).declare()
    return broker


def crew(broker, count, **settings):
    clients = [broker.connect(1) for _ in range(count)]
    for client in clients:
        client.consume(**settings)
    return clients


def publish(broker, *bodies):
    broker.clients[0].publish(1, *bodies)


def shares(clients):
    return [[int(body) for body in client.bodies()] for client in clients]


def numbered(count, start=0):
    return [b"%d" % number for number in range(start, start + count)]


@pytest.mark.parametrize("workers", [1, 2, 3, 5])
def test_one_turn_of_many_is_dealt_out_like_cards(broker, workers):
    clients = crew(broker, workers, no_ack=True)
    publish(broker, *numbered(17))
    assert shares(clients) == [list(range(first, 17, workers)) for first in range(workers)]


@pytest.mark.parametrize("batch", [1, 2, 3, 4, 7])
def test_the_next_turn_begins_where_the_last_one_ended(broker, batch):
    clients = crew(broker, 3, no_ack=True)
    for start in range(0, 42, batch):
        publish(broker, *numbered(batch, start))
    end = 42 + (-42 % batch)
    assert shares(clients) == [list(range(first, end, 3)) for first in range(3)]


def test_who_has_no_room_is_passed_over(broker):
    a, b, c = crew(broker, 3, prefetch=1)
    publish(broker, *numbered(3))
    assert shares((a, b, c)) == [[0], [1], [2]]
    b.ack(1, 1)
    publish(broker, *numbered(3, 3))
    assert shares((a, b, c)) == [[], [3], []]
    a.ack(1, 1)
    c.ack(1, 1)
    assert sorted(itertools.chain(*shares((a, b, c)))) == [4, 5]


def test_different_room_gives_the_rest_to_those_who_have_it(broker):
    small, large = broker.connect(1), broker.connect(1)
    small.consume(prefetch=2)
    large.consume(prefetch=100)
    publish(broker, *numbered(10))
    assert shares((small, large)) == [[0, 2], [1, 3, 4, 5, 6, 7, 8, 9]]


def test_two_consumers_of_one_channel_take_turns_too(broker):
    client = broker.connect(1)
    client.consume(tag="a", no_ack=True)
    client.consume(tag="b", no_ack=True)
    publish(broker, *numbered(4))
    # In order, as they are on one channel (AMQP 0-9-1, section 4.7).
    assert [(got.consumer_tag, got.body) for got in client.deliveries()] == [
        ("a", b"0"),
        ("b", b"1"),
        ("a", b"2"),
        ("b", b"3"),
    ]


def test_with_a_shared_limit_they_take_turns_too(broker):
    client, other = broker.connect(1), broker.connect(1)
    client.call(1, Basic.Qos(prefetch_count=3, global_=True), Basic.QosOk)
    client.consume(tag="a")
    client.consume(tag="b")
    other.consume()
    publish(broker, *numbered(9))
    assert len(client.deliveries()) == 3
    assert len(other.deliveries()) == 6


def test_who_leaves_is_not_waited_for_and_who_comes_is_served_in_turn(broker):
    a, b, c = crew(broker, 3, no_ack=True)
    publish(broker, *numbered(1))
    b.call(1, Basic.Cancel("c"), Basic.CancelOk)
    publish(broker, *numbered(2, 1))
    assert shares((a, b, c)) == [[0, 2], [], [1]]
    b.consume(tag="again", no_ack=True)
    publish(broker, *numbered(3, 3))
    assert [len(share) for share in shares((a, b, c))] == [1, 1, 1]


def test_a_backlog_goes_to_the_first_who_comes_as_far_as_it_has_room(broker):
    publish(broker, *numbered(5))
    first, second = broker.connect(1), broker.connect(1)
    first.consume(prefetch=3)
    second.consume(prefetch=3)
    assert shares((first, second)) == [[0, 1, 2], [3, 4]]


def test_returned_messages_are_dealt_out_in_turn_as_well(broker):
    taker = broker.connect(1)
    publish(broker, *numbered(6))
    taker.consume(prefetch=6)
    clients = crew(broker, 2, no_ack=True)
    taker.frames()
    taker.send(1, Basic.Cancel("c"))
    taker.send(1, Basic.Nack(0, multiple=True, requeue=True))
    assert shares(clients) == [[0, 2, 4], [1, 3, 5]]


def test_a_very_long_backlog_is_shared_evenly(broker):
    """More than one turn's budget."""
    publish(broker, *numbered(20_000))
    a = broker.connect(1)
    a.consume(tag="a", prefetch=9000)
    b = broker.connect(1)
    b.consume(tag="b", prefetch=9000)
    got = shares((a, b))
    assert [len(share) for share in got] == [9000, 9000]
    assert sorted(itertools.chain(*got)) == list(range(18_000))
