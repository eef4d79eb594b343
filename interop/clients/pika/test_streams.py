"""Stream queues: declared, published to, and read from any offset, as often and by as many as there are readers."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ChannelClosedByBroker, ConnectionClosedByBroker

EVERY_ARGUMENT: dict[str, Any] = {
    "x-queue-type": "stream",
    "x-max-length-bytes": 10_000_000,
    "x-max-age": "7D",
    "x-stream-max-segment-size-bytes": 1_000_000,
    "x-stream-filter-size-bytes": 32,
    "x-initial-cluster-size": 1,
    "x-queue-leader-locator": "client-local",
    "x-mine": "kept, and never looked at",
}
# A broker that still has something to deliver does so within milliseconds.
_PATIENCE_S = 5.0
_SILENCE_S = 0.03


class Read(NamedTuple):
    """One delivery, as far as these tests look at it."""

    offset: int
    body: bytes
    method: Any
    properties: pika.BasicProperties


class Reader:
    """A consumer of a stream on a channel of its own, which keeps what comes and acks only when it is told to."""

    def __init__(self, connection: pika.BlockingConnection, stream: str, prefetch: int, **arguments: Any) -> None:
        """``arguments`` are the consumer's, with underscores for hyphens: ``x_stream_offset="first"``."""
        self.seen: list[Read] = []
        self.cancelled: list[str] = []
        self._connection = connection
        self.channel = connection.channel()
        self.channel.basic_qos(prefetch_count=prefetch)
        self.channel.add_on_cancel_callback(lambda frame: self.cancelled.append(frame.method.consumer_tag))
        named = {name.replace("_", "-"): value for name, value in arguments.items()}
        self.tag = self.channel.basic_consume(stream, self._take, arguments=named)

    def _take(self, _: BlockingChannel, method: Any, properties: pika.BasicProperties, body: bytes) -> None:
        self.seen.append(Read(properties.headers["x-stream-offset"], body, method, properties))

    def until(self, count: int) -> list[Read]:
        """Wait until that many have come in all, and see that nothing more does."""
        deadline = time.monotonic() + _PATIENCE_S
        while len(self.seen) < count and time.monotonic() < deadline:
            self._connection.process_data_events(0.02)
        self._connection.process_data_events(_SILENCE_S)
        assert len(self.seen) == count, f"{len(self.seen)} deliveries came, not {count}"
        return self.seen

    def ack(self, *, through: int) -> None:
        """Ack all up to the delivery that came at this place, from 0."""
        self.channel.basic_ack(self.seen[through].method.delivery_tag, multiple=True)

    @property
    def bodies(self) -> list[bytes]:
        return [each.body for each in self.seen]

    @property
    def offsets(self) -> list[int]:
        return [each.offset for each in self.seen]


@pytest.fixture
def make(connect: Callable[..., pika.BlockingConnection], unique: Callable[[str], str]) -> Iterator[Callable[..., str]]:
    """Declare streams: ``make("logs", x_max_age="1h")`` gives the name; they are deleted after the test."""
    channel = connect().channel()
    made: list[str] = []

    def one(name: str = "s", **arguments: Any) -> str:
        named = {key.replace("_", "-"): value for key, value in arguments.items()}
        channel.queue_declare(unique(name), durable=True, arguments={"x-queue-type": "stream", **named})
        made.append(unique(name))
        return made[-1]

    yield one
    for stream in made:
        channel.queue_delete(stream)


@pytest.fixture
def writer(connect: Callable[..., pika.BlockingConnection]) -> BlockingChannel:
    """A channel with confirms: each publish is a write of its own, so a chunk of its own."""
    channel = connect().channel()
    channel.confirm_delivery()
    return channel


def write(writer: BlockingChannel, stream: str, *bodies: bytes, **headers: str) -> None:
    """Publish one after the other, each confirmed before the next. Headers with underscores for hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    for body in bodies:
        writer.basic_publish("", stream, body, pika.BasicProperties(headers=named or None), mandatory=True)


def refusal(request: Callable[..., Any], *arguments: Any, **named: Any) -> tuple[int, str]:
    """The broker's words when a request costs the channel or the connection."""
    with pytest.raises((ChannelClosedByBroker, ConnectionClosedByBroker)) as refused:
        request(*arguments, **named)
    return refused.value.reply_code, refused.value.reply_text


