"""What comes back goes to its old place, and is marked as redelivered."""

import pytest

from tests.conversation import Basic, Channel


def numbers(count, start=0):
    return [b"%03d" % number for number in range(start, start + count)]


def take(client, count):
    """Messages as basic.get gives them, not acked; their tags."""
    return [client.get(no_ack=False) for _ in range(count)]


def test_a_message_goes_back_to_the_head(client):
    client.publish(1, *numbers(3))
    (got,) = take(client, 1)
    client.send(1, Basic.Nack(got.delivery_tag, requeue=True))
    assert client.drain() == numbers(3)


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 2, 1), (2, 3, 1)])
def test_in_whatever_order_they_come_back_the_old_order_is_restored(client, order):
    client.publish(1, *numbers(5))
    take(client, 3)
    for tag in order:
        client.send(1, Basic.Reject(tag, requeue=True))
    assert client.drain() == numbers(5)


def test_one_from_the_middle_goes_back_between_its_neighbours(client):
    client.publish(1, *numbers(4))
    take(client, 3)
    client.send(1, Basic.Nack(2, requeue=True))
    assert client.get(no_ack=False).body == b"001"
    client.send(1, Basic.Nack(1, requeue=True), Basic.Nack(3, requeue=True))
    assert client.drain() == [b"000", b"002", b"003"]


def test_many_at_once_come_back_in_order(client):
    client.publish(1, *numbers(200))
    take(client, 150)
    client.send(1, Basic.Nack(0, multiple=True, requeue=True))
    assert client.drain() == numbers(200)


def test_many_singly_and_backwards_come_back_in_order(client):
    client.publish(1, *numbers(200))
    take(client, 150)
    client.send(1, *(Basic.Nack(tag, requeue=True) for tag in range(150, 0, -1)))
    assert client.drain() == numbers(200)


def test_what_was_published_meanwhile_stays_behind(client):
    client.publish(1, *numbers(2))
    take(client, 2)
    client.publish(1, *numbers(2, start=2))
    client.send(1, Basic.Nack(0, multiple=True, requeue=True))
    assert client.drain() == numbers(4)


def test_two_consumers_that_die_restore_the_order_between_them(broker, client):
    client.publish(1, *numbers(8))
    others = [broker.connect(1), broker.connect(1)]
    for other in others:
        other.consume(prefetch=3)
    assert client.count() == 2
    for other in others:
        other.die()
    assert client.drain() == numbers(8)


def test_redelivered_is_false_at_first_and_true_ever_after(client):
    client.publish(1, b"x")
    seen = []
    for _ in range(3):
        (got,) = take(client, 1)
        seen.append(got.redelivered)
        client.send(1, Basic.Reject(got.delivery_tag, requeue=True))
    assert seen == [False, True, True]


def test_a_message_no_consumer_read_is_redelivered_all_the_same(broker, client):
    client.publish(1, b"x")
    deaf = broker.connect(1)
    deaf.reads = False
    deaf.send(1, Basic.Consume(queue="q"))
    deaf.die()
    assert client.get().redelivered


def test_only_those_that_were_out_are_marked(client):
    client.publish(1, *numbers(2))
    take(client, 1)
    client.send(1, Basic.Nack(1, requeue=True))
    assert [client.get().redelivered, client.get().redelivered] == [True, False]


def test_a_closed_channel_gives_back_what_it_held(client):
    client.open_channel(2)
    client.publish(1, *numbers(3))
    client.consume(channel=2)
    assert client.bodies() == numbers(3)
    client.call(2, Channel.Close(200, "", 0, 0), Channel.CloseOk)
    assert client.drain() == numbers(3)


def test_requeued_for_oneself_with_no_other_consumer_it_comes_at_once(client):
    client.publish(1, b"x")
    client.consume()
    for tag in range(1, 6):
        (got,) = client.deliveries()
        assert got.delivery_tag == tag
        client.send(1, Basic.Nack(tag, requeue=True))


def test_nack_all_with_none_outstanding_does_nothing(client):
    client.send(1, Basic.Nack(0, multiple=True, requeue=True), Basic.Ack(0, multiple=True))
    client.expect_nothing()


def test_nack_without_requeue_drops(client):
    client.publish(1, *numbers(3))
    take(client, 2)
    client.send(1, Basic.Nack(2, multiple=True, requeue=False))
    assert client.drain() == [b"002"]
    assert broker_is_empty(client)


def broker_is_empty(client):
    return client.broker.queue("q").held == 0
