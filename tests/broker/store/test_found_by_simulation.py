"""Bugs that the simulation of nodes on a faulty disk found, each by its name (``tests/simulation/durable``)."""

import contextlib
import errno
from random import Random

import pytest

from broker.queues import holding
from broker.store import committing, store
from tests.conversation import Basic, Broker, Confirm, Queue
from tests.simulation.durable.disk import Disk
from tests.streams.faulty import PowerCut

PERSISTENT = {"delivery_mode": 2}
STREAM = {"x-queue-type": "stream"}


@pytest.fixture
def disk() -> Disk:
    return Disk(Random(0))


@pytest.fixture
def broker(disk) -> Broker:
    """It writes and reads when it is told to."""
    return Broker(files=disk, disk_waits=True)


@pytest.fixture
def client(broker):
    """On channel 1, with confirms, and a durable queue q that is safe."""
    client = broker.connect(1)
    client.send(1, Confirm.Select(), Queue.Declare(queue="q", durable=True))
    written(broker)
    client.frames()
    return client


@pytest.fixture
def small(monkeypatch):
    """A queue keeps two messages in memory, and begins a segment with each commit."""
    monkeypatch.setattr(holding, "_WINDOW_BYTES", 1)
    monkeypatch.setattr(store, "QUEUE_SEGMENT_BYTES", 1)


def written(broker: Broker) -> None:
    while broker.commit():
        pass


def a_second_later(broker: Broker) -> None:
    broker.now += 1
    with broker.turn() as turn:
        broker.node.tick(turn)


def test_a_publish_that_was_confirmed_alone_is_not_confirmed_again(broker, client):
    """It stood behind one that was not safe yet; when that was, the frame for both named the second once more."""
    client.publish(1, b"one", **PERSISTENT)
    client.publish(1, b"two", key="nowhere")
    client.expect(Basic.Ack, delivery_tag=2)
    broker.commit()
    client.expect(Basic.Ack, delivery_tag=1, multiple=False)
    client.publish(1, b"three", key="nowhere")
    client.expect(Basic.Ack, delivery_tag=3, multiple=False)


@pytest.mark.parametrize("passive", [True, False])
def test_what_another_has_declared_is_answered_when_it_is_safe(broker, client, passive):
    """Only who had declared it waited; the other was told that it is there, and a crash could still take it back."""
    client.send(1, Queue.Declare(queue="new", durable=True))
    other = broker.connect(1)
    other.send(1, Queue.Declare(queue="new", durable=True, passive=passive))
    other.expect_nothing()
    other.send(1, Queue.Declare(queue="transient"))
    broker.commit()
    other.expect(Queue.DeclareOk, queue="new")
    other.expect(Queue.DeclareOk, queue="transient")
    broker.connect(1).declare("new", passive=True)


def test_nobody_waits_for_what_a_dead_connection_took_along(broker, client):
    """An auto-delete queue went with it; the next method of anybody was answered after the next change, if one came."""
    other = broker.connect(1)
    other.send(1, Queue.Declare(queue="auto", durable=True, auto_delete=True), Basic.Consume(queue="auto"))
    written(broker)
    other.die()
    written(broker)
    client.call(1, Basic.Qos(prefetch_count=1), Basic.QosOk)


def test_the_confirm_of_a_message_whose_queue_is_deleted_comes_with_the_deletion(broker, client):
    """It had not reached the disk, so there was nothing to remove, no commit of its log, and no confirm ever."""
    client.publish(1, b"one", **PERSISTENT)
    other = broker.connect(1)
    other.send(1, Queue.Delete(queue="q"))
    client.expect_nothing()
    broker.commit()
    other.expect(Queue.DeleteOk, message_count=1)
    client.expect(Basic.Ack, delivery_tag=1)


def test_a_deletion_that_a_crash_takes_back_confirms_nothing(broker, client, disk):
    """A publish was confirmed as soon as its queue was deleted; the crash brought the queue back, without it."""
    client.publish(1, b"one", **PERSISTENT)
    client.send(1, Queue.Delete(queue="q"))
    client.expect_nothing()
    again = Broker(files=disk.after_power_cut(Random(0)))
    assert again.queues == {"q"}