# -- declaring


def test_a_stream_is_declared_with_every_argument_and_again(connection, unique):
    channel = connection.channel()
    declared = channel.queue_declare(unique("s"), durable=True, arguments=EVERY_ARGUMENT).method
    try:
        assert (declared.message_count, declared.consumer_count) == (0, 0)
        channel.queue_declare(unique("s"), durable=True, arguments=EVERY_ARGUMENT)
        channel.queue_declare(unique("s"), passive=True)
    finally:
        channel.queue_delete(unique("s"))


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"x-max-age": "8D"}, "'x-max-age' for {}: received '8D' but current is '7D'"),
        ({"x-max-length-bytes": 7}, "'x-max-length-bytes' for {}: received '7' but current is '10000000'"),
        ({"x-queue-type": "classic"}, "'x-queue-type' for {}: received 'classic' but current is 'stream'"),
    ],
)
def test_a_stream_is_not_redeclared_otherwise(connection, unique, changed, complaint):
    connection.channel().queue_declare(unique("s"), durable=True, arguments=EVERY_ARGUMENT)
    try:
        otherwise = {**EVERY_ARGUMENT, **changed}
        code, text = refusal(connection.channel().queue_declare, unique("s"), durable=True, arguments=otherwise)
        assert code == 406
        where = complaint.format(f"queue '{unique('s')}' in vhost '/'")
        assert text == f"PRECONDITION_FAILED - inequivalent arg {where}"
    finally:
        connection.channel().queue_delete(unique("s"))


@pytest.mark.parametrize(
    ("properties", "arguments", "complaint"),
    [
        ({"durable": False}, {}, "invalid property 'non-durable' for {}"),
        ({"exclusive": True}, {}, "invalid property 'exclusive-owner' for {}"),
        ({"auto_delete": True}, {}, "invalid property 'auto-delete' for {}"),
        ({}, {"x-max-length": 5}, "invalid arg 'x-max-length' for {} of queue type rabbit_stream_queue"),
        ({}, {"x-message-ttl": 5}, "invalid arg 'x-message-ttl' for {} of queue type rabbit_stream_queue"),
        ({}, {"x-expires": 5}, "invalid arg 'x-expires' for {} of queue type rabbit_stream_queue"),
        (
            {},
            {"x-single-active-consumer": True},
            "invalid arg 'x-single-active-consumer' for {} of queue type rabbit_stream_queue",
        ),
        ({}, {"x-max-age": "7 days"}, "invalid arg 'x-max-age' for {}: invalid_max_age"),
        ({}, {"x-max-length-bytes": -1}, "invalid arg 'x-max-length-bytes' for {}: {{value_negative,-1}}"),
        (
            {},
            {"x-stream-max-segment-size-bytes": 3_000_000_001},
            "Exceeded max value for x-stream-max-segment-size-bytes",
        ),
        ({}, {"x-stream-filter-size-bytes": 15}, "Invalid value for  x-stream-filter-size-bytes"),
    ],
)
def test_what_a_stream_cannot_be_is_refused(connection, unique, properties, arguments, complaint):
    settings = {"durable": True, **properties, "arguments": {"x-queue-type": "stream", **arguments}}
    code, text = refusal(connection.channel().queue_declare, unique("s"), **settings)
    assert code == 406
    assert text == "PRECONDITION_FAILED - " + complaint.format(f"queue '{unique('s')}' in vhost '/'")
    assert connection.is_open


def test_a_stream_has_to_be_named(connection):
    settings = {"durable": True, "arguments": {"x-queue-type": "stream"}}
    code, text = refusal(connection.channel().queue_declare, "", **settings)
    assert code == 406
    assert text == "PRECONDITION_FAILED - Cannot declare a server-named queue for type rabbit_stream_queue"


