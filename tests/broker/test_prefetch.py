"""basic.qos: no more deliveries out than the limit allows, exactly; room comes back with each settlement."""

import pytest

from tests.conversation import Basic, Broker, Channel, Tx


@pytest.fixture
def broker():
    return Broker()


@pytest.fixture
def client(broker):
    client = broker.connect(1)
    client.declare()
    return client


def fill(client, count=10):
    client.publish(1, *(b"%d" % number for number in range(count)))


def test_a_consumer_gets_as_many_as_its_limit(client):
    fill(client)
    client.consume(prefetch=3)
    assert client.bodies() == [b"0", b"1", b"2"]
    assert client.count() == 7


@pytest.mark.parametrize("settle", [Basic.Ack(2), Basic.Reject(2, requeue=False), Basic.Nack(2, requeue=False)])
def test_room_comes_back_one_by_one(client, settle):
    fill(client)
    client.consume(prefetch=2)
    client.frames()
    client.send(1, settle)
    assert client.bodies() == [b"2"]


def test_acks_of_many_make_room_for_as_many(client):
    fill(client)
    client.consume(prefetch=4)
    client.frames()
    client.ack(1, 3, multiple=True)
    assert client.bodies() == [b"4", b"5", b"6"]


def test_without_a_limit_all_is_delivered(client):
    fill(client, 3000)
    client.consume(prefetch=0)
    assert len(client.bodies()) == 3000


def test_no_ack_knows_no_limit(client):
    fill(client)
    client.consume(prefetch=1, no_ack=True)
    assert len(client.bodies()) == 10


def test_the_limit_is_that_of_the_time_when_the_consumer_began(client):
    fill(client)
    client.consume(tag="a", prefetch=1)
    assert len(client.bodies()) == 1
    client.consume(tag="b", prefetch=3)
    assert len(client.bodies()) == 3
    client.call(1, Basic.Qos(prefetch_count=8), Basic.QosOk)
    client.expect_nothing()


def test_each_consumer_has_a_limit_of_its_own(client):
    fill(client)
    client.consume(tag="a", prefetch=2)
    client.consume(tag="b")
    tags = [got.consumer_tag for got in client.deliveries()]
    assert sorted(tags) == ["a", "a", "b", "b"]


def test_a_shared_limit_counts_all_consumers_of_the_channel(client):
    fill(client)
    client.call(1, Basic.Qos(prefetch_count=3, global_=True), Basic.QosOk)
    client.consume(tag="a")
    client.consume(tag="b")
    assert len(client.deliveries()) == 3
    client.ack(1, 1)
    assert len(client.deliveries()) == 1


def test_a_shared_limit_does_not_reach_other_channels(client):
    fill(client)
    client.call(1, Basic.Qos(prefetch_count=1, global_=True), Basic.QosOk)
    client.consume(tag="a")
    client.open_channel(2)
    client.consume(channel=2, tag="a")
    assert [got.channel for got in client.deliveries()] == [1, *[2] * 9]


def test_a_shared_limit_across_queues_is_one(client):
    client.declare("r")
    fill(client, 5)
    client.publish(1, b"r0", b"r1", key="r")
    client.call(1, Basic.Qos(prefetch_count=2, global_=True), Basic.QosOk)
    client.consume("q", tag="q")
    client.consume("r", tag="r")
    assert client.bodies() == [b"0", b"1"]
    client.ack(1, 2, multiple=True)
    assert len(client.bodies()) == 2


def test_a_shared_limit_leaves_no_queue_behind(client):
    """Found by the Java client's QosTests.fairness: the queue that was acked always came first."""
    for name in ("r", "s"):
        client.declare(name)
    client.call(1, Basic.Qos(prefetch_count=1, global_=True), Basic.QosOk)
    for name in ("q", "r", "s"):
        client.publish(1, *[name.encode()] * 10, key=name)
        client.consume(name, tag=name)
    seen = []
    for tag in range(1, 13):
        seen += client.bodies()
        client.ack(1, tag)
    assert sorted(seen) == [b"q"] * 4 + [b"r"] * 4 + [b"s"] * 4


def test_a_shared_limit_leaves_no_consumer_of_a_queue_behind(client):
    """Found by the Java client's QosTests.singleChannelAndQueueFairness."""
    client.call(1, Basic.Qos(prefetch_count=1, global_=True), Basic.QosOk)
    client.consume(tag="a")
    client.consume(tag="b")
    fill(client)
    seen = []
    for tag in range(1, 11):
        seen += [got.consumer_tag for got in client.deliveries()]
        client.ack(1, tag)
    assert sorted(seen) == ["a"] * 5 + ["b"] * 5


def test_no_ack_counts_against_no_shared_limit_but_waits_with_the_others(client):
    """Found by the Java client's QosTests.noAckObeysLimit."""
    client.declare("r")
    client.call(1, Basic.Qos(prefetch_count=1, global_=True), Basic.QosOk)
    client.consume("r", tag="r", no_ack=True)
    client.publish(1, b"r0", b"r1", key="r")
    assert client.bodies() == [b"r0", b"r1"]
    client.consume(tag="q")
    fill(client, 1)
    assert client.bodies() == [b"0"]
    client.publish(1, b"r2", key="r")
    client.expect_nothing()
    client.ack(1, 3)
    assert client.bodies() == [b"r2"]


