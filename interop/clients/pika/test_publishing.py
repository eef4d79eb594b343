"""Publishing with and without confirms, returns, and messages that arrive as they were sent."""

import datetime as dt
import decimal

import pika
import pytest
from pika.exceptions import ChannelClosedByBroker, UnroutableError


def test_a_confirmed_message_is_there(channel):
    channel.confirm_delivery()
    queue = channel.queue_declare("", exclusive=True).method.queue
    channel.basic_publish("", queue, b"x", mandatory=True)
    assert channel.queue_declare(queue, passive=True).method.message_count == 1


def test_a_mandatory_message_nobody_takes_comes_back(channel, unique):
    channel.confirm_delivery()
    with pytest.raises(UnroutableError) as refused:
        channel.basic_publish("", unique("nobody"), b"lost", pika.BasicProperties(message_id="17"), mandatory=True)
    (returned,) = refused.value.messages
    assert (returned.method.reply_code, returned.method.reply_text) == (312, "NO_ROUTE")
    assert (returned.method.exchange, returned.method.routing_key) == ("", unique("nobody"))
    assert (returned.properties.message_id, returned.body) == ("17", b"lost")


def test_returns_come_without_confirms_too(connection, channel, unique):
    returned = []
    channel.add_on_return_callback(lambda *arguments: returned.append(arguments))
    channel.basic_publish("", unique("nobody"), b"lost", mandatory=True)
    channel.queue_declare("", exclusive=True)  # its answer comes after the return
    connection.process_data_events(0)
    ((_, method, _, body),) = returned
    assert (method.reply_code, body) == (312, b"lost")


def test_a_missing_exchange_costs_the_channel(connection, unique):
    channel = connection.channel()
    channel.confirm_delivery()
    with pytest.raises(ChannelClosedByBroker) as refused:
        channel.basic_publish(unique("missing"), "key", b"x")
    assert refused.value.reply_text == f"NOT_FOUND - no exchange '{unique('missing')}' in vhost '/'"
    assert connection.is_open


@pytest.mark.parametrize("size", [0, 1, 131_064, 131_065, 8_000_000])
def test_a_body_of_any_size_arrives_whole(channel, size):
    body = bytes(range(256)) * (size // 256) + b"." * (size % 256)
    queue = channel.queue_declare("", exclusive=True).method.queue
    channel.basic_publish("", queue, body)
    assert channel.basic_get(queue, auto_ack=True)[2] == body


def test_properties_and_headers_come_back(channel):
    headers = {
        "true": True, "false": False, "nothing": None, "small": -1, "big": 2**62, "text": "ünïcödé",
        "bytes": b"\xff\x00",
        "decimal": decimal.Decimal("3.14"), "list": [1, "two", [3]], "table": {"deep": {"deeper": 1}},
        "time": dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC),
    }  # fmt: skip
    sent = pika.BasicProperties(
        content_type="text/plain", content_encoding="utf-8", headers=headers, delivery_mode=2, priority=9,
        correlation_id="correlation", reply_to="reply", expiration="3600000", message_id="id", timestamp=1_767_323_045,
        type="kind", user_id="guest", app_id="tests", cluster_id="cluster",
    )  # fmt: skip
    queue = channel.queue_declare("", exclusive=True).method.queue
    channel.basic_publish("", queue, b"x", sent)
    found = channel.basic_get(queue, auto_ack=True)[1]
    times = found.headers["time"], headers["time"]
    found.headers["time"] = headers["time"] = None
    assert vars(found) == vars(sent)
    assert times[0].replace(tzinfo=dt.UTC) == times[1]


def test_ten_thousand_messages_stay_in_order(connection, channel):
    queue = channel.queue_declare("", exclusive=True).method.queue
    for number in range(10_000):
        channel.basic_publish("", queue, str(number).encode())
    channel.basic_qos(prefetch_count=500)
    seen = []
    for method, _, body in channel.consume(queue, inactivity_timeout=5):
        assert method is not None, f"nothing came for five seconds after {len(seen)} messages"
        seen.append(int(body))
        if len(seen) % 100 == 0:
            channel.basic_ack(method.delivery_tag, multiple=True)
        if len(seen) == 10_000:
            break
    assert seen == list(range(10_000))
    assert channel.cancel() == 0
