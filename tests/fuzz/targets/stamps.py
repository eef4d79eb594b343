"""Deliveries out of a stream: records written by their shapes are those written the long way.

channel u8 | frame_max u8 | cut u8 | records: properties size u16, properties, body size u8, body
"""

from collections.abc import Iterator

from protocol.amqp.content import content_of
from protocol.amqp.offset_header import OffsetStamp
from protocol.amqp.properties import BadProperties, Checker
from tests.conversation import cut
from tests.fuzz import recordings
from tests.hostile.noise import frame

MAX_BYTES = 500
MUTATES = "whatever"

_ROUTES = (b"\0\1q", b"\1e\3a.b", b"\0\0")
_RECORDS_MAX = 12


class _LongWay(OffsetStamp):
    __slots__ = ()

    def deliveries(self, records, first_tag: int, first_offset: int) -> bytes:
        return b"".join(
            self._any_delivery(record, first_tag + number, first_offset + number)
            for number, record in enumerate(records)
        )


def seeds() -> Iterator[bytes]:
    found = list(recordings.properties())
    for start in range(0, len(found), 4):
        records = b"".join(
            len(each).to_bytes(2, "big") + each + bytes((start % 7,)) + bytes(start % 7)
            for each in found[start : start + 4]
        )
        yield bytes((start % 3, start % 5, start % 4)) + records
        yield bytes((start % 3, start % 5, start % 4)) + records * 3


def run(data: bytes) -> None:
    if len(data) < 3:
        return
    quick = written(data)
    assert quick == written(data, _LongWay)
    for raw in cut(quick):
        assert raw[1:3] == _channel(data).to_bytes(2, "big")


def written(data: bytes, kind: type[OffsetStamp] = OffsetStamp) -> bytes:
    """The deliveries of an input's records, in two batches."""
    records = list(_records(data[3:]))
    stamp = kind(_channel(data), b"\1c", 30 + data[1])
    first = min(len(records), data[2])
    return stamp.deliveries(records[:first], 1, 1000) + stamp.deliveries(records[first:], 1 + first, 1000 + first)


def _channel(data: bytes) -> int:
    return data[0] % 3 + 1


def _records(data: bytes) -> Iterator[bytes]:
    """Routes and contents, as a stream holds them: checked, and of channels 1 and 2."""
    checker, pos, count = Checker(), 0, 0
    while pos + 2 < len(data) and count < _RECORDS_MAX:
        size = int.from_bytes(data[pos : pos + 2], "big")
        properties = data[pos + 2 : pos + 2 + size]
        pos += 2 + size
        body = data[pos + 1 : pos + 1 + data[pos]] if pos < len(data) else b""
        pos += 1 + len(body)
        count += 1
        try:
            checker.check(properties)
        except BadProperties:
            continue
        channel = len(body) % 2 + 1
        yield _ROUTES[size % len(_ROUTES)] + _content(properties, body, channel)


def _content(properties: bytes, body: bytes, channel: int) -> bytes:
    payload = bytearray(content_of(properties)[7:-1])
    payload[4:12] = len(body).to_bytes(8, "big")
    content = frame(2, channel, bytes(payload))
    return content + frame(3, channel, body) if body else content