@pytest.mark.usefixtures("small")
def test_a_transient_message_behind_the_window_outlives_its_segment(broker, client):
    """On disk it counts as settled, so its segment could go with the last persistent message there, and it went too."""
    client.publish(1, b"one", **PERSISTENT)
    client.publish(1, b"two", **PERSISTENT)
    client.publish(1, b"transient")
    written(broker)
    client.publish(1, b"three", **PERSISTENT)
    written(broker)
    client.frames()
    assert [client.get().body for _ in range(2)] == [b"one", b"two"]
    written(broker)
    broker.now += 1
    written(broker)
    assert client.count() == 2
    assert client.drain() == [b"transient", b"three"]


@pytest.mark.usefixtures("small")
def test_what_a_get_brings_from_the_disk_goes_to_consumers_too(broker, client):
    """Its block holds more than one message; a consumer that waited for the block itself was not asked again."""
    client.publish(1, *(b"%d" % i for i in range(5)), **PERSISTENT)
    client.publish(1, *(b"%d" % i for i in range(5, 10)), **PERSISTENT)
    written(broker)
    client.frames()
    assert [client.get().body for _ in range(5)] == [b"0", b"1", b"2", b"3", b"4"]
    client.consume(no_ack=True)
    client.expect_nothing()
    assert client.get().body == b"5"
    assert client.bodies() == [b"6", b"7", b"8", b"9"]


@pytest.mark.usefixtures("small")
def test_a_consumer_goes_on_after_the_disk_refused_a_read(broker, client, disk):
    """It was asked again when something else happened to the queue, and nothing else did."""
    client.publish(1, b"one", **PERSISTENT)
    client.publish(1, b"two", **PERSISTENT)
    client.publish(1, b"three", **PERSISTENT)
    written(broker)
    client.frames()
    disk.read_fault, disk.fault_share = errno.EIO, 1.0
    client.consume(no_ack=True)
    assert client.bodies() == [b"one", b"two"]
    broker.read_blocks()
    disk.read_fault = None
    a_second_later(broker)
    broker.read_blocks()
    assert client.bodies() == [b"three"]


def test_a_reader_of_a_stream_goes_on_after_the_disk_refused_a_read(broker, disk):
    client = broker.connect(1)
    client.send(1, Queue.Declare(queue="s", durable=True, arguments=STREAM))
    client.publish(1, b"one", key="s")
    written(broker)
    again = Broker(files=disk.after_kill(Random(0)), disk_waits=True)
    client = again.connect(1)
    disk.read_fault, disk.fault_share = errno.EIO, 1.0
    client.consume("s", prefetch=1, arguments={"x-stream-offset": "first"})
    again.read_blocks()
    disk.read_fault = None
    a_second_later(again)
    again.read_blocks()
    assert client.bodies() == [b"one"]


def test_recover_on_a_channel_that_also_reads_a_stream(broker, client):
    """What the stream's reader may have again comes before recover-ok; what a queue took back must come behind it."""
    client.send(1, Queue.Declare(queue="s", durable=True, arguments=STREAM))
    written(broker)
    client.frames()
    client.consume("s", tag="stream", prefetch=1)
    client.consume("q", tag="queue", prefetch=1)
    client.publish(1, b"one", **PERSISTENT)
    assert client.bodies() == [b"one"]
    client.send(1, Basic.Recover(requeue=True))
    client.expect(Basic.RecoverOk)
    client.expect(Basic.Deliver, redelivered=True)


@pytest.mark.usefixtures("small")
def test_a_segment_without_messages_goes_alone(broker, client, disk):
    """It begins at the offset at which the next one does, which went with it, unsettled messages and all."""
    client.publish(1, b"first", **PERSISTENT)
    client.publish(1, b"settled", **PERSISTENT)
    written(broker)
    client.frames()
    assert client.get(no_ack=False).body == b"first"
    assert client.get().body == b"settled"
    # A commit of that settlement alone, in a segment of its own.
    broker.now += 1
    written(broker)
    client.publish(1, b"third", **PERSISTENT)
    written(broker)
    again = Broker(files=disk.after_kill(Random(0)), disk_waits=True)
    client = again.connect(1)
    for message in (b"fourth", b"fifth"):
        client.publish(1, message, **PERSISTENT)
        written(again)
    client = Broker(files=disk.after_power_cut(Random(0))).connect(1)
    assert client.drain() == [b"first", b"third", b"fourth", b"fifth"]


