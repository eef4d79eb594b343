"""A client that does not read stops only itself, and holds no more memory than its outbox may."""

import pamqp.frame
import pytest

from broker.session.outbox import Outbox
from tests.conversation import Basic, Broker, Confirm, Queue


@pytest.fixture
def broker():
    broker = Broker()
    broker.connect(1).declare()
    return broker


def publish(broker, count, size=1000):
    broker.clients[0].publish(1, *[b"x" * size] * count)


def slow_consumer(broker, **settings):
    client = broker.connect(1)
    client.consume(**settings)
    client.reads = False
    return client


def test_deliveries_stop_when_the_outbox_is_full(broker):
    slow = slow_consumer(broker, no_ack=True)
    publish(broker, 5000)
    assert slow.session.outbox.full
    assert Outbox.HIGH_WATER <= slow.session.outbox.size < 3 * Outbox.HIGH_WATER
    assert broker.queue("q").message_count > 3000


def test_another_consumer_of_the_same_queue_gets_the_rest(broker):
    slow = slow_consumer(broker, no_ack=True)
    fast = broker.connect(1)
    fast.consume(no_ack=True)
    publish(broker, 5000)
    assert broker.queue("q").message_count == 0
    slow.start_reading()
    assert len(slow.bodies()) + len(fast.bodies()) == 5000


def test_it_goes_on_where_it_stopped_once_there_is_room(broker):
    slow = slow_consumer(broker, no_ack=True)
    client = broker.clients[0]
    client.publish(1, *(b"%06d" % number + b"x" * 1000 for number in range(3000)))
    slow.start_reading()
    assert [int(body[:6]) for body in slow.bodies()] == list(range(3000))


def test_a_little_room_is_not_enough(broker):
    """Between the marks nothing is delivered, or every send would wake the queue."""
    slow = slow_consumer(broker, no_ack=True)
    publish(broker, 2000)
    outbox = slow.session.outbox
    waiting = broker.queue("q").message_count
    while outbox.full:
        assert broker.queue("q").message_count == waiting
        outbox.take()
        relieved = outbox.size <= Outbox.LOW_WATER
        with broker.turn() as turn:
            slow.session.drained(turn)
        if relieved:
            break
    assert broker.queue("q").message_count < waiting


def test_large_messages_overshoot_by_no_more_than_one_piece(broker):
    slow = slow_consumer(broker, no_ack=True)
    publish(broker, 40, size=100_000)
    assert slow.session.outbox.size < Outbox.HIGH_WATER + 2 * 256 * 1024


def test_a_mixture_of_large_and_small_is_bounded_too(broker):
    """The size of a piece is a guess from the mean; a run of large ones may not run away with it."""
    slow = slow_consumer(broker, no_ack=True)
    client = broker.clients[0]
    client.publish(1, *[b"s"] * 20_000)
    slow.reads = True
    slow.start_reading()
    slow.frames()
    slow.reads = False
    client.publish(1, *[b"l" * 100_000] * 20, *[b"s"] * 2000)
    assert slow.session.outbox.size < 16 * Outbox.HIGH_WATER


def test_replies_still_go_in_and_stop_the_reading_in_the_end(broker):
    deaf = broker.connect(1)
    deaf.reads = False
    publish(broker, 60, size=100_000)
    asked = 0
    while not deaf.session.paused:
        deaf.send(1, Basic.Get(queue="q", no_ack=True))
        asked += 1
        assert asked < 60
    assert Outbox.CLOGGED <= deaf.session.outbox.size < Outbox.CLOGGED + 200_000
    resumed = []
    deaf.session.on_resume = lambda: resumed.append(True)
    deaf.start_reading()
    assert resumed
    assert not deaf.session.paused
    assert len(deaf.frames()) == asked


def test_a_publisher_that_never_reads_its_confirms_is_stopped(broker):
    deaf = broker.connect(1)
    deaf.call(1, Confirm.Select(), Confirm.SelectOk)
    deaf.reads = False
    run = deaf.publish_bytes(1, b"", "nowhere", mandatory=True) * 2000
    deaf.referee = None
    turns = 0
    while not deaf.session.paused:
        deaf.send_bytes(run)
        turns += 1
        assert turns < 200
    assert deaf.session.outbox.size < 2 * Outbox.CLOGGED


def test_the_others_do_not_notice(broker):
    slow_consumer(broker, no_ack=True)
    publish(broker, 5000)
    client = broker.connect(1)
    client.declare("other")
    client.consume("other", no_ack=True)
    client.publish(1, b"x", key="other")
    assert client.bodies() == [b"x"]


def test_what_a_slow_consumer_had_not_read_comes_back_when_it_dies(broker):
    slow = slow_consumer(broker)
    publish(broker, 3000)
    assert broker.queue("q").message_count < 3000
    slow.die()
    assert broker.queue("q").message_count == 3000


def test_a_full_consumer_that_is_cancelled_needs_no_wake(broker):
    slow = slow_consumer(broker, no_ack=True)
    publish(broker, 3000)
    slow.send(1, Basic.Cancel("c"))
    left = broker.queue("q").message_count
    slow.start_reading()
    assert broker.queue("q").message_count == left


def test_its_queue_may_be_deleted_while_it_sleeps(broker):
    slow = slow_consumer(broker, no_ack=True)
    publish(broker, 3000)
    broker.clients[0].call(1, Queue.Delete(queue="q"), Queue.DeleteOk)
    slow.start_reading()
    assert slow.frames()[-1].name == "Basic.Cancel"


def test_ten_slow_consumers_share_and_all_is_delivered_once(broker):
    slow = [slow_consumer(broker, prefetch=2000) for _ in range(10)]
    client = broker.clients[0]
    client.publish(1, *(b"%06d" % number + b"x" * 500 for number in range(15_000)))
    for each in slow:
        each.start_reading()
    got = [int(body[:6]) for each in slow for body in each.bodies()]
    assert sorted(got) == list(range(15_000))


def test_a_flood_of_gets_is_answered_no_faster_than_it_is_read(broker):
    publish(broker, 200, size=100_000)
    client = broker.connect(1)
    client.reads = False
    gets = pamqp.frame.marshal(Basic.Get(queue="q", no_ack=True), 1) * 200
    client.referee = None
    client.send_bytes(gets)
    assert client.session.paused
    assert client.session.outbox.size < Outbox.CLOGGED + 200_000
    client.wants_drain = True
    client.start_reading()
    got = client.frames()
    assert len(got) == 200
    assert all(len(each.body) == 100_000 for each in got)


def test_a_publish_to_thousands_of_queues_lets_others_in_between(broker):
    client, other = broker.connect(1), broker.connect(1)
    for number in range(1000):
        client.declare(f"many{number}")
        client.call(1, Queue.Bind(queue=f"many{number}", exchange="amq.fanout"), Queue.BindOk)
    publishes = b"".join(client.publish_bytes(1, b"x", key="", exchange="amq.fanout") for _ in range(900))
    other.declare("mine")

    turn = broker.node.turn()
    client.session.receive(publishes, turn)
    more = turn.finish()
    assert more
    assert client.session.paused
    assert broker.queue("many0").message_count < 900
    resumed = []
    client.session.on_resume = lambda: resumed.append(True)
    assert other.declare("mine").message_count == 0  # this turn is run to the end of all that was left over
    assert broker.queue("many0").message_count == broker.queue("many999").message_count == 900
    assert resumed
    assert not client.session.paused
