"""Our codec of the hot path against pamqp's."""

import itertools

import pamqp.frame
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pamqp.body import ContentBody
from pamqp.commands import Basic
from pamqp.header import ContentHeader

from protocol.amqp import basic
from protocol.amqp.basic import read_publish_run, read_settlement_run
from protocol.amqp.content import ContentAssembler, properties_of, readdress, with_properties
from protocol.amqp.errors import HardError
from protocol.amqp.properties import Checker
from tests.conversation import cut
from tests.protocol.strategies import channels, properties, short_strings, tags

NO_LIMIT = 1 << 20
bodies = st.binary(max_size=60)
# pamqp refuses to write any other name of an exchange.
exchange_names = st.text("abcXYZ019-_.:@#,/+ ", max_size=40)
routes = st.tuples(exchange_names, short_strings)


def publish_bytes(channel, exchange, key, mandatory, props, message):
    """The method frame and the content."""
    method = Basic.Publish(exchange="", routing_key=key, mandatory=mandatory)
    method.exchange = exchange
    content = pamqp.frame.marshal(ContentHeader(0, len(message), props), channel)
    if message:
        content += pamqp.frame.marshal(ContentBody(message), channel)
    # Not Basic.Publish.marshal: it refuses some names of exchanges.
    arguments = bytes(2) + wire(exchange) + wire(key) + bytes([mandatory])
    return frame(channel, b"\x00\x3c\x00\x28" + arguments), content


def frame(channel, payload):
    return b"\x01" + channel.to_bytes(2, "big") + len(payload).to_bytes(4, "big") + payload + b"\xce"


def wire(text):
    raw = text.encode()
    return bytes([len(raw)]) + raw


def read_all(data, payload_max=NO_LIMIT):
    """Runs until one cannot be read; where it stopped."""
    checker, runs, pos = Checker(), [], 0
    while pos < len(data) and (run := read_publish_run(data, pos, payload_max, payload_max, checker)) is not None:
        assert run.stop > pos
        runs.append(run)
        pos = run.stop
    return runs, pos


publishes = st.tuples(channels, short_strings, short_strings, st.booleans(), properties, bodies)


@given(st.lists(st.tuples(publishes, st.integers(1, 3)), max_size=5))
def test_publish_runs(messages):
    written, contents = b"", []
    for message, times in messages:
        for _ in range(times):
            method, content = publish_bytes(*message)
            written += method + content
            contents.append((message, content))
    runs, stop = read_all(written)
    assert stop == len(written)
    assert [content for run in runs for content in run.contents] == [content for _, content in contents]
    expected = iter(message for message, _ in contents)
    for run in runs:
        arguments = basic.PublishArguments(run.arguments)
        flags = 0
        for content in run.contents:
            channel, exchange, key, mandatory, props, message = next(expected)
            assert run.channel == channel
            assert (arguments.exchange, arguments.routing_key, arguments.mandatory) == (exchange, key, mandatory)
            assert arguments.route == wire(exchange) + wire(key)
            assert properties_of(content) == props.marshal()
            flags |= int.from_bytes(props.marshal()[:2], "big")
            assert run.persistent == (props.delivery_mode == 2)
        assert run.flags & 0xFFFF == flags


@pytest.mark.parametrize("size", range(13))
def test_a_header_frame_too_short_for_a_header_ends_a_run(size):
    """Where it was compiled, the slice between it and its end mark came out negative."""
    method = frame(1, b"\x00\x3c\x00\x28" + bytes(2) + wire("") + wire("q") + b"\0")
    header = b"\x02\x00\x01" + size.to_bytes(4, "big") + (b"\x00\x3c" + bytes(10))[:size] + b"\xce"
    assert read_all(method + header + bytes(20)) == ([], 0)


@given(st.lists(st.tuples(st.sampled_from([None, 1, 2]), st.sampled_from(["", "a"])), min_size=1, max_size=12))
def test_a_run_is_persistent_or_not_as_a_whole(messages):
    written = b""
    for mode, message_id in messages:
        props = Basic.Properties(delivery_mode=mode, message_id=message_id)
        written += b"".join(publish_bytes(1, "", "q", False, props, b""))
    runs, stop = read_all(written)
    assert stop == len(written)
    persistent = [mode == 2 for mode, _ in messages]
    assert [(run.persistent, len(run.contents)) for run in runs] == [
        (which, len(list(group))) for which, group in itertools.groupby(persistent)
    ]


@pytest.mark.parametrize(("mode", "persistent"), [(None, False), (1, False), (2, True)])
def test_frame_by_frame_a_message_is_persistent_as_in_a_run(mode, persistent):
    assembler = ContentAssembler(1, NO_LIMIT, Checker())
    assembler.start(b"")
    header = pamqp.frame.marshal(ContentHeader(0, 2, Basic.Properties(delivery_mode=mode)), 1)
    assembler.add(2, header[7:-1])
    assert basic.PublishRun(1, b"", [b""], assembler.flags, 0).persistent == persistent


@given(publishes, st.integers(1, 5), st.data())
def test_a_run_stops_before_what_is_not_whole(message, times, data):
    whole = b"".join(publish_bytes(*message))
    written = whole * times
    end = data.draw(st.integers(0, len(written)))
    runs, stop = read_all(written[:end]) if end else ([], 0)
    assert sum(len(run.contents) for run in runs) == end // len(whole)
    assert stop == end // len(whole) * len(whole)


