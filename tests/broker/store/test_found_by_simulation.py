"""Bugs that the simulation of nodes on a faulty disk found, each by its name (``tests/simulation/durable``)."""

from random import Random

import pytest

from tests.conversation import Basic, Broker, Confirm, Queue
from tests.simulation.durable.disk import Disk

PERSISTENT = {"delivery_mode": 2}


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
    while broker.commit():
        pass
    client.frames()
    return client


def test_a_publish_that_was_confirmed_alone_is_not_confirmed_again(broker, client):
    """It stood behind one that was not safe yet; when that was, the frame for both named the second once more."""
    client.publish(1, b"one", **PERSISTENT)
    client.publish(1, b"two", key="nowhere")
    client.expect(Basic.Ack, delivery_tag=2)
    broker.commit()
    client.expect(Basic.Ack, delivery_tag=1, multiple=False)
    client.publish(1, b"three", key="nowhere")
    client.expect(Basic.Ack, delivery_tag=3, multiple=False)


def test_nobody_waits_for_what_a_dead_connection_took_along(broker, client):
    """An auto-delete queue went with it; the next method of anybody was answered after the next change, if one came."""
    other = broker.connect(1)
    other.send(1, Queue.Declare(queue="auto", durable=True, auto_delete=True), Basic.Consume(queue="auto"))
    while broker.commit():
        pass
    other.die()
    while broker.commit():
        pass
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