@pytest.mark.parametrize(
    ("prefetch", "settings", "code", "complaint"),
    [
        (0, {}, 406, "PRECONDITION_FAILED - consumer prefetch count is not set for stream {}"),
        (5, {"auto_ack": True}, 540, "NOT_IMPLEMENTED - automatic acknowledgement not supported by stream {}"),
        (
            5,
            {"arguments": {"x-priority": 1}},
            406,
            "PRECONDITION_FAILED - invalid arg 'x-priority' for {} of queue type rabbit_stream_queue",
        ),
        (
            5,
            {"arguments": {"x-stream-offset": "1d"}},
            406,
            (
                "PRECONDITION_FAILED - invalid arg 'x-stream-offset' for {}: "
                '{{invalid_stream_offset_arg,{{longstr,<<"1d">>}}}}'
            ),
        ),
    ],
)
def test_a_consumer_that_a_stream_cannot_serve_is_refused(connection, make, prefetch, settings, code, complaint):
    stream = make()
    channel = connection.channel()
    channel.basic_qos(prefetch_count=prefetch)
    refused = refusal(channel.basic_consume, stream, lambda *_: None, **settings)
    assert refused == (code, complaint.format(f"queue '{stream}' in vhost '/'"))
    assert connection.is_open is (code == 406)


def test_a_prefetch_of_the_whole_channel_does_not_do(connection, make):
    stream = make()
    channel = connection.channel()
    channel.basic_qos(prefetch_count=5, global_qos=True)
    code, text = refusal(channel.basic_consume, stream, lambda *_: None)
    assert (code, text.partition(" for ")[0]) == (406, "PRECONDITION_FAILED - consumer prefetch count is not set")


@pytest.mark.parametrize(
    ("method", "complaint"),
    [
        ("basic_get", "NOT_IMPLEMENTED - basic.get not supported by stream queues {}"),
        ("queue_purge", "NOT_IMPLEMENTED - queue.purge not supported by stream queues {}"),
    ],
)
def test_what_empties_a_queue_is_not_for_streams(connection, make, method, complaint):
    stream = make()
    refused = refusal(getattr(connection.channel(), method), stream)
    assert refused == (540, complaint.format(f"queue '{stream}' in vhost '/'"))
    assert connection.is_closed


# -- where a reader begins


@pytest.mark.parametrize(
    ("arguments", "first"),
    [
        ({}, 5),
        ({"x_stream_offset": "next"}, 5),
        ({"x_stream_offset": "first"}, 0),
        ({"x_stream_offset": "last"}, 4),
        ({"x_stream_offset": 0}, 0),
        ({"x_stream_offset": 3}, 3),
        ({"x_stream_offset": 5}, 5),
        ({"x_stream_offset": -1}, 0),
        ({"x_stream_offset": 6}, 6),
        ({"x_stream_offset": "1h"}, 0),
        ({"x_stream_offset": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)}, 0),
        ({"x_stream_offset": dt.datetime(2100, 1, 1, tzinfo=dt.UTC)}, 5),
    ],
    ids=str,
)
def test_a_reader_begins_where_it_wants(connection, make, writer, arguments, first):
    stream = make()
    write(writer, stream, b"0", b"1", b"2", b"3", b"4")
    reader = Reader(connection, stream, 100, **arguments)
    reader.until(max(5 - first, 0))
    write(writer, stream, b"5", b"6")
    reader.until(7 - first)
    assert reader.offsets == list(range(first, 7))
    assert reader.bodies == [str(offset).encode() for offset in reader.offsets]


def test_a_reader_begins_at_a_time(connection, make, writer):
    stream = make()
    write(writer, stream, b"before")
    time.sleep(2.1)  # AMQP's times are whole seconds
    between = dt.datetime.now(dt.UTC)
    write(writer, stream, b"after")
    for begin in (between, "1s"):
        assert [each.body for each in Reader(connection, stream, 9, x_stream_offset=begin).until(1)] == [b"after"]


