"""What a restart keeps of queues that look into their messages: deadlines, priorities, attempts, dead letters."""

import pytest
from pamqp.commands import Basic, Queue

from tests.conversation import Broker
from tests.streams.faulty import FaultyFiles


@pytest.fixture
def files():
    return FaultyFiles()


def restarted(broker, files, *, after: float = 0.0):
    """The same data directory, so many seconds later."""
    broker.stop()
    return Broker(files=files, now=broker.now + after)


def test_deadlines_count_from_the_first_arrival(files):
    broker = Broker(files=files)
    client = broker.connect(1)
    client.declare(durable=True, arguments={"x-message-ttl": 10_000})
    client.publish(1, b"a", delivery_mode=2)
    broker.advance(4)
    client.publish(1, b"b", delivery_mode=2)
    broker = restarted(broker, files, after=1)
    client = broker.connect(1)
    assert client.count() == 2
    broker.advance(5.5)
    assert client.count() == 1
    assert client.get().body == b"b"


@pytest.mark.parametrize("killed", [False, True])
def test_an_expiration_counts_on_in_a_queue_without_time_to_live(files, killed):
    broker = Broker(files=files)
    client = broker.connect(1)
    client.declare(durable=True)
    client.publish(1, b"a", delivery_mode=2, expiration="10000")
    client.publish(1, b"b", delivery_mode=2)
    broker = Broker(files=files.after_kill(None), now=broker.now + 5) if killed else restarted(broker, files, after=5)
    client = broker.connect(1)
    assert client.count() == 2
    broker.advance(6)
    assert client.count() == 1


def test_what_expired_while_the_broker_was_down_is_a_dead_letter(files):
    broker = Broker(files=files)
    client = broker.connect(1)
    client.declare("dead", durable=True)
    client.declare(
        durable=True,
        arguments={"x-message-ttl": 1000, "x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead"},
    )
    client.publish(1, b"a", delivery_mode=2)
    broker = restarted(broker, files, after=60)
    client = broker.connect(1)
    assert client.count() == 0
    assert client.get("dead").properties.headers["x-death"][0]["reason"] == "expired"


def test_priorities(files):
    broker = Broker(files=files)
    client = broker.connect(1)
    client.declare(durable=True, arguments={"x-max-priority": 9})
    for body, priority in ((b"a", 1), (b"b", 9), (b"c", None), (b"d", 9)):
        client.publish(1, body, priority=priority, delivery_mode=2)
    broker = restarted(broker, files)
    assert broker.connect(1).drain() == [b"b", b"d", b"a", b"c"]


@pytest.mark.parametrize("size", [10, 30_000])
def test_a_long_backlog_of_priorities(files, size):
    broker = Broker(files=files)
    client = broker.connect(1)
    client.declare(durable=True, arguments={"x-max-priority": 9})
    bodies = [b"%06d" % number + b"x" * size for number in range(500)]
    for number, body in enumerate(bodies):
        client.publish(1, body, priority=number % 3, delivery_mode=2)
    broker = restarted(broker, files)
    assert broker.connect(1).drain() == sorted(bodies, key=lambda body: -(int(body[:6]) % 3))


def test_a_limit_of_bytes_keeps_no_consumer_waiting_for_the_whole_backlog(files):
    broker = Broker(files=files)
    client = broker.connect(1)
    client.declare(durable=True, arguments={"x-max-length-bytes": 10**9})
    bodies = [b"%06d" % number + b"x" * 30_000 for number in range(100)]
    for body in bodies:
        client.publish(1, body, delivery_mode=2)
    broker.stop()
    broker = Broker(files=files, now=broker.now, disk_waits=True)
    client = broker.connect(1)
    client.consume(no_ack=True)
    while not (got := client.bodies()):
        assert broker.read_blocks()
    # Most of it is on the disk only.
    assert broker.node.gauge.bytes < 10**6
    while len(got) < len(bodies):
        broker.read_blocks()
        with broker.turn():
            pass
        got += client.bodies()
    assert got == bodies


