"""Time to live of messages and of queues, with the clock in the test's hand."""

import pytest
from pamqp.commands import Basic, Queue

from tests.conversation import Broker


@pytest.fixture
def broker():
    return Broker()


@pytest.fixture
def client(broker):
    return broker.connect(1)


def test_a_message_lives_as_long_as_its_queue_says(broker, client):
    client.declare(arguments={"x-message-ttl": 1000})
    client.publish(1, b"a", b"b")
    broker.advance(0.9)
    assert client.count() == 2
    broker.advance(0.2)
    assert client.count() == 0
    assert client.get() is None


@pytest.mark.parametrize(("queue_ms", "own_ms"), [(1000, "5000"), (5000, "1000")])
def test_the_shorter_of_two_times_counts(broker, client, queue_ms, own_ms):
    client.declare(arguments={"x-message-ttl": queue_ms})
    client.publish(1, b"a", expiration=own_ms)
    broker.advance(0.99)
    assert client.count() == 1
    broker.advance(0.02)
    assert client.count() == 0


def test_a_short_lived_message_behind_a_long_lived_one_waits_and_counts(broker, client):
    client.declare()
    client.publish(1, b"long", expiration="10000")
    client.publish(1, b"short", expiration="1000")
    broker.advance(5)
    assert client.count() == 2
    got = client.get()
    assert (got.body, got.message_count) == (b"long", 0)


def test_what_has_expired_behind_the_head_is_not_delivered(broker, client):
    client.declare()
    client.publish(1, b"long", expiration="10000")
    client.publish(1, b"short", expiration="1000")
    client.publish(1, b"last")
    broker.advance(5)
    client.consume(no_ack=True)
    assert client.bodies() == [b"long", b"last"]


def test_with_no_time_at_all_a_waiting_consumer_gets_it(broker, client):
    client.declare(arguments={"x-message-ttl": 0})
    client.publish(1, b"lost")
    assert client.count() == 0
    client.consume(no_ack=True)
    client.publish(1, b"a", b"b")
    assert client.bodies() == [b"a", b"b"]


def test_what_is_out_does_not_expire_and_expires_when_it_comes_back(broker, client):
    client.declare(arguments={"x-message-ttl": 1000})
    client.publish(1, b"a")
    got = client.get(no_ack=False)
    broker.advance(5)
    client.send(1, Basic.Reject(got.delivery_tag, requeue=True))
    assert client.count() == 0


def test_expiration_is_delivered_as_it_was_published(client):
    client.declare()
    client.publish(1, b"a", expiration="60000")
    assert client.get().properties.expiration == "60000"


@pytest.mark.parametrize("durable", [False, True])
def test_expiry_ends_what_many_messages_hold(broker, client, durable):
    client.declare(durable=durable, arguments={"x-message-ttl": 1000})
    client.publish(1, *[b"x"] * 5000, delivery_mode=2)
    broker.advance(2)
    assert client.count() == 0
    assert broker.node.gauge.bytes == 0


def test_a_queue_that_nobody_uses_goes(broker, client):
    client.declare(arguments={"x-expires": 1000})
    client.publish(1, b"does not keep it")
    broker.advance(0.9)
    assert broker.queues == {"q"}
    broker.advance(0.2)
    assert broker.queues == set()


@pytest.mark.parametrize(
    "use",
    [
        lambda client: client.declare(arguments={"x-expires": 1000}),
        lambda client: client.get(),
    ],
)
def test_using_a_queue_keeps_it(broker, client, use):
    client.declare(arguments={"x-expires": 1000})
    broker.advance(0.9)
    use(client)
    broker.advance(0.9)
    assert broker.queues == {"q"}
    broker.advance(0.2)
    assert broker.queues == set()


def test_a_consumer_keeps_a_queue_and_its_leaving_starts_the_time(broker, client):
    client.declare(arguments={"x-expires": 1000})
    client.consume()
    broker.advance(10)
    client.call(1, Basic.Cancel("c"), Basic.CancelOk)
    broker.advance(0.9)
    assert broker.queues == {"q"}
    broker.advance(0.2)
    assert broker.queues == set()


def test_a_deleted_queue_leaves_no_deadline(broker, client):
    before = len(broker.node.backlog.timetable)
    client.declare(arguments={"x-expires": 1000, "x-message-ttl": 500})
    client.publish(1, b"a")
    client.call(1, Queue.Delete(queue="q"), Queue.DeleteOk)
    assert len(broker.node.backlog.timetable) == before


def test_each_of_a_run_has_its_own_time_to_live(broker, client):
    """They come in one read, some with an expiration, some without."""
    client.declare()
    lives = [7, 50, 100, 100, 200, None, 30, None]
    data = b"".join(
        client.publish_bytes(1, b"%d" % number, **({} if ms is None else {"expiration": str(ms)}))
        for number, ms in enumerate(lives)
    )
    client.send_bytes(data)
    left = []
    for _ in range(5):
        left.append(client.count())
        broker.advance(0.051)
    assert left == [8, 6, 4, 4, 3]
    # The last that expires stood behind one that never does.
    assert client.drain() == [b"5", b"7"]
