"""What is not said before the disk has it: confirms, commit-ok, declare-ok; and a disk that refuses for a while."""

import errno
from random import Random

import pytest
from pamqp.heartbeat import Heartbeat

from tests.conversation import Basic, Broker, Confirm, Connection, Exchange, Queue, Tx
from tests.streams.faulty import FaultyFile, FaultyFiles

PERSISTENT = {"delivery_mode": 2}
BEAT = b"\x08\x00\x00\x00\x00\x00\x00\xce"


@pytest.fixture
def files():
    return FaultyFiles(Random(1))


@pytest.fixture
def broker(files):
    """It writes when it is told to."""
    return Broker(files=files, disk_waits=True)


def written(broker):
    while broker.commit():
        pass


@pytest.fixture
def client(broker):
    """On channel 1, with confirms; the durable queue q and the durable exchange e are safe."""
    client = broker.connect(1)
    client.send(
        1,
        Confirm.Select(),
        Queue.Declare(queue="q", durable=True),
        Exchange.Declare(exchange="e", exchange_type="fanout", durable=True),
    )
    written(broker)
    client.frames()
    return client


# -- definitions -------------------------------------------------------------------------------------------------------

CHANGES = [
    (Queue.Declare(queue="new", durable=True), Queue.DeclareOk),
    (Queue.Declare(queue="new", durable=True, arguments={"x-queue-type": "stream"}), Queue.DeclareOk),
    (Exchange.Declare(exchange="new", exchange_type="topic", durable=True), Exchange.DeclareOk),
    (Queue.Bind(queue="q", exchange="e"), Queue.BindOk),
    (Exchange.Bind(destination="e", source="amq.direct", routing_key="k"), Exchange.BindOk),
    (Queue.Delete(queue="q"), Queue.DeleteOk),
    (Exchange.Delete(exchange="e"), Exchange.DeleteOk),
]


@pytest.mark.parametrize(("change", "reply"), CHANGES)
def test_a_change_is_answered_when_it_is_safe(broker, client, files, change, reply):
    client.send(1, change)
    client.expect_nothing()
    broker.commit()
    client.expect(reply, 1)
    client.expect_nothing()
    after = Broker(files=files.after_power_cut(Random(1)))
    # As it was answered, so it is: what is not there can be made, and what is there is passed over.
    assert after.queues == broker.queues
    assert set(after.node.vhosts["/"].exchanges) == set(broker.node.vhosts["/"].exchanges)


@pytest.mark.parametrize(
    ("question", "reply"),
    [
        (Queue.Declare(queue="q", durable=True), Queue.DeclareOk),
        (Queue.Declare(queue="q", passive=True), Queue.DeclareOk),
        (Queue.Declare(queue="transient"), Queue.DeclareOk),
        (Queue.Declare(queue="mine", durable=True, exclusive=True), Queue.DeclareOk),
        (Exchange.Declare(exchange="transient", exchange_type="topic"), Exchange.DeclareOk),
        (Basic.Qos(prefetch_count=1), Basic.QosOk),
    ],
)
def test_what_changes_nothing_on_the_disk_is_answered_at_once(client, question, reply):
    client.call(1, question, reply)


def test_what_stands_behind_a_change_keeps_its_place_and_others_are_answered(broker, client):
    other = broker.connect(1)
    client.send(1, Queue.Declare(queue="new", durable=True), Basic.Qos(prefetch_count=1))
    client.send(1, Queue.Declare(queue="transient"))
    client.expect_nothing()
    other.call(1, Basic.Qos(prefetch_count=1), Basic.QosOk)
    broker.commit()
    client.expect(Queue.DeclareOk, queue="new")
    client.expect(Basic.QosOk)
    client.expect(Queue.DeclareOk, queue="transient")


def test_changes_that_wait_together_take_one_commit(broker, client):
    for number in range(10):
        client.send(1, Queue.Declare(queue=f"q{number}", durable=True))
    assert broker.commit()
    assert [got.queue for got in client.frames()] == [f"q{number}" for number in range(10)]
    assert not broker.commit()


# -- confirms ----------------------------------------------------------------------------------------------------------


def test_confirms_wait_for_the_disk_and_come_as_one(broker, client):
    for number in range(5):
        client.publish(1, b"%d" % number, **PERSISTENT)
    client.expect_nothing()
    broker.commit()
    client.expect(Basic.Ack, 1, delivery_tag=5, multiple=True)
    client.expect_nothing()


