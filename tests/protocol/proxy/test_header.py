"""HeaderReader: what a proxy wrote is read again, however it was cut; what follows is left; what is none is refused."""

import itertools

import google_crc32c
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.proxy.ends import ProxyHeaderError
from protocol.proxy.header import MAX_BYTES, HeaderReader
from tests.protocol.proxy.proxies import (
    LOCAL,
    LOCAL4,
    LOCAL6,
    NOOP,
    PEER4,
    PEER6,
    PROXY,
    SIGNATURE,
    TCP4,
    TCP6,
    UDP4,
    UNSPEC,
    addresses,
    binary,
    block,
    ends,
    text,
    tlv,
    tlvs,
    unix,
    with_checksum,
)

AMQP = b"AMQP\x00\x00\x09\x01"
ADDRESSES4 = addresses(PEER4, LOCAL4)

headers = st.one_of(
    ends.map(lambda both: (text(*both), both)),
    st.tuples(ends, tlvs).map(lambda given: (binary(*given[0], given[1]), given[0])),
    st.tuples(ends, tlvs).map(lambda given: (with_checksum(binary(*given[0], given[1])), given[0])),
    st.binary(max_size=90)
    .filter(lambda rest: b"\n" not in rest)
    .map(lambda rest: (b"PROXY UNKNOWN " + rest + b"\r\n", None)),
    st.tuples(st.integers(0, 255), st.binary(max_size=300)).map(lambda given: (block(LOCAL, *given), None)),
    st.binary(max_size=300).map(lambda rest: (block(PROXY, UNSPEC, rest), None)),
    st.just((unix(), None)),
)


def read(pieces):
    """The reader when all ``pieces`` have come, and the bytes it left."""
    reader = HeaderReader()
    left = b""
    for piece in pieces:
        taken = 0
        if not reader.whole:
            taken = reader.feed(piece)
            assert taken == len(piece) or reader.whole
        left += piece[taken:]
    return reader, left


def cut(data, marks):
    marks = sorted(marks)
    return [data[start:stop] for start, stop in itertools.pairwise([0, *marks, len(data)]) if start < stop]


@given(headers, st.binary(max_size=30), st.data())
def test_any_cut_gives_the_same_ends_and_leaves_what_follows(header, after, data):
    written, expected = header
    marks = data.draw(st.lists(st.integers(0, len(written + after)), max_size=8))
    reader, left = read(cut(written + after, marks))
    assert (reader.whole, reader.ends, left) == (True, expected, after)


@given(headers)
def test_byte_by_byte(header):
    written, expected = header
    reader, left = read(cut(written + AMQP, range(len(written + AMQP))))
    assert (reader.whole, reader.ends, left) == (True, expected, AMQP)


@given(headers, st.data())
def test_what_is_cut_off_is_waited_for(header, data):
    written, _ = header
    reader = HeaderReader()
    part = written[: data.draw(st.integers(1, len(written) - 1))]
    assert reader.feed(part) == len(part)
    assert not reader.whole
    assert reader.ends is None


@given(st.one_of(st.binary(min_size=1, max_size=6000), headers.map(lambda header: header[0])), st.data())
def test_garbage_is_refused_or_waited_for_within_the_bound(data, draw):
    """And a header of which one byte has changed, at that: nothing but the one error is raised."""
    at = draw.draw(st.integers(0, len(data) - 1))
    data = data[:at] + draw.draw(st.binary(min_size=1, max_size=1)) + data[at + 1 :]
    reader = HeaderReader()
    try:
        assert reader.feed(data) <= min(len(data), MAX_BYTES)
    except ProxyHeaderError:
        return
    assert reader.whole or len(data) < MAX_BYTES


@given(st.binary(max_size=4000))
def test_no_line_is_longer_than_107_bytes(rest):
    reader = HeaderReader()
    try:
        reader.feed(b"PROXY UNKNOWN " + rest)
    except ProxyHeaderError:
        pass
    else:
        assert reader.whole or len(b"PROXY UNKNOWN " + rest) < 107