@pytest.mark.parametrize("verb", ["write", "rename", "sync_folder"])
def test_what_a_failed_commit_began_goes_with_its_queue(broker, client, disk, monkeypatch, verb):
    """Its new segment was in no list yet, and stayed on the disk until the next start."""
    client.publish(1, b"one", **PERSISTENT)
    monkeypatch.setattr(disk, "step", refusing(verb))
    broker.commit()
    monkeypatch.undo()
    other = broker.connect(1)
    other.send(1, Queue.Delete(queue="q"))
    broker.now += 1
    written(broker)
    other.expect(Queue.DeleteOk, message_count=1)
    assert not disk.names("data/logs")


def refusing(verb: str):
    """A disk's ``step`` that fails with this verb, once half of a write is done."""

    def step(what: str, size: int = 0) -> int:
        if what == verb:
            raise OSError(errno.EIO, "the disk says no")
        return size

    return step


def test_a_stop_without_syncs_that_is_killed_half_way():
    """Its last words were there and nothing was synced: the next broker took all for safe, and the power went."""
    for steps in range(8):
        disk = Disk(Random(steps))
        broker = Broker(files=disk, durability="os")
        client = broker.connect(1)
        client.declare(durable=True)
        client.publish(1, b"one", **PERSISTENT)
        disk.steps_left = steps
        with contextlib.suppress(PowerCut):
            broker.stop()
        disk = disk.after_kill(Random(steps))
        Broker(files=disk)
        assert Broker(files=disk.after_power_cut(Random(steps))).connect(1).drain() == [b"one"], steps


@pytest.mark.parametrize("lost", [1, 83, 84])
def test_a_transient_message_of_a_commit_that_was_cut_short_does_not_count(broker, client, disk, lost):
    """The commit's records were there, and not that one of them was transient: it was counted, and not there."""
    client.publish(1, b"one", **PERSISTENT)
    written(broker)
    client.publish(1, b"transient")
    client.publish(1, b"two", **PERSISTENT)
    written(broker)
    disk = disk.after_kill(Random(0))
    (log,) = (inode for path, inode in disk.entries.items() if path.startswith("data/logs/"))
    # The last 84 bytes say it.
    del log.now[-lost:]
    for _ in range(2):
        disk = disk.after_kill(Random(0))
        again = Broker(files=disk)
        assert again.connect(1).count() == 2
        again.stop()
    assert Broker(files=disk).connect(1).drain() == [b"one", b"two"]


@pytest.mark.parametrize("segment_bytes", [1, 1_000_000])
def test_nor_does_it_count_after_a_start_that_was_cut_short(broker, client, disk, monkeypatch, segment_bytes):
    """That start had closed the segment, or begun an epoch, and not said it yet: the log did not end with records."""
    client.publish(1, b"one", **PERSISTENT)
    written(broker)
    client.publish(1, b"transient")
    client.publish(1, b"two", **PERSISTENT)
    written(broker)
    disk = disk.after_kill(Random(0))
    (log,) = (inode for path, inode in disk.entries.items() if path.startswith("data/logs/"))
    del log.now[-84:]
    log.sync()
    monkeypatch.setattr(store, "QUEUE_SEGMENT_BYTES", segment_bytes)
    for seed in range(40):
        copy = disk.after_power_cut(Random(seed))
        for steps in (seed % 10, 3, 100):
            copy = copy.after_power_cut(Random(seed))
            copy.steps_left = steps
            with contextlib.suppress(PowerCut):
                assert Broker(files=copy).connect(1).count() == 2


def test_logs_with_nothing_to_write_do_not_keep_others_from_it(broker, client, monkeypatch):
    """A batch takes so many logs; where those had nothing, none was written, and the others waited for another turn."""
    monkeypatch.setattr(committing, "_LOGS_AT_ONCE", 1)
    client.publish(1, b"one", **PERSISTENT)
    written(broker)
    client.send(1, Queue.Declare(queue="other", durable=True))
    written(broker)
    client.frames()
    broker.node.backlog.unwritten[broker.queue("q")._log] = None
    client.publish(1, b"two", key="other", **PERSISTENT)
    assert broker.commit()
    client.expect(Basic.Ack, delivery_tag=2)