@pytest.mark.parametrize("offset", ["first", "last", "next", 0, dt.datetime(2020, 1, 1, tzinfo=dt.UTC), "1h"], ids=str)
def test_the_first_message_of_an_empty_stream_is_for_everybody(connection, make, writer, offset):
    stream = make()
    reader = Reader(connection, stream, 9, x_stream_offset=offset)
    reader.until(0)
    write(writer, stream, b"0")
    assert [(each.offset, each.body) for each in reader.until(1)] == [(0, b"0")]


def test_a_program_goes_on_where_it_stopped(connection, make, writer):
    """It keeps its place itself, as the broker keeps none."""
    stream = make()
    write(writer, stream, *(str(number).encode() for number in range(6)))
    place, seen = 0, []
    for _ in range(3):
        reader = Reader(connection, stream, 2, x_stream_offset=place)
        reader.until(2)
        reader.channel.close()
        seen += reader.bodies
        place = reader.offsets[-1] + 1
    assert seen == [b"0", b"1", b"2", b"3", b"4", b"5"]


# -- what is delivered


def test_a_thousand_confirmed_messages_have_the_offsets_0_to_999(connection, make):
    """Confirms are counted, not awaited one by one: the writer has all thousand in flight."""
    stream = make()
    channel = connection.channel()
    confirmed: list[int] = []
    channel._impl.confirm_delivery(
        lambda frame: confirmed.extend(
            range(confirmed[-1] + 1 if confirmed else 1, frame.method.delivery_tag + 1)
            if frame.method.multiple
            else [frame.method.delivery_tag]
        )
    )
    for number in range(1000):
        channel.basic_publish("", stream, str(number).encode())
    deadline = time.monotonic() + _PATIENCE_S
    while len(confirmed) < 1000 and time.monotonic() < deadline:
        connection.process_data_events(0.02)
    assert sorted(confirmed) == list(range(1, 1001))
    reader = Reader(connection, stream, 1000, x_stream_offset="first")
    reader.until(1000)
    assert reader.offsets == list(range(1000))
    assert reader.bodies == [str(number).encode() for number in range(1000)]


def test_a_reader_follows_while_others_write(connect, make, writer):
    stream = make()
    reader = Reader(connect(), stream, 10_000, x_stream_offset="first")
    for number in range(20):
        write(writer, stream, b"%d" % number)
        reader._connection.process_data_events(0)
    reader.until(20)
    assert reader.offsets == list(range(20))
    assert [each.method.delivery_tag for each in reader.seen] == list(range(1, 21))


def test_a_message_comes_back_as_it_was_sent(connection, make, channel, unique):
    stream = make()
    channel.confirm_delivery()
    channel.exchange_declare(unique("x"), "topic", auto_delete=True)
    channel.queue_bind(stream, unique("x"), "hare.#")
    headers = {"small": -1, "big": 2**40, "true": True, "text": "ünïcödé", "nothing": None, "x-kept": "too"}
    sent = pika.BasicProperties(
        content_type="text/plain", content_encoding="utf-8", headers=headers, delivery_mode=2, priority=9,
        correlation_id="correlation", reply_to="reply", expiration="3600000", message_id="id", timestamp=1_767_323_045,
        type="kind", user_id="guest", app_id="tests",
    )  # fmt: skip
    channel.basic_publish(unique("x"), "hare.brown", b"x", sent, mandatory=True)
    channel.basic_publish(unique("x"), "hare.white", b"y", sent, mandatory=True)
    first, second = Reader(connection, stream, 9, x_stream_offset="first").until(2)
    assert (first.method.exchange, first.method.routing_key) == (unique("x"), "hare.brown")
    assert second.method.routing_key == "hare.white"
    assert not first.method.redelivered
    assert vars(first.properties) == {**vars(sent), "headers": {**headers, "x-stream-offset": 0}}
    assert second.properties.headers["x-stream-offset"] == 1