def test_who_publishes_all_the_time_keeps_no_consumer_of_priorities_waiting(files):
    broker = Broker(files=files)
    client = broker.connect(1)
    client.declare(durable=True, arguments={"x-max-priority": 9})
    client.publish(1, b"old", b"old", priority=1, delivery_mode=2)
    broker.stop()
    broker = Broker(files=files, now=broker.now, disk_waits=True)
    client = broker.connect(1)
    client.consume(no_ack=True)
    got = []
    for _ in range(10):
        client.publish(1, b"new", delivery_mode=2)
        broker.read_blocks()
        batch = broker.node.take_batch(broker.node.turn())
        batch.perform()
        # While that commit was under way, so that something always waits for the next one.
        client.publish(1, b"new", delivery_mode=2)
        turn = broker.node.turn()
        broker.node.batch_done(batch, turn)
        broker._finish_all(turn)
        got += client.bodies()
    assert got[:2] == [b"old", b"old"]
    assert len(got) > 12


@pytest.mark.parametrize("killed", [False, True])
def test_attempts(files, killed):
    broker = Broker(files=files)
    client = broker.connect(1)
    client.declare(durable=True, arguments={"x-queue-type": "quorum", "x-delivery-limit": 2})
    client.publish(1, b"a", delivery_mode=2)
    client.send(1, Basic.Reject(client.get(no_ack=False).delivery_tag, requeue=True))
    broker.advance(1)
    broker = Broker(files=files.after_kill(None), now=broker.now) if killed else restarted(broker, files)
    client = broker.connect(1)
    got = client.get(no_ack=False)
    assert got.properties.headers["x-delivery-count"] == 1
    client.send(1, Basic.Reject(got.delivery_tag, requeue=True))
    client.send(1, Basic.Reject(client.get(no_ack=False).delivery_tag, requeue=True))
    assert client.count() == 0


def test_a_client_cannot_claim_deaths_after_a_restart_either(files):
    broker = Broker(files=files)
    client = broker.connect(1)
    client.declare("dead", durable=True)
    client.declare(durable=True, arguments={"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead"})
    client.publish(1, b"a", delivery_mode=2, headers={"x-death": [{"queue": "q", "reason": "rejected", "count": 7}]})
    broker = restarted(broker, files)
    client = broker.connect(1)
    client.send(1, Basic.Reject(client.get(no_ack=False).delivery_tag, requeue=False))
    assert [death["count"] for death in client.get("dead").properties.headers["x-death"]] == [1]


def test_deaths_count_on_after_a_restart(files):
    broker = Broker(files=files)
    client = broker.connect(1)
    client.declare("q2", durable=True, arguments={"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "q"})
    client.declare(durable=True, arguments={"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "q2"})
    client.publish(1, b"a", delivery_mode=2)
    for queue in ("q", "q2"):
        client.send(1, Basic.Reject(client.get(queue, no_ack=False).delivery_tag, requeue=False))
    broker = restarted(broker, files)
    client = broker.connect(1)
    client.send(1, Basic.Reject(client.get(no_ack=False).delivery_tag, requeue=False))
    deaths = client.get("q2").properties.headers["x-death"]
    assert [(death["queue"], death["count"]) for death in deaths] == [("q", 2), ("q2", 1)]


def test_length_limits(files):
    broker = Broker(files=files)
    client = broker.connect(1)
    client.declare(durable=True, arguments={"x-max-length-bytes": 30})
    client.publish(1, *[b"0123456789"] * 3, delivery_mode=2)
    broker = restarted(broker, files)
    client = broker.connect(1)
    client.publish(1, b"new", delivery_mode=2)
    assert client.drain() == [b"0123456789", b"0123456789", b"new"]


@pytest.mark.parametrize("commits", [0, 1, 2, 9])
def test_a_dead_letter_is_in_one_queue_after_an_orderly_stop(files, commits):
    broker = Broker(files=files, disk_waits=True)
    client = broker.connect(1)
    client.send(1, Queue.Declare(queue="dead", durable=True))
    client.send(
        1,
        Queue.Declare(
            queue="q",
            durable=True,
            arguments={"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead"},
        ),
    )
    client.publish(1, b"a", delivery_mode=2)
    while broker.commit():
        pass
    client.send(1, Basic.Get(queue="q"))
    client.send(1, Basic.Reject(1, requeue=False))
    for _ in range(commits):
        broker.commit()
    client.die()
    broker.stop()
    client = Broker(files=files, now=broker.now).connect(1)
    assert client.drain("dead") == [b"a"]
    assert client.drain() == []
