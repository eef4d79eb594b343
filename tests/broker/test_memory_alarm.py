"""The memory alarm: who publishes waits and is told so; who consumes goes on, and so it ends."""

import pamqp.frame
import pytest

from tests.conversation import CAPABILITIES, Basic, Broker, Connection, Queue, Tx

LIMIT = 100_000


@pytest.fixture
def broker():
    broker = Broker(memory_limit_bytes=LIMIT)
    broker.connect(1).declare()
    return broker


def set_off(client):
    """Enough for the alarm."""
    client.publish(1, *[b"x" * 1000] * 110)


def fill(client):
    """Set it off, and publish once more, which is held up."""
    set_off(client)
    client.publish(1, b"", key="nowhere")


def test_a_publisher_is_told_and_not_read_any_more(broker):
    publisher = broker.connect(1)
    fill(publisher)
    publisher.expect(Connection.Blocked, reason="low on memory")
    assert publisher.session.paused
    assert broker.node.alarms.memory


def test_below_the_limit_nothing_happens(broker):
    publisher = broker.connect(1)
    publisher.publish(1, b"x" * 50_000)
    publisher.expect_nothing()
    assert not publisher.session.paused


def test_who_only_consumes_goes_on_and_ends_it(broker):
    publisher, consumer = broker.connect(1), broker.connect(1)
    fill(publisher)
    publisher.expect(Connection.Blocked)
    assert not consumer.session.paused
    consumer.consume(prefetch=10)
    while batch := consumer.deliveries():
        consumer.ack(1, batch[-1].delivery_tag, multiple=True)
    publisher.expect(Connection.Unblocked)
    publisher.expect_nothing()
    assert not publisher.session.paused
    consumer.expect_nothing()


def test_it_is_lifted_only_when_a_fifth_is_free_again(broker):
    publisher, getter = broker.connect(1), broker.connect(1)
    fill(publisher)
    publisher.expect(Connection.Blocked)
    while broker.node.gauge.bytes > LIMIT * 0.8:
        publisher.expect_nothing()
        getter.get()
    publisher.expect(Connection.Unblocked)


def test_who_set_it_off_goes_on_until_it_publishes_again(broker):
    publisher = broker.connect(1)
    set_off(publisher)
    publisher.expect_nothing()
    assert publisher.count() == 110
    publisher.publish(1, b"y", b"z")
    publisher.expect(Connection.Blocked, reason="low on memory")
    assert publisher.session.paused


def test_what_is_published_meanwhile_waits_and_all_that_comes_behind_it(broker):
    publisher, other = broker.connect(1), broker.connect(1)
    set_off(publisher)
    publisher.referee = None
    publisher.send_bytes(
        publisher.publish_bytes(1, b"y")
        + publisher.publish_bytes(1, b"z", "nowhere", mandatory=True)
        + pamqp.frame.marshal(Queue.Declare(queue="r"), 1)
    )
    publisher.send(1, Queue.Declare(queue="s"))
    publisher.expect(Connection.Blocked)
    publisher.expect_nothing()
    assert broker.queues == {"q"}
    assert other.drain()[109:] == [b"x" * 1000, b"y"]
    publisher.expect(Connection.Unblocked)
    publisher.expect(Basic.Return)
    publisher.expect(Queue.DeclareOk)
    publisher.expect(Queue.DeclareOk)
    publisher.expect_nothing()


def test_a_client_that_goes_while_it_waits_leaves_nothing_behind(broker):
    publisher, other = broker.connect(1), broker.connect(1)
    set_off(publisher)
    publisher.publish(1, b"y")
    publisher.die()
    other.drain()
    assert other.drain() == []
    assert broker.node.gauge.bytes == pytest.approx(0, abs=1e-6)


def test_who_begins_to_publish_meanwhile_is_told_then(broker):
    first, late = broker.connect(1), broker.connect(1)
    fill(first)
    late.expect_nothing()
    late.declare("r")
    late.publish(1, b"x", key="r")
    late.expect(Connection.Blocked, reason="low on memory")
    assert late.session.paused


def test_who_connects_meanwhile_is_held_back_too(broker):
    fill(broker.connect(1))
    late = broker.connect(1)
    assert not late.session.paused
    late.publish(1, b"x")
    late.expect(Connection.Blocked)
    assert late.session.paused