def test_the_longest_line():
    longest = b"PROXY UNKNOWN " + b"f" * 91 + b"\r\n"
    assert len(longest) == 107
    assert read([longest + AMQP])[1] == AMQP
    for pieces in ([b"PROXY UNKNOWN " + b"f" * 92 + b"\r\n"], cut(b"PROXY UNKNOWN " + b"f" * 93, range(107))):
        with pytest.raises(ProxyHeaderError, match="does not end within 107 bytes"):
            read(pieces)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (b"PROXY TCP4 203.0.113.7 198.51.100.1 40001 5672\r\n", (PEER4, LOCAL4)),
        (b"PROXY TCP4 203.0.113.7 198.51.100.1 0 65535\r\n", (("203.0.113.7", 0), ("198.51.100.1", 65535))),
        (b"PROXY TCP6 2001:db8::7 2001:DB8:0:0::1 40001 5672\r\n", (PEER6, LOCAL6)),
        (b"PROXY TCP6 ::ffff:203.0.113.7 ::ffff:c633:6401 40001 5672\r\n", (PEER4, LOCAL4)),
        (b"PROXY UNKNOWN\r\n", None),
        (b"PROXY UNKNOWN 1::2 whatever \xff\r\n", None),
        (binary(PEER4, LOCAL4), (PEER4, LOCAL4)),
        (binary(PEER6, LOCAL6), (PEER6, LOCAL6)),
        (block(PROXY, TCP6, addresses(("::ffff:203.0.113.7", 40001), ("::ffff:198.51.100.1", 5672))), (PEER4, LOCAL4)),
        (block(PROXY, UDP4, ADDRESSES4), (PEER4, LOCAL4)),
        (binary(PEER4, LOCAL4, [(NOOP, b"abc"), (0xEA, b"")]), (PEER4, LOCAL4)),
        (with_checksum(binary(PEER4, LOCAL4, [(NOOP, b"abc")])), (PEER4, LOCAL4)),
        (block(PROXY, UNSPEC), None),
        (block(PROXY, UNSPEC, b"not looked at"), None),
        (block(PROXY, 0x10, b"no kind"), None),
        (block(PROXY, 0x01, b"no family"), None),
        (block(LOCAL, UNSPEC), None),
        (block(LOCAL, TCP4, ADDRESSES4), None),
        (block(LOCAL, 0xFF, b"not looked at"), None),
        (unix(), None),
    ],
)
def test_headers_that_are_taken(header, expected):
    reader, left = read([header + AMQP])
    assert (reader.whole, reader.ends, left) == (True, expected, AMQP)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (AMQP, r"no header of the PROXY protocol, but b'AMQP\\x00\\x00\\t\\x01'"),
        (b"\x16\x03\x01\x02\x00\x01\x00", "no header of the PROXY protocol"),
        (b"GET / HTTP/1.1\r\n", r"no header of the PROXY protocol, but b'GET / HTTP/1.1\\r\\n'"),
        (b"PROXYTCP4", "no header of the PROXY protocol"),
        (b"proxy TCP4", "no header of the PROXY protocol"),
        (SIGNATURE[:11] + b"X", "no header of the PROXY protocol"),
        (b"PROXY TCP4 203.0.113.7 198.51.100.1 40001 5672\n", "ends without CR"),
        (b"PROXY \r\n", "unknown protocol ''"),
        (b"PROXY TCP5 203.0.113.7 198.51.100.1 40001 5672\r\n", "unknown protocol 'TCP5'"),
        (b"PROXY TCP4\r\n", "TCP4 with 0 words, 4 belong there"),
        (b"PROXY TCP4 203.0.113.7 198.51.100.1 40001\r\n", "TCP4 with 3 words"),
        (b"PROXY TCP4 203.0.113.7  198.51.100.1 40001 5672\r\n", "TCP4 with 5 words"),
        (b"PROXY TCP4 203.0.113.7 198.51.100.1 40001 5672 \r\n", "TCP4 with 5 words"),
        (b"PROXY TCP4 203.0.113.07 198.51.100.1 40001 5672\r\n", "bad address.*[Ll]eading zeros"),
        (b"PROXY TCP4 203.0.113 198.51.100.1 40001 5672\r\n", "bad address: Expected 4 octets"),
        (b"PROXY TCP4 2001:db8::7 2001:db8::1 40001 5672\r\n", "bad address"),
        (b"PROXY TCP6 203.0.113.7 198.51.100.1 40001 5672\r\n", "bad address"),
        (b"PROXY TCP6 fe80::1%eth0 ::1 40001 5672\r\n", "bad address: 'fe80::1%eth0' has a zone"),
        (b"PROXY TCP4 203.0.113.7 198.51.100.1 65536 5672\r\n", "bad port '65536'"),
        (b"PROXY TCP4 203.0.113.7 198.51.100.1 040 5672\r\n", "bad port '040'"),
        (b"PROXY TCP4 203.0.113.7 198.51.100.1 +40 5672\r\n", r"bad port '\+40'"),
        (b"PROXY TCP4 203.0.113.7 198.51.100.1 \xb2 5672\r\n", "bad port"),
        (b"PROXY TCP4 203.0.113.7 198.51.100.1 40001 \r\n", "bad port ''"),
        (block(PROXY, TCP4, ADDRESSES4, version=1), "of version 1"),
        (block(PROXY, TCP4, ADDRESSES4, version=3), "of version 3"),
        (block(2, TCP4, ADDRESSES4), "unknown command 2"),
        (block(PROXY, 0x41, ADDRESSES4), "unknown address family or protocol 0x41"),
        (block(PROXY, 0x13, ADDRESSES4), "unknown address family or protocol 0x13"),
        (block(PROXY, TCP4, ADDRESSES4[:-1]), "11 bytes are too short for the addresses of 0x11"),
        (block(PROXY, TCP6, ADDRESSES4), "12 bytes are too short"),
        (block(PROXY, TCP4, ADDRESSES4 + b"\x04\x00"), "a TLV is cut off"),
        (block(PROXY, TCP4, ADDRESSES4 + b"\x04\x00\x04abc"), "TLV 0x04 of 4 bytes is cut off"),
        (block(PROXY, TCP4, ADDRESSES4 + tlv(3, b"abc")), "checksum of 3 bytes"),
        (with_checksum(binary(PEER4, LOCAL4), wrong=1), "wrong checksum"),
        (block(LOCAL, UNSPEC, bytes(4081)), "header of 4097 bytes, at most 4096 are taken"),
    ],
)
def test_what_is_refused_and_why(data, message):
    with pytest.raises(ProxyHeaderError, match=message):
        read([data])
    # However it comes.
    with pytest.raises(ProxyHeaderError, match=message.partition(", but")[0]):
        read(cut(data, range(len(data))))