def test_what_comes_while_the_disk_writes_is_for_the_next_commit(broker, client, files):
    client.publish(1, b"first", **PERSISTENT)
    batch = broker.node.take_batch(broker.node.turn())
    client.publish(1, b"second", **PERSISTENT)
    client.publish(1, b"third", **PERSISTENT)
    assert broker.node.take_batch(broker.node.turn()) is None
    batch.perform()
    with broker.turn() as turn:
        broker.node.batch_done(batch, turn)
    client.expect(Basic.Ack, delivery_tag=1, multiple=False)
    client.expect_nothing()
    broker.commit()
    client.expect(Basic.Ack, delivery_tag=3, multiple=True)
    again = Broker(files=files.after_power_cut(Random(1)))
    assert again.connect(1).drain() == [b"first", b"second", b"third"]


def test_written_is_not_safe(broker, client, files):
    """Between the write and the sync nothing is confirmed."""
    client.publish(1, b"x", **PERSISTENT)
    batch = broker.node.take_batch(broker.node.turn())
    for _, commit, _ in batch.results():
        commit.write()
    client.expect_nothing()
    assert any(inode.unsynced for path, inode in files.entries.items() if path.startswith("data/logs/"))


def test_what_needs_no_disk_is_confirmed_past_what_waits(broker, client):
    client.declare("memory")
    client.publish(1, b"persistent", **PERSISTENT)
    client.publish(1, b"transient")
    client.publish(1, b"unroutable", key="nowhere", **PERSISTENT)
    client.publish(1, b"to memory", key="memory", **PERSISTENT)
    assert [(got.delivery_tag, got.multiple) for got in client.frames()] == [(2, False), (3, False), (4, False)]
    client.publish(1, b"persistent", **PERSISTENT)
    client.expect_nothing()
    broker.commit()
    client.expect(Basic.Ack, delivery_tag=5, multiple=True)
    client.expect_nothing()


def test_returns_come_before_their_confirms_and_do_not_wait(broker, client):
    client.publish(1, b"waits", **PERSISTENT)
    client.publish(1, b"nowhere", key="nowhere", mandatory=True, **PERSISTENT)
    client.expect(Basic.Return, reply_code=312)
    client.expect(Basic.Ack, delivery_tag=2, multiple=False)
    broker.commit()
    client.expect(Basic.Ack, delivery_tag=1, multiple=False)


def test_a_message_for_several_queues_waits_for_all(broker, client):
    client.send(1, Queue.Declare(queue="r", durable=True), Queue.Bind(queue="q", exchange="e"))
    client.send(1, Queue.Bind(queue="r", exchange="e"))
    written(broker)
    client.frames()
    client.publish(1, b"x", exchange="e", key="", **PERSISTENT)
    client.expect_nothing()
    broker.commit()
    client.expect(Basic.Ack, delivery_tag=1)


def test_a_consumer_need_not_wait_for_the_disk(broker, client):
    client.consume(tag="c")
    client.publish(1, b"x", **PERSISTENT)
    assert client.bodies() == [b"x"]
    client.ack(1, 1)
    broker.commit()
    client.expect(Basic.Ack, delivery_tag=1)


def test_a_stream_confirms_and_delivers_what_is_safe(broker, client):
    client.send(1, Queue.Declare(queue="s", durable=True, arguments={"x-queue-type": "stream"}))
    written(broker)
    client.expect(Queue.DeclareOk)
    client.consume("s", prefetch=10)
    client.publish(1, b"x", key="s")
    client.expect_nothing()
    broker.commit()
    assert {type(got.method) for got in client.frames()} == {Basic.Ack, Basic.Deliver}


def test_a_transaction_is_answered_when_it_is_safe(broker, client):
    other = broker.connect(1)
    other.call(1, Tx.Select(), Tx.SelectOk)
    other.publish(1, b"one", b"two", **PERSISTENT)
    assert not broker.commit()
    other.send(1, Tx.Commit())
    other.expect_nothing()
    broker.commit()
    other.expect(Tx.CommitOk, 1)


def test_a_transaction_of_what_needs_no_disk_is_answered_at_once(broker, client):
    other = broker.connect(1)
    other.call(1, Tx.Select(), Tx.SelectOk)
    other.publish(1, b"one")
    other.call(1, Tx.Commit(), Tx.CommitOk)