@given(publishes, st.data())
def test_a_run_never_takes_a_changed_byte_for_whole_frames(message, data):
    """Whatever a flipped bit makes of it: either it is not read, or it still is a sequence of right frames."""
    method, content = publish_bytes(*message)
    written = bytearray((method + content) * 2)
    place = data.draw(st.integers(0, len(written) - 1))
    written[place] ^= 1 << data.draw(st.integers(0, 7))
    try:
        runs, _ = read_all(bytes(written), payload_max=4096)
    except HardError:
        return
    for run in runs:
        for each in run.contents:
            header, *rest = cut(each)
            assert header[0] == 2
            assert int.from_bytes(header[11:19], "big") == sum(len(body) - 8 for body in rest)
            assert {raw[1:3] for raw in (header, *rest)} == {run.channel.to_bytes(2, "big")}


@pytest.mark.parametrize("size", [100, 101])
def test_a_run_leaves_frames_above_the_limit_alone(size):
    written = b"".join(publish_bytes(1, "", "q", False, Basic.Properties(), b"x" * size))
    runs, _ = read_all(written, payload_max=100)
    assert bool(runs) == (size == 100)


def test_a_run_leaves_bodies_in_pieces_alone():
    method, _ = publish_bytes(1, "", "q", False, Basic.Properties(), b"")
    pieces = [ContentHeader(0, 4, Basic.Properties()), ContentBody(b"ab"), ContentBody(b"cd")]
    assert read_all(method + b"".join(pamqp.frame.marshal(each, 1) for each in pieces)) == ([], 0)


@given(short_strings, short_strings, st.binary(max_size=8))
def test_publish_arguments_must_be_whole_and_nothing_more(exchange, key, tail):
    right = bytes(2) + wire(exchange) + wire(key) + b"\x01"
    basic.PublishArguments(right)
    for wrong in (right[:-1], right[:3], right[:1], b"", *([right + tail] if tail else [])):
        if wrong != right:
            with pytest.raises(HardError, match="FRAME_ERROR"):
                basic.PublishArguments(wrong)


settlements = st.one_of(
    st.builds(Basic.Ack, tags, st.booleans()),
    st.builds(Basic.Nack, tags, st.booleans(), st.booleans()),
    st.builds(Basic.Reject, tags, st.booleans()),
)


@given(st.lists(st.tuples(channels, settlements, st.integers(1, 3)), max_size=6))
def test_settlement_runs(given_runs):
    methods = [(channel, method) for channel, method, times in given_runs for _ in range(times)]
    written = b"".join(pamqp.frame.marshal(method, channel) for channel, method in methods)
    pos, read = 0, []
    while pos < len(written):
        run = read_settlement_run(written, pos)
        read += [(run.channel, run.method, run.multiple, run.requeue, tag) for tag in run.tags]
        pos = run.stop
    expected = [
        (
            channel,
            method.index & 0xFFFF,
            bool(getattr(method, "multiple", False)),
            bool(getattr(method, "requeue", False)),
            method.delivery_tag,
        )
        for channel, method in methods
    ]
    assert read == expected


@given(settlements, st.integers(0, 20))
def test_half_a_settlement_is_none(method, size):
    raw = pamqp.frame.marshal(method, 1)
    assert read_settlement_run(raw[:size], 0) is None
    assert read_settlement_run(raw + raw[:size], 0).stop == len(raw)
    assert read_settlement_run(raw[:-1] + b"\x00", 0) is None


@given(channels, short_strings, tags, st.booleans(), routes)
def test_deliver(channel, consumer_tag, tag, redelivered, route):
    ours_route = wire(route[0]) + wire(route[1])
    ours = (
        basic.deliver_prefix(channel, basic.short_string(consumer_tag), ours_route)
        + basic.pack_tag(tag)
        + basic.deliver_suffix(redelivered, ours_route)
    )
    assert_same(ours, channel, Basic.Deliver(consumer_tag, tag, redelivered, *route))


@given(channels, tags, st.booleans(), routes, st.integers(0, 2**32 - 1))
def test_get_ok(channel, tag, redelivered, route, count):
    ours = basic.get_ok(channel, tag, redelivered, wire(route[0]) + wire(route[1]), count)
    assert_same(ours, channel, Basic.GetOk(tag, redelivered, *route, count))


@given(channels, st.integers(0, 65535), short_strings, routes)
def test_return(channel, code, text, route):
    ours = basic.basic_return(channel, code, basic.short_string(text), wire(route[0]) + wire(route[1]))
    assert_same(ours, channel, Basic.Return(code, text, *route))


@given(channels, tags, st.booleans())
def test_ack_and_nack(channel, tag, multiple):
    assert_same(basic.ack(channel, tag, multiple), channel, Basic.Ack(tag, multiple))
    nack = Basic.Nack(tag, multiple, requeue=True)
    assert_same(basic.nack(channel, tag, multiple), channel, nack)


def assert_same(ours, channel, method):
    assert ours == pamqp.frame.marshal(method, channel)


@given(
    st.binary(min_size=1, max_size=4), st.integers(0, 20_000), channels, channels, st.integers(4096, 20_000), properties
)
def test_readdress(pattern, size, channel, other, frame_max, props):
    message = (pattern * size)[:size]
    _, content = publish_bytes(channel, "", "q", False, props, message)
    frames = list(cut(readdress(content, other, frame_max)))
    assert all(len(raw) <= frame_max for raw in frames[1:])
    decoded = [pamqp.frame.unmarshal(raw) for raw in frames]
    assert {number for _, number, _ in decoded} == {other}
    _, _, header = decoded[0]
    assert header.body_size == size
    assert header.properties.marshal() == props.marshal()
    assert b"".join(body.value for _, _, body in decoded[1:]) == message
    assert len(decoded) - 1 == -(-size // (frame_max - 8)) or size <= frame_max - 8


@given(properties, properties, bodies)
def test_with_properties(before, after, message):
    _, content = publish_bytes(3, "", "q", False, before, message)
    _, expected = publish_bytes(3, "", "q", False, after, message)
    assert with_properties(content, after.marshal()) == expected
