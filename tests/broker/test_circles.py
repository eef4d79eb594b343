"""What a client leaves behind is freed at once, by counting references; nothing of it waits for the collector."""

import gc
from collections import Counter

import pytest

from tests.conversation import Basic, Broker, Channel, Queue, Tx
from tests.streams.faulty import FaultyFiles

# A frame of 4 GiB; a queue.declare that is cut short.
TOO_LARGE = b"\x01\x00\x01\xff\xff\xff\xff"
CUT_SHORT = b"\x01\x00\x01\x00\x00\x00\x07\x00\x32\x00\x0a\x00\x00\x05\xce"


def consume_own_queue(client):
    client.declare("own", exclusive=True)
    client.consume("own")
    client.publish(1, b"unacked", key="own")


def transact(client):
    client.call(1, Tx.Select(), Tx.SelectOk)
    client.publish(1, b"uncommitted", key="nowhere")


LIVES = {
    "says nothing more": lambda client: None,
    "consumes its own queue": consume_own_queue,
    "waits for replies": lambda client: client.send(1, Basic.Consume(queue="amq.rabbitmq.reply-to", no_ack=True)),
    "has a transaction": transact,
    "has a channel closed": lambda client: client.send(1, Queue.Declare(queue="missing", passive=True)),
    "opens a channel twice": lambda client: client.send(1, Channel.Open()),
    "is refused": lambda client: client.send(1, Channel.Flow(False)),
    "loses the framing": lambda client: client.send_bytes(TOO_LARGE),
    "sends arguments that are cut short": lambda client: client.send_bytes(CUT_SHORT),
}


# What a declare and a consume ask for.
KEPT = {"queue": ({}, {}), "stream": ({"x-queue-type": "stream"}, {"x-stream-offset": "first"})}


def living() -> Counter[str]:
    rooms = ("broker", "protocol", "streams")
    return Counter(type(each).__qualname__ for each in gc.get_objects() if str(type(each).__module__).startswith(rooms))


def left_by(live_and_die) -> Counter[str]:
    """What a second life leaves that the first had not left already, for the collector alone to find."""
    live_and_die()
    gc.collect()
    gc.disable()
    try:
        before = living()
        live_and_die()
        return living() - before
    finally:
        gc.enable()


@pytest.mark.parametrize("life", LIVES.values(), ids=LIVES.keys())
def test_a_life_leaves_nothing_to_the_collector(life):
    broker = Broker()

    def live_and_die():
        client = broker.connect(1)
        client.referee = None
        life(client)
        client.die()
        broker.clients.clear()

    assert left_by(live_and_die) == Counter()


@pytest.mark.parametrize("on_disk", [True, False], ids=["on disk", "in memory"])
@pytest.mark.parametrize(("arguments", "begin"), KEPT.values(), ids=KEPT.keys())
def test_a_deleted_log_leaves_nothing_to_the_collector(arguments, begin, on_disk):
    """A circle there kept the messages of each durable queue in memory, until 50,000 more objects had been made."""
    broker = Broker(files=FaultyFiles() if on_disk else None)
    client = broker.connect(1)
    client.referee = None
    client.call(1, Basic.Qos(prefetch_count=10), Basic.QosOk)

    def live_and_die():
        client.declare("kept", durable=True, arguments=arguments)
        client.publish(1, b"read", b"unacked", b"waiting", key="kept", delivery_mode=2)
        client.consume("kept", arguments=begin)
        client.call(1, Basic.Cancel("c"), Basic.CancelOk)
        client.ack(1, client.frames()[0].delivery_tag)
        client.call(1, Basic.Recover(requeue=True), Basic.RecoverOk)
        client.call(1, Queue.Delete(queue="kept"), Queue.DeleteOk)
        client.frames()

    assert left_by(live_and_die) == Counter()