def test_definitions_go_first(broker, client, files, monkeypatch):
    """A confirm may be given only if the queue is there, too; so its log is not written before that is safe."""
    done = []

    def spy(verb):
        real = getattr(FaultyFile, verb)

        def noted(file, *arguments):
            (path,) = [path for path, inode in files.entries.items() if inode is file.inode]
            done.append((verb, path.split("/")[1]))
            return real(file, *arguments)

        return noted

    for verb in ("write", "sync"):
        monkeypatch.setattr(FaultyFile, verb, spy(verb))
    client.publish(1, b"one", **PERSISTENT)
    broker.connect(1).send(1, Queue.Declare(queue="new", durable=True))
    broker.commit()
    assert done == [("write", "definitions"), ("sync", "definitions"), ("write", "logs"), ("sync", "logs")]


# -- a disk that refuses -----------------------------------------------------------------------------------------------


def refuse(files):
    files.fault, files.fault_share = errno.ENOSPC, 1.0


@pytest.fixture
def swift(files):
    """A broker whose disk is as fast as the turns, with the durable queue q and a message in it."""
    broker = Broker(files=files)
    client = broker.connect(1)
    client.declare(durable=True)
    client.publish(1, b"before", **PERSISTENT)
    return broker


def test_a_disk_that_refuses_holds_publishers_back_until_it_takes_again(swift, files):
    publisher, consumer = swift.connect(1), swift.connect(1, heartbeat=10)
    publisher.call(1, Confirm.Select(), Confirm.SelectOk)
    refuse(files)
    publisher.publish(1, b"one", b"two", **PERSISTENT)
    publisher.expect(Connection.Blocked, 0, reason="low on disk")
    publisher.expect_nothing()
    assert publisher.session.paused
    # Who consumes goes on, and may ack; time goes on.
    consumer.consume(prefetch=10)
    got = consumer.deliveries()
    assert [each.body for each in got] == [b"before", b"one", b"two"]
    consumer.ack(1, 1)
    for _ in range(3):
        swift.advance(5)
        assert {type(each.method) for each in consumer.frames()} == {Heartbeat}
        consumer.send_bytes(BEAT)
    consumer.call(1, Basic.Qos(prefetch_count=5), Basic.QosOk)
    publisher.expect_nothing()
    files.fault = None
    swift.advance(1.0)
    assert {type(each.method): each for each in publisher.frames()}.keys() == {Connection.Unblocked, Basic.Ack}
    assert not publisher.session.paused
    publisher.publish(1, b"three", **PERSISTENT)
    publisher.expect(Basic.Ack, delivery_tag=3)
    said = [notice for notice in swift.notices if "data directory" in notice]
    assert len(said) == 2
    assert said[0].startswith("cannot write to the data directory: ")
    assert said[1] == "the data directory can be written to again"
    swift.stop()
    again = Broker(files=files)
    assert [(got.body, got.redelivered) for got in iter(again.connect(1).get, None)] == [
        (b"one", True),
        (b"two", True),
        (b"three", True),
    ]


def test_it_is_asked_again_each_second_and_not_more_often(swift, files):
    publisher = swift.connect(1)
    refuse(files)
    publisher.publish(1, b"x", **PERSISTENT)
    publisher.expect(Connection.Blocked)
    tries = []
    step = files.step
    files.step = lambda verb, size=0: (tries.append(swift.now), step(verb, size))[1]
    consumer = swift.connect(1)
    for _ in range(20):
        consumer.call(1, Basic.Qos(), Basic.QosOk)
    assert tries == []
    began = swift.now
    swift.advance(3.5)
    assert sorted(set(tries)) == [began + 1, began + 2, began + 3]


class PickyFiles(FaultyFiles):
    """A disk that refuses to write to some files only: those whose path begins so."""

    refused = "nothing"

    def open(self, path, *, create=False):
        if path.startswith(self.refused):
            raise self.error()
        return super().open(path, create=create)


