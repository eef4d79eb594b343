"""The PROXY protocol: a header comes in pieces or whole, and says the same; what follows it is never touched.

cut u8 | bytes
"""

from collections.abc import Iterator
from ipaddress import ip_address

from protocol.proxy.header import MAX_BYTES as HEADER_MAX_BYTES
from protocol.proxy.header import HeaderReader, ProxyHeaderError
from tests.fuzz.pieces import pieces

MAX_BYTES = 300
MUTATES = "whatever"

_V2 = b"\r\n\r\n\0\r\nQUIT\n"
_AMQP = b"AMQP\0\0\x09\x01"


def seeds() -> Iterator[bytes]:
    headers = (
        b"PROXY TCP4 203.0.113.7 198.51.100.1 40001 5672\r\n",
        b"PROXY TCP6 2001:db8::7 ::ffff:1.2.3.4 40001 0\r\n",
        b"PROXY UNKNOWN\r\n",
        b"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n",
        _V2 + b"\x21\x11\0\x0c" + bytes(12),
        _V2 + b"\x21\x21\0\x24" + bytes(10) + b"\xff\xff\1\2\3\4" + bytes(20),
        _V2 + b"\x20\0\0\0",
        _V2 + b"\x21\0\0\5" + bytes(5),
        _V2 + b"\x21\x11\0\x13" + bytes(12) + b"\x03\0\4\xaf\xe6\x9b\x8b",
        _V2 + b"\x21\x11\0\x12" + bytes(12) + b"\x02\0\3abc",
        _V2 + b"\x21\x31\0\xd8" + bytes(216),
    )
    for number, header in enumerate(headers):
        yield bytes((number,)) + header + _AMQP
        yield bytes((number + 90,)) + header


def run(data: bytes) -> None:
    if not data:
        return
    stream = data[1:]
    whole = _read([stream])
    in_pieces = _read(list(pieces(stream, data[0] or 1)))
    assert whole[:3] == in_pieces[:3], (whole, in_pieces)
    if whole[0] == "whole":
        _check(stream, whole)


def _read(parts: list[bytes]) -> tuple:
    """What came of it; for a header that is whole its size and ends."""
    reader, taken = HeaderReader(), 0
    try:
        for part in parts:
            if reader.whole:
                break
            size = reader.feed(part)
            assert 0 <= size <= len(part)
            assert reader.whole or size == len(part)
            taken += size
            assert taken <= HEADER_MAX_BYTES
    except ProxyHeaderError:
        assert not reader.whole
        return ("refused", 0, None)
    return ("whole" if reader.whole else "half", taken, reader.ends)


def _check(stream: bytes, found: tuple) -> None:
    _, size, ends = found
    again = _read([stream[:size] + _AMQP])
    assert again == found, "it looks at what is not the header's"
    assert _read([stream[: size - 1]])[0] == "half"
    for host, port in ends or ():
        assert str(ip_address(host)) == host
        assert 0 <= port <= 65535
