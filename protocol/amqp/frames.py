"""FrameBuffer: add bytes, cut off every whole frame, refuse the oversized and the badly ended.

A frame (AMQP 0-9-1, section 4.2.3)::

    0      1         3             7                  7+size
    +------+---------+-------------+------------------+------+
    | type | channel | payload size| payload          | 0xCE |
    | u8   | u16     | u32         | size bytes       | u8   |
    +------+---------+-------------+------------------+------+
"""

from struct import Struct

from protocol.amqp import erlang, replies
from protocol.amqp.errors import HardError

try:
    import cython
except ImportError:
    from protocol.native import cythonless as cython  # type: ignore[no-redef]

METHOD = 1
HEADER = 2
BODY = 3
HEARTBEAT = 8
END = 0xCE
END_BYTE = b"\xce"

# Seven bytes before the payload and one after it.
OVERHEAD_BYTES = 8

HEARTBEAT_FRAME = b"\x08\x00\x00\x00\x00\x00\x00\xce"

_HEAD = Struct(">BHI")

Frame = tuple[int, int, bytes]


class FramingLost(HardError):
    """The peer's frames cannot be told apart any more: nothing that follows may be read."""


def unexpected(kind: int, payload: bytes) -> HardError:
    """A frame that may not stand here."""
    return HardError(replies.UNEXPECTED_FRAME, f"type {kind}, {snippet(payload)}")


def unknown(kind: int, payload: bytes) -> HardError:
    """A frame of no known type, or too short for its type."""
    return HardError(replies.FRAME_ERROR, f"type {kind}, {snippet(payload)}: unknown_frame")


def snippet(payload: bytes) -> str:
    """A payload as RabbitMQ shows it in reply texts: its first 16 bytes."""
    if len(payload) <= 16:
        return f"all octets = {erlang.binary(payload)}"
    return f"first 16 octets = {erlang.binary(payload[:16])}"


class FrameBuffer:
    """Bytes that arrived and were not read yet: ``data[pos:]``.

    ``payload_max`` is the largest payload taken, in bytes. Like RabbitMQ it is frame_max itself, not frame_max - 8:
    quite a few clients forget the eight bytes of overhead. The hot path (``protocol.amqp.basic``) reads ``data`` and
    moves ``pos`` by itself.
    """

    __slots__ = ("data", "payload_max", "pos")

    def __init__(self, frame_max: int) -> None:
        self.data = b""
        self.pos = 0
        self.payload_max = frame_max

    def feed(self, data: bytes) -> None:
        """Add what a socket gave. What is left over is at most one frame, so the copy is bounded by frame_max."""
        if data:
            self.data = self.data[self.pos :] + data if self.pos < len(self.data) else data
            self.pos = 0

    def take(self, size: int) -> bytes | None:
        """The next ``size`` bytes, or None while they are not there (for the protocol header)."""
        stop = self.pos + size
        if stop > len(self.data):
            return None
        taken = self.data[self.pos : stop]
        self.pos = stop
        return taken

    def next_frame(self) -> Frame | None:
        """The next whole frame as (type, channel, payload), or None while it is not whole.

        Raises HardError 501 for a frame that is too large or not ended by 0xCE; reading cannot go on after that.
        """
        data = self.data
        pos: cython.Py_ssize_t = self.pos
        size: cython.Py_ssize_t
        if len(data) - pos < OVERHEAD_BYTES - 1:
            if pos == len(data):
                # An idle connection keeps nothing of what it was last sent.
                self.data, self.pos = b"", 0
            return None
        kind, channel, size = _HEAD.unpack_from(data, pos)
        if size > self.payload_max:
            reason = f"{{frame_too_large,{size},{self.payload_max - OVERHEAD_BYTES}}}"
            raise FramingLost(replies.FRAME_ERROR, f"type {kind}, all octets = <<>>: {reason}")
        stop: cython.Py_ssize_t = pos + size + 8
        if stop > len(data):
            return None
        payload = data[pos + 7 : stop - 1]
        self.pos = stop
        if data[stop - 1] != END:
            text = f"type {kind}, {snippet(payload)}: "
            reason = erlang.pair("invalid_frame_end_marker", data[stop - 1], len(text))
            raise FramingLost(replies.FRAME_ERROR, text + reason)
        return kind, channel, payload