def test_nothing_is_written_while_the_definitions_cannot_be(monkeypatch):
    """A confirm may rely on a queue's definition: so they go first, although a message came before them."""
    # Its file is opened for each commit.
    monkeypatch.setattr("broker.store.committing._OPEN_FILES", 0)
    files = PickyFiles(Random(1))
    broker = Broker(files=files, disk_waits=True)
    client = broker.connect(1)
    client.send(1, Confirm.Select(), Queue.Declare(queue="q", durable=True))
    written(broker)
    client.frames()
    files.fault, files.refused = errno.ENOSPC, "data/definitions"
    client.publish(1, b"x", **PERSISTENT)
    client.send(1, Queue.Bind(queue="q", exchange="amq.fanout"))
    assert broker.commit()
    client.expect(Connection.Blocked, reason="low on disk")
    client.expect_nothing()
    assert not any(path.startswith("data/logs/") for path in files.entries)
    files.fault, files.refused = None, "nothing"
    broker.now += 1
    written(broker)
    assert {type(got.method) for got in client.frames()} == {Queue.BindOk, Basic.Ack, Connection.Unblocked}


def test_what_a_killed_broker_wrote_is_safe_before_anybody_sees_it(broker, client, files):
    """It was not synced, and would have gone with the power; a client of the next broker has seen it."""
    client.publish(1, b"x", **PERSISTENT)
    for _, commit, _ in broker.node.take_batch(broker.node.turn()).results():
        commit.file = None
        commit.write()
        files.rename(commit.segment.path + ".unfinished", commit.segment.path)
    again = Broker(files=files.after_kill(Random(1)))
    assert again.connect(1).count() == 1
    later = Broker(files=files.after_power_cut(Random(1)))
    assert later.connect(1).drain() == [b"x"]


def test_declarations_wait_for_a_disk_that_refuses(swift, files):
    client, other = swift.connect(1), swift.connect(1)
    refuse(files)
    client.send(1, Queue.Declare(queue="new", durable=True))
    other.call(1, Queue.Declare(queue="transient"), Queue.DeclareOk)
    swift.advance(5)
    client.expect_nothing()
    files.fault = None
    swift.advance(1)
    client.expect(Queue.DeclareOk, queue="new")


def test_who_waits_for_a_disk_that_refuses_is_told_so_and_hears_heartbeats(swift, files):
    """All that it was to hear waited behind declare-ok: no reason came, and its heart took the broker's for stopped."""
    client = swift.connect(1, heartbeat=10)
    client.publish(1, b"x", **PERSISTENT)
    refuse(files)
    client.send(1, Queue.Declare(queue="new", durable=True))
    client.expect(Connection.Blocked, 0, reason="low on disk")
    client.expect_nothing()
    for _ in range(3):
        swift.advance(5)
        assert {type(each.method) for each in client.frames()} == {Heartbeat}
        client.send_bytes(BEAT)
    files.fault = None
    swift.advance(1)
    assert {type(each.method) for each in client.frames()} == {Connection.Unblocked, Queue.DeclareOk}


def test_a_kill_while_the_disk_refuses_loses_nothing_that_was_confirmed(swift, files):
    publisher = swift.connect(1)
    publisher.call(1, Confirm.Select(), Confirm.SelectOk)
    publisher.publish(1, b"confirmed", **PERSISTENT)
    publisher.expect(Basic.Ack, delivery_tag=1)
    refuse(files)
    publisher.publish(1, b"not confirmed", **PERSISTENT)
    publisher.expect(Connection.Blocked)
    swift.advance(3)
    publisher.expect_nothing()
    again = Broker(files=files.after_kill(Random(1)))
    assert again.connect(1).drain()[:2] == [b"before", b"confirmed"]


def test_a_stop_while_the_disk_refuses_comes_to_an_end(swift, files):
    """What was not safe nobody was promised; it counts as a kill, as nothing says that it was none."""
    refuse(files)
    swift.stop()
    files.fault = None
    again = Broker(files=files)
    assert again.store.was_killed
    got = again.connect(1).get()
    assert (got.body, got.redelivered) == (b"before", True)


@pytest.mark.parametrize("seed", range(20))
def test_a_disk_that_refuses_now_and_then_loses_and_doubles_nothing(seed):
    files = FaultyFiles(Random(seed))
    broker = Broker(files=files)
    client = broker.connect(1)
    client.declare(durable=True)
    client.call(1, Confirm.Select(), Confirm.SelectOk)
    files.fault, files.fault_share = errno.ENOSPC, 0.3
    for number in range(50):
        client.publish(1, b"%d" % number, **PERSISTENT)
        broker.advance(0.5)
    files.fault = None
    broker.advance(2)
    acks = [got for got in client.frames() if isinstance(got.method, Basic.Ack)]
    assert acks[-1].delivery_tag == 50
    broker.stop()
    again = Broker(files=files)
    assert again.connect(1).drain() == [b"%d" % number for number in range(50)]