def test_what_was_delivered_before_a_shared_limit_counts_against_it(client):
    fill(client, 4)
    client.consume()
    assert len(client.bodies()) == 4
    client.call(1, Basic.Qos(prefetch_count=2, global_=True), Basic.QosOk)
    fill(client, 4)
    client.expect_nothing()
    client.ack(1, 2, multiple=True)
    client.expect_nothing()
    client.ack(1, 3)
    assert len(client.bodies()) == 1


def test_raising_a_shared_limit_delivers_at_once(client):
    fill(client)
    client.call(1, Basic.Qos(prefetch_count=1, global_=True), Basic.QosOk)
    client.consume()
    assert len(client.bodies()) == 1
    client.send(1, Basic.Qos(prefetch_count=3, global_=True))
    client.expect(Basic.QosOk)
    assert len(client.bodies()) == 2
    client.send(1, Basic.Qos(prefetch_count=0, global_=True))
    client.expect(Basic.QosOk)
    assert len(client.bodies()) == 7


def test_both_limits_hold_at_once(client):
    fill(client)
    client.consume(tag="a", prefetch=2)
    assert len(client.bodies()) == 2
    client.call(1, Basic.Qos(prefetch_count=3, global_=True), Basic.QosOk)
    client.consume(tag="b")
    assert len(client.bodies()) == 1


def test_a_limit_for_each_consumer_lifts_the_shared_one(client):
    fill(client)
    client.call(1, Basic.Qos(prefetch_count=1, global_=True), Basic.QosOk)
    client.consume(tag="a")
    assert len(client.bodies()) == 1
    client.send(1, Basic.Qos(prefetch_count=1))
    client.expect(Basic.QosOk)
    assert len(client.bodies()) == 9


def test_messages_of_basic_get_count_against_no_consumer(client):
    fill(client)
    assert client.get(no_ack=False).body == b"0"
    client.consume(prefetch=1)
    assert client.bodies() == [b"1"]


def test_a_cancelled_consumers_messages_do_not_count_for_the_next(client):
    fill(client)
    client.consume(tag="a", prefetch=2)
    client.frames()
    client.call(1, Basic.Cancel("a"), Basic.CancelOk)
    client.consume(tag="b")
    assert len(client.bodies()) == 2


def test_requeueing_makes_room_and_brings_the_same_message_again(client):
    fill(client)
    client.consume(prefetch=1)
    assert client.bodies() == [b"0"]
    client.send(1, Basic.Nack(1, requeue=True))
    (again,) = client.deliveries()
    assert again.body == b"0"
    assert again.redelivered


def test_an_uncommitted_ack_makes_no_room(client):
    fill(client)
    client.consume(prefetch=1)
    client.frames()
    client.call(1, Tx.Select(), Tx.SelectOk)
    client.ack(1, 1)
    client.expect_nothing()
    client.send(1, Tx.Commit())
    client.expect(Tx.CommitOk)
    assert client.bodies() == [b"1"]


def test_a_commit_makes_shared_room_for_other_queues_too(client):
    """Found by the simulation, seed 54: only the queue of the acked message looked again."""
    client.declare("r")
    client.call(1, Basic.Qos(prefetch_count=1, global_=True), Basic.QosOk)
    client.call(1, Tx.Select(), Tx.SelectOk)
    client.open_channel(2)
    client.consume("q", tag="q")
    client.consume("r", tag="r")
    client.publish(2, b"q0")
    client.publish(2, b"r0", key="r")
    assert client.bodies() == [b"q0"]
    client.ack(1, 1)
    client.call(1, Tx.Commit(), Tx.CommitOk)
    assert client.bodies() == [b"r0"]


def test_a_size_limit_is_refused(client):
    client.send(1, Basic.Qos(prefetch_size=1))
    client.expect_closed(540, "NOT_IMPLEMENTED - prefetch_size!=0 (1)", Basic.Qos)


def test_a_channel_opened_anew_has_no_limit(client):
    client.call(1, Basic.Qos(prefetch_count=1), Basic.QosOk)
    client.call(1, Channel.Close(200, "", 0, 0), Channel.CloseOk)
    client.open_channel(1)
    fill(client)
    client.consume()
    assert len(client.bodies()) == 10


def test_many_small_windows_over_a_long_backlog_keep_their_limits(broker, client):
    fill(client, 500)
    others = [broker.connect(1) for _ in range(4)]
    for number, other in enumerate(others):
        other.consume(prefetch=number + 1)
    done = 0
    while (got := [(other, other.deliveries()) for other in others]) and any(batch for _, batch in got):
        for other, batch in got:
            done += len(batch)
            if batch:
                other.ack(1, batch[-1].delivery_tag, multiple=True)
    assert done == 500
