"""Frames in short: what comes and goes by the thousand is made and read without pamqp, which takes 0.2 ms a frame."""

from struct import Struct

import pamqp.frame
from pamqp import body, header
from pamqp.commands import Basic

_DELIVER, _GET_OK, _RETURN = b"\x00\x3c\x00\x3c", b"\x00\x3c\x00\x47", b"\x00\x3c\x00\x32"
_ACK, _NACK = b"\x00\x3c\x00\x50", b"\x00\x3c\x00\x78"
_HEAD = Struct(">BHI")
_TAG = Struct(">Q")
_TAG_AND_BIT = Struct(">QB")
_OFFSET = b"\x0fx-stream-offsetl"


def read(raw: bytes):
    """(channel, frame) of one whole frame."""
    kind, channel, _ = _HEAD.unpack_from(raw)
    if kind == 3:
        return channel, body.ContentBody(raw[7:-1])
    if kind == 2:
        frame = header.ContentHeader.__new__(header.ContentHeader)
        frame.body_size = _TAG.unpack_from(raw, 11)[0]
        frame.raw = raw
        return channel, frame
    if channel:
        reader = _READERS.get(raw[7:11])
        if reader is not None:
            return channel, reader(raw)
    return channel, pamqp.frame.unmarshal(raw)[2]


def stream_offset(frame) -> int | None:
    """The offset that a delivery's content header bears."""
    at = frame.raw.find(_OFFSET)
    return None if at < 0 else _TAG.unpack_from(frame.raw, at + len(_OFFSET))[0]


def _deliver(raw):
    tag_end = 12 + raw[11]
    frame = Basic.Deliver.__new__(Basic.Deliver)
    frame.consumer_tag = raw[12:tag_end].decode()
    frame.delivery_tag, bits = _TAG_AND_BIT.unpack_from(raw, tag_end)
    frame.redelivered = bool(bits & 1)
    return frame


def _get_ok(raw):
    frame = Basic.GetOk.__new__(Basic.GetOk)
    frame.delivery_tag, bits = _TAG_AND_BIT.unpack_from(raw, 11)
    frame.redelivered = bool(bits & 1)
    frame.message_count = int.from_bytes(raw[-5:-1], "big")
    return frame


def _confirm(kind):
    def read(raw):
        frame = kind.__new__(kind)
        frame.delivery_tag, bits = _TAG_AND_BIT.unpack_from(raw, 11)
        frame.multiple = bool(bits & 1)
        return frame

    return read


_READERS = {_DELIVER: _deliver, _GET_OK: _get_ok, _ACK: _confirm(Basic.Ack), _NACK: _confirm(Basic.Nack)}


def publish(channel: int, exchange: str, key: str, mandatory: bool) -> bytes:
    """A publish's method frame."""
    arguments = b"\x00\x00" + _short(exchange) + _short(key) + bytes((mandatory,))
    return _frame(1, channel, b"\x00\x3c\x00\x28" + arguments)


def content(channel: int, message: bytes, *, persistent: bool, headers: dict, frame_max: int) -> bytes:
    """A message's header and body frames. ``headers`` are texts or small numbers by name."""
    flags, properties = 0, b""
    if headers:
        table = b"".join(_short(name) + _field(value) for name, value in headers.items())
        flags, properties = 0x2000, len(table).to_bytes(4, "big") + table
    if persistent:
        flags, properties = flags | 0x1000, properties + b"\x02"
    head = b"\x00\x3c\x00\x00" + _TAG.pack(len(message)) + flags.to_bytes(2, "big") + properties
    step = frame_max - 8
    pieces = [_frame(3, channel, message[at : at + step]) for at in range(0, len(message), step)]
    return b"".join((_frame(2, channel, head), *pieces))


def _frame(kind: int, channel: int, payload: bytes) -> bytes:
    return b"".join((_HEAD.pack(kind, channel, len(payload)), payload, b"\xce"))


def _field(value: str | int) -> bytes:
    if isinstance(value, int):
        return b"b" + bytes((value,))
    return b"S" + len(value).to_bytes(4, "big") + value.encode()


def _short(text: str) -> bytes:
    return bytes((len(text),)) + text.encode()