@given(ends, tlvs, st.data())
def test_a_checksum_notices_a_changed_bit_of_an_address(both, more, data):
    written = with_checksum(binary(*both, more))
    at = data.draw(st.integers(16, 27))
    changed = written[:at] + bytes([written[at] ^ 1 << data.draw(st.integers(0, 7))]) + written[at + 1 :]
    with pytest.raises(ProxyHeaderError, match="wrong checksum"):
        read([changed])


def test_a_checksum_need_not_stand_last():
    checked = with_checksum(binary(PEER4, LOCAL4, [(NOOP, b"abc")]))
    # The same TLVs the other way round have the same bytes, but at other places: another checksum.
    turned = checked[:28] + checked[34:41][:3] + bytes(4) + checked[28:34]
    turned = turned[:31] + google_crc32c.value(turned).to_bytes(4, "big") + turned[35:]
    assert read([turned])[0].ends == (PEER4, LOCAL4)


def test_the_largest_block():
    largest = block(LOCAL, UNSPEC, bytes(4080))
    assert len(largest) == MAX_BYTES
    assert read([largest + AMQP])[1] == AMQP


def test_a_block_that_is_too_large_is_refused_before_it_comes():
    with pytest.raises(ProxyHeaderError, match="header of 65551 bytes"):
        read([block(PROXY, TCP4, bytes(65535))[:16]])
