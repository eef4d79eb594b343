"""Producers, consumers and simple queues; serialisers; what is acked, rejected and given back."""

import contextlib
import socket

import pytest

from interop.clients.process import INSTALL

kombu = pytest.importorskip("kombu", reason=INSTALL)


@pytest.fixture
def queue(connection, unique):
    exchange = kombu.Exchange(unique("x"), type="topic", auto_delete=True)
    bound = kombu.Queue(unique("q"), exchange, routing_key="hares.#", durable=True)(connection.default_channel)
    bound.declare()
    yield bound
    kombu.Queue(bound.name)(connection.default_channel).delete()  # a test may have lost the first channel


def take(connection, queue, count):
    """The next messages, each acked as it comes."""
    found = []

    def keep(body, message):
        found.append((body, message))
        message.ack()

    with kombu.Consumer(connection, queue, callbacks=[keep], accept=["json", "pickle", "text/plain"]):
        while len(found) < count:
            connection.drain_events(timeout=10)
    return found


def test_a_simple_queue(connection, unique):
    simple = connection.SimpleQueue(unique("q"))
    for number in range(3):
        simple.put({"number": number})
    assert simple.qsize() == 3
    taken = [simple.get(timeout=5) for _ in range(3)]
    assert [message.payload for message in taken] == [{"number": number} for number in range(3)]
    for message in taken:
        message.ack()
    with pytest.raises(simple.Empty):
        simple.get(block=False)
    simple.close()
    simple.queue(connection.channel()).delete()


@pytest.mark.parametrize("serializer", ["json", "pickle"])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_what_is_published_arrives_as_it_was(connection, queue, serializer, compression):
    producer = connection.Producer()
    body = {"name": "hare", "legs": [1, 2, 3, 4], "text": "x" * 5000}
    headers = {"number": 1, "nested": {"list": [1, "two", None]}}
    producer.publish(
        body, exchange=queue.exchange, routing_key="hares.brown", serializer=serializer, compression=compression,
        headers=headers, priority=3, correlation_id="c", reply_to="r", expiration=60, retry=True,
    )  # fmt: skip
    ((arrived, message),) = take(connection, queue, 1)
    assert arrived == body
    assert headers.items() <= message.headers.items()
    assert message.delivery_info["routing_key"] == "hares.brown"
    assert message.properties["expiration"] == "60000"
    assert (message.properties["correlation_id"], message.properties["reply_to"]) == ("c", "r")
    assert message.properties["delivery_mode"] == 2


def test_what_is_requeued_comes_again_marked(connection, queue):
    producer = connection.Producer(exchange=queue.exchange, routing_key="hares.brown")
    producer.publish("body")
    first = queue.get()
    first.requeue()
    ((body, second),) = take(connection, queue, 1)
    assert (first.delivery_info["redelivered"], second.delivery_info["redelivered"]) == (False, True)
    assert body == "body"


def test_prefetch_holds_back_what_is_over_it(connection, queue):
    producer = connection.Producer(exchange=queue.exchange, routing_key="hares.brown")
    for number in range(5):
        producer.publish(number)
    found = []
    with kombu.Consumer(
        connection, queue, callbacks=[lambda body, message: found.append(message)], prefetch_count=2
    ) as consumer:
        drain_for_half_a_second(connection)
        assert [message.payload for message in found] == [0, 1]
        found[1].channel.basic_ack(found[1].delivery_tag, multiple=True)
        while len(found) < 4:
            connection.drain_events(timeout=5)
        consumer.recover(requeue=True)
        while len(found) < 6:
            connection.drain_events(timeout=5)
    assert [message.payload for message in found[2:]] == [2, 3, 2, 3]


def drain_for_half_a_second(connection):
    with contextlib.suppress(socket.timeout):
        while True:
            connection.drain_events(timeout=0.5)


def test_an_unroutable_message_is_returned(connection, queue):
    returned = []
    producer = connection.Producer(
        exchange=queue.exchange, on_return=lambda exception, exchange, key, message: returned.append((exception, key))
    )
    producer.publish("body", routing_key="rabbits", mandatory=True)
    (((exception, key)),) = returned
    assert (exception.reply_code, exception.reply_text, key) == (312, "NO_ROUTE", "rabbits")


def test_a_lost_connection_is_made_anew(connection, queue):
    producer = connection.Producer(exchange=queue.exchange, routing_key="hares.brown")
    producer.publish("before")
    connection.connection.transport.sock.shutdown(socket.SHUT_RDWR)
    producer.publish("after", retry=True, retry_policy={"max_retries": 3, "interval_start": 0})
    assert [body for body, _ in take(connection, queue, 2)] == ["before", "after"]


def test_a_heartbeat_keeps_a_connection(url):
    with kombu.Connection(url, heartbeat=2) as connection:
        connection.ensure_connection(max_retries=1)
        assert connection.get_heartbeat_interval() == 2
        for _ in range(8):  # three seconds and a bit: without beats the broker would be gone
            connection.heartbeat_check(rate=4)
            with pytest.raises(socket.timeout):
                connection.drain_events(timeout=0.5)
        assert connection.connected