def test_a_client_that_cannot_take_it_is_held_back_silently(broker):
    publisher = broker.connect(1, capabilities={**CAPABILITIES, "connection.blocked": False})
    fill(publisher)
    publisher.expect_nothing()
    assert publisher.session.paused
    broker.connect(1).drain()
    publisher.expect_nothing()
    assert not publisher.session.paused


def test_the_shell_is_told_when_reading_may_go_on(broker):
    publisher = broker.connect(1)
    resumed = []
    publisher.session.on_resume = lambda: resumed.append(publisher.session.paused)
    fill(publisher)
    assert resumed == []
    broker.connect(1).drain()
    assert resumed == [False]


def test_a_blocked_client_is_not_taken_for_dead(broker):
    publisher = broker.connect(1, heartbeat=10)
    fill(publisher)
    broker.advance(100)
    assert not publisher.session.ending
    broker.connect(1).drain()
    assert not publisher.session.ending
    broker.advance(31)
    assert publisher.session.ending


def test_a_consumer_that_holds_messages_unacked_keeps_it_up(broker):
    publisher, consumer = broker.connect(1), broker.connect(1)
    consumer.consume()
    fill(publisher)
    assert len(consumer.deliveries()) == 110
    publisher.expect(Connection.Blocked)
    consumer.ack(1, 0, multiple=True)
    publisher.expect(Connection.Unblocked)


@pytest.mark.parametrize("way", ["purge", "delete", "die"])
def test_what_is_purged_deleted_or_left_behind_does_not_count(way):
    broker = Broker(memory_limit_bytes=LIMIT)
    owner, publisher = broker.connect(1), broker.connect(1)
    owner.declare(exclusive=True)
    fill(publisher)
    publisher.expect(Connection.Blocked)
    match way:
        case "purge":
            owner.call(1, Queue.Purge(queue="q"), Queue.PurgeOk)
        case "delete":
            owner.call(1, Queue.Delete(queue="q"), Queue.DeleteOk)
        case _:
            owner.die()
    publisher.expect(Connection.Unblocked)
    assert broker.node.gauge.bytes == pytest.approx(0, abs=1e-6)


def test_a_message_in_many_queues_counts_whole_in_the_one_that_keeps_it(broker):
    publisher, reader = broker.connect(1), broker.connect(1)
    for number in range(4):
        publisher.declare(f"f{number}")
        publisher.call(1, Queue.Bind(queue=f"f{number}", exchange="amq.fanout"), Queue.BindOk)
    for number in range(3):
        reader.consume(f"f{number}", tag=f"c{number}", no_ack=True)
    size = LIMIT // 8
    for _ in range(4):
        publisher.publish(1, b"x" * size, exchange="amq.fanout")
    assert broker.node.gauge.bytes > 4 * size
    assert not publisher.session.paused
    for _ in range(8):
        publisher.publish(1, b"x" * size, exchange="amq.fanout")
    assert publisher.session.paused


def test_a_body_that_nobody_takes_weighs_nothing(broker):
    client = broker.connect(1)
    client.publish(1, *[b"x" * 1000] * 200, key="nowhere")
    client.publish(1, b"y", key="nowhere", mandatory=True)
    client.expect(Basic.Return)
    assert broker.node.gauge.bytes == 0


def test_a_blocked_client_hears_that_the_broker_stops_and_is_read_for_its_close_ok(broker):
    client = broker.connect(1)
    client.declare()
    fill(client)
    assert client.session.paused
    resumed = []
    client.session.on_resume = lambda: resumed.append(True)
    broker.shutdown()
    assert resumed
    assert not client.session.paused


@pytest.mark.parametrize("end", [Tx.Commit, Tx.Rollback])
def test_what_an_open_transaction_holds_counts(broker, end):
    client, other = broker.connect(1), broker.connect(1)
    client.call(1, Tx.Select(), Tx.SelectOk)
    set_off(client)
    assert broker.node.alarms.memory
    client.send(1, end())
    if end is Tx.Commit:
        client.expect(Tx.CommitOk)
        assert broker.node.alarms.memory
        other.drain()
    else:
        client.expect(Tx.RollbackOk)
    assert not broker.node.alarms.memory
    assert broker.node.gauge.bytes == pytest.approx(0, abs=1e-6)
