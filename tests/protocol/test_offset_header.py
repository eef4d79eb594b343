"""What a stream's consumer gets, as pamqp reads it: the publisher's message with the offset in its headers."""

import pamqp.frame
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pamqp.body import ContentBody
from pamqp.commands import Basic
from pamqp.header import ContentHeader

from protocol.amqp import basic, tables
from protocol.amqp import properties as ours
from protocol.amqp.offset_header import OffsetStamp, with_offset
from tests.conversation import cut
from tests.protocol.strategies import channels, properties, scalars, short_strings, values

NAME = "x-stream-offset"
FRAME_MAX = 4096

own_fields = st.sampled_from([NAME, "x-stream-offset2", "nested"])
own_values = st.one_of(values, st.just("\x0fx-stream-offset"), st.dictionaries(own_fields, scalars, max_size=2))


@st.composite
def stream_properties(draw):
    """Properties of any kind, now and then with a field of the offset's own name, or with its name inside a value."""
    props = draw(properties)
    if draw(st.booleans()):
        props.headers = {**(props.headers or {}), **draw(st.dictionaries(own_fields, own_values, max_size=3))}
    return props


class Stored:
    """A message as a stream keeps it."""

    def __init__(self, channel, exchange, key, props, body):
        self.key = key
        self.exchange = exchange
        self.body = body
        self.raw_properties = props.marshal()
        self.record = basic.short_string(exchange) + basic.short_string(key)
        self.record += pamqp.frame.marshal(ContentHeader(0, len(body), props), channel)
        if body:
            self.record += pamqp.frame.marshal(ContentBody(body), channel)


bodies = st.one_of(
    st.binary(max_size=20),
    st.integers(FRAME_MAX - 200, 3 * FRAME_MAX).map(lambda size: (b"0123456789abcdef" * 1000)[:size]),
)
few_channels = st.one_of(st.sampled_from([1, 2]), channels)
messages = st.builds(Stored, few_channels, short_strings, short_strings, stream_properties(), bodies)
# A stream's messages mostly are alike: each of these is there several times, one behind the other or in turns.
batches = st.lists(messages, max_size=4).flatmap(
    lambda some: st.lists(st.sampled_from(some), max_size=12) if some else st.just([])
)


def read(data):
    """(channel, method, raw properties, body, frames) of each delivery."""
    frames = list(cut(data))
    while frames:
        _, channel, method = pamqp.frame.unmarshal(frames.pop(0))
        raw_header = frames.pop(0)
        _, header_channel, header = pamqp.frame.unmarshal(raw_header)
        body, pieces = b"", []
        while len(body) < header.body_size:
            pieces.append(frames.pop(0))
            _, body_channel, piece = pamqp.frame.unmarshal(pieces[-1])
            body += piece.value
            assert body_channel == channel
        assert header_channel == channel
        yield channel, method, raw_header[19:-1], body, pieces


def decoded(raw):
    read_properties = Basic.Properties()
    read_properties.unmarshal(int.from_bytes(raw[:2], "big"), raw[2:])
    return dict(read_properties)


def expected(raw, offset):
    """The publisher's properties as pamqp reads them, and what a stream adds."""
    props = decoded(raw)
    props["headers"] = {**(props["headers"] or {}), NAME: offset}
    props["delivery_mode"] = props["delivery_mode"] or 1
    return props


@given(st.lists(batches, max_size=3), few_channels, st.integers(1, 2**40), st.integers(0, 2**62))
def test_deliveries(several, channel, tag, offset):
    stamp = OffsetStamp(channel, basic.short_string("consumer"), FRAME_MAX)
    for batch in several:
        got = list(read(stamp.deliveries([message.record for message in batch], tag, offset)))
        assert len(got) == len(batch)
        for message, (number, method, raw, body, pieces) in zip(batch, got, strict=True):
            assert number == channel
            assert method.consumer_tag == "consumer"
            assert method.delivery_tag == tag
            assert not method.redelivered
            assert (method.exchange, method.routing_key) == (message.exchange, message.key)
            assert body == message.body
            assert len(pieces) == -(-len(body) // (FRAME_MAX - 8))
            assert_stamped(message.raw_properties, raw, offset)
            tag += 1
            offset += 1


def assert_stamped(before, after, offset):
    ours.Checker().check(after)
    assert decoded(after) == expected(before, offset)
    headers = ours.headers(after)
    assert list(headers)[-1] == NAME
    assert type(headers[NAME]) is tables.Long
    # The publisher's fields and what follows them are there byte for byte.
    if before[0] << 8 & ours.HEADERS:
        kept = ours.without_header(before, NAME)
        begin = ours._place(kept, ours.HEADERS) + 4
        end = begin + int.from_bytes(kept[begin - 4 : begin], "big")
        mode = b"" if kept[0] << 8 & ours.DELIVERY_MODE else b"\x01"
        field = basic.short_string(NAME) + b"l" + offset.to_bytes(8, "big")
        assert after.endswith(kept[begin:end] + field + mode + kept[end:])


@given(stream_properties(), st.integers(0, 2**62))
def test_the_long_way_is_the_same(props, offset):
    raw = props.marshal()
    assert_stamped(raw, with_offset(raw, offset), offset)
    record = Stored(1, "", "q", props, b"").record
    delivery = OffsetStamp(1, b"\x01c", FRAME_MAX).deliveries([record], 1, offset)
    assert next(iter(read(delivery)))[2] == with_offset(raw, offset)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            "0000", "3000 0000 0019 0f782d73747265616d2d6f66667365746c00000000000000ff 01", id="no properties"
        ),
        pytest.param(
            "9000 0161 02", "b000 0161 0000 0019 0f782d73747265616d2d6f66667365746c00000000000000ff 02", id="no headers"
        ),
        pytest.param(
            "3000 00000000 01", "3000 0000 0019 0f782d73747265616d2d6f66667365746c00000000000000ff 01", id="none in it"
        ),
        pytest.param(
            "e080 0161 0162 00000003 017a56 0169",
            "f080 0161 0162 0000001c 017a56 0f782d73747265616d2d6f66667365746c00000000000000ff 01 0169",
            id="behind the publisher's",
        ),
        pytest.param(
            "3000 00000016 0f782d73747265616d2d6f666673657473ffff 017a56 02",
            "3000 0000001c 017a56 0f782d73747265616d2d6f66667365746c00000000000000ff 02",
            id="in place of the publisher's",
        ),
    ],
)
def test_where_it_goes(before, after):
    assert with_offset(bytes.fromhex(before), 255).hex() == bytes.fromhex(after).hex()


def test_what_is_remembered_is_bounded():
    """Routes without an end, as a topic exchange brings them, must not be remembered for ever."""
    stamp = OffsetStamp(1, b"\x01c", FRAME_MAX)
    records = [Stored(1, "", f"key {number}", Basic.Properties(), b"x").record for number in range(1000)]
    assert len(list(read(stamp.deliveries(records, 1, 0)))) == 1000
    assert len(stamp._shapes) <= 256