@pytest.mark.parametrize("size", [0, 1, 4088, 131_000, 131_065, 3_000_000])
def test_a_body_of_any_size_arrives_whole(connect, make, writer, size):
    stream = make()
    body = bytes(range(256)) * (size // 256) + b"." * (size % 256)
    write(writer, stream, body, b"next")
    for frame_max in (4096, 131_072):
        reader = Reader(connect(frame_max=frame_max), stream, 9, x_stream_offset="first")
        reader.until(2)
        assert reader.bodies == [body, b"next"]
        assert reader.offsets == [0, 1]


def test_a_publisher_cannot_choose_the_offset(connection, make, writer):
    stream = make()
    write(writer, stream, b"x", x_stream_offset="17")
    assert Reader(connection, stream, 9, x_stream_offset="first").until(1)[0].offset == 0


def test_a_message_goes_to_a_stream_and_a_queue_alike(connection, make, writer, unique):
    stream = make()
    queue = writer.queue_declare("", exclusive=True).method.queue
    writer.exchange_declare(unique("x"), "fanout", auto_delete=True)
    for name in (stream, queue):
        writer.queue_bind(name, unique("x"))
    writer.basic_publish(unique("x"), "", b"both")
    assert Reader(connection, stream, 9, x_stream_offset="first").until(1)[0].body == b"both"
    _, properties, body = writer.basic_get(queue, auto_ack=True)
    assert body == b"both"
    assert not properties.headers, "the offset is the stream's delivery's alone"


# -- credit


def test_prefetch_is_credit_and_an_ack_gives_it_back(connection, make, writer):
    stream = make()
    write(writer, stream, *(str(number).encode() for number in range(10)))
    reader = Reader(connection, stream, 3, x_stream_offset="first")
    reader.until(3)
    reader.channel.basic_ack(reader.seen[0].method.delivery_tag)
    reader.until(4)
    reader.ack(through=3)
    reader.until(7)
    assert reader.offsets == list(range(7))


@pytest.mark.parametrize("requeue", [True, False])
@pytest.mark.parametrize("refuse", ["basic_nack", "basic_reject"])
def test_a_refused_message_gives_credit_and_does_not_come_again(connection, make, writer, refuse, requeue):
    stream = make()
    write(writer, stream, b"0", b"1", b"2")
    reader = Reader(connection, stream, 1, x_stream_offset="first")
    for count in (1, 2, 3):
        reader.until(count)
        getattr(reader.channel, refuse)(reader.seen[-1].method.delivery_tag, requeue=requeue)
    reader.until(3)
    assert reader.bodies == [b"0", b"1", b"2"]
    # Nothing has left the stream.
    assert len(Reader(connection, stream, 9, x_stream_offset="first").until(3)) == 3


def test_each_reader_has_a_place_and_a_credit_of_its_own(connect, make, writer):
    stream = make()
    write(writer, stream, *(str(number).encode() for number in range(6)))
    one, other = connect(), connect()
    slow = Reader(one, stream, 2, x_stream_offset="first")
    late = Reader(one, stream, 10, x_stream_offset=4)
    fast = Reader(other, stream, 10, x_stream_offset="first")
    live = Reader(other, stream, 10)
    # The count that a declare tells is of no use: it is 0 whatever there is.
    assert writer.queue_declare(stream, passive=True).method.consumer_count == 0
    assert [each.offset for each in fast.until(6)] == list(range(6))
    assert [each.offset for each in slow.until(2)] == [0, 1]
    assert [each.offset for each in late.until(2)] == [4, 5]
    write(writer, stream, b"6")
    assert [each.offset for each in live.until(1)] == [6]
    slow.ack(through=1)
    assert [each.offset for each in slow.until(4)] == [0, 1, 2, 3]
    assert not any(each.method.redelivered for each in slow.seen + late.seen + fast.seen + live.seen)


def test_an_exclusive_reader_is_not_alone(connection, make, writer):
    stream = make()
    write(writer, stream, b"0")
    for _ in range(2):
        channel = connection.channel()
        channel.basic_qos(prefetch_count=1)
        channel.basic_consume(stream, lambda *_: None, exclusive=True, arguments={"x-stream-offset": "first"})
    assert connection.is_open


def test_an_ack_of_what_was_not_delivered_costs_the_channel(connection, make, writer):
    stream = make()
    write(writer, stream, b"0")
    reader = Reader(connection, stream, 1, x_stream_offset="first")
    reader.until(1)
    reader.channel.basic_ack(7)
    code, text = refusal(reader.channel.basic_qos)
    assert (code, text) == (406, "PRECONDITION_FAILED - unknown delivery tag 7")


# -- filters


def test_a_filtered_reader_is_spared_the_chunks_without_its_values(connection, make, writer):
    """Chunks are left out as a whole, and a filter is not exact: what comes has to be looked at again."""
    stream = make()
    for kind in ("red", "blue", "green", "red"):
        write(writer, stream, kind.encode(), x_stream_filter_value=kind)
    write(writer, stream, b"plain")
    reader = Reader(connection, stream, 100, x_stream_offset="first", x_stream_filter="red")
    assert [(each.offset, each.body) for each in reader.until(2)] == [(0, b"red"), (3, b"red")]
    either = Reader(connection, stream, 100, x_stream_offset="first", x_stream_filter=["red", "green"])
    either.until(3)
    assert either.bodies == [b"red", b"green", b"red"]
    plain_too = Reader(
        connection, stream, 100, x_stream_offset="first", x_stream_filter="blue", x_stream_match_unfiltered=True
    )
    plain_too.until(2)
    assert plain_too.bodies == [b"blue", b"plain"]
    assert Reader(connection, stream, 100, x_stream_offset="first", x_stream_filter="none").until(0) == []
    write(writer, stream, b"blue", x_stream_filter_value="blue")
    write(writer, stream, b"red", x_stream_filter_value="red")
    reader.until(3)
    assert reader.offsets == [0, 3, 6]
    assert reader.seen[0].properties.headers["x-stream-filter-value"] == "red"


def test_without_a_filter_everything_comes(connection, make, writer):
    stream = make()
    write(writer, stream, b"red", x_stream_filter_value="red")
    write(writer, stream, b"plain")
    assert len(Reader(connection, stream, 100, x_stream_offset="first").until(2)) == 2


# -- transactions, and ends


def test_a_transaction_reaches_a_stream_at_its_commit(connection, make):
    stream = make()
    channel = connection.channel()
    channel.tx_select()
    reader = Reader(connection, stream, 9, x_stream_offset="first")
    channel.basic_publish("", stream, b"withdrawn")
    channel.tx_rollback()
    channel.basic_publish("", stream, b"0")
    channel.basic_publish("", stream, b"1")
    reader.until(0)
    channel.tx_commit()
    assert [(each.offset, each.body) for each in reader.until(2)] == [(0, b"0"), (1, b"1")]


def test_a_cancelled_reader_gets_no_more_and_can_ack_what_it_has(connection, make, writer):
    stream = make()
    write(writer, stream, b"0", b"1")
    reader = Reader(connection, stream, 9, x_stream_offset="first")
    reader.until(2)
    reader.channel.basic_cancel(reader.tag)
    write(writer, stream, b"2")
    reader.until(2)
    reader.ack(through=1)
    reader.channel.basic_qos(prefetch_count=1)  # its answer comes after a refusal of the ack


def test_a_deleted_stream_tells_its_readers_and_starts_anew(connection, make, writer):
    stream = make()
    write(writer, stream, b"0", b"1")
    readers = [Reader(connection, stream, 9, x_stream_offset="first") for _ in range(2)]
    for reader in readers:
        reader.until(2)
    assert writer.queue_delete(stream, if_unused=True, if_empty=True).method.message_count == 0
    deadline = time.monotonic() + _PATIENCE_S
    while not all(reader.cancelled for reader in readers) and time.monotonic() < deadline:
        connection.process_data_events(_SILENCE_S)
    assert [reader.cancelled for reader in readers] == [[reader.tag] for reader in readers]
    readers[0].ack(through=1)
    make()
    write(writer, stream, b"new")
    assert [(each.offset, each.body) for each in Reader(connection, stream, 9, x_stream_offset="first").until(1)] == [
        (0, b"new")
    ]
