"""Contents in pieces: ContentAssembler puts one together frame by frame, ``readdress`` makes one fit another peer.

A content is one header frame and one body frame (see ``protocol.amqp.basic``). The run reader takes the
usual case of one body frame; this is for all the rest, and it knows the words for what can go wrong.
"""

from functools import lru_cache
from struct import Struct

from protocol.amqp import frames, replies
from protocol.amqp.basic import CLASS_BASIC, PROPERTIES_AT, PUBLISH_METHOD
from protocol.amqp.errors import HardError
from protocol.amqp.properties import Checker

try:
    import cython
except ImportError:
    from protocol.native import cythonless as cython  # type: ignore[no-redef]

# RabbitMQ's absolute bound on a body, checked as soon as its header comes.
BODY_MAX_BYTES = 512 * 1024 * 1024

# An object of its own costs some 40 bytes.
_SMALL_BYTES = 1024
_FRAME_HEAD = Struct(">BHI")
_HEADER = Struct(">HHQ")
# A header frame's payload before the properties.
CONTENT_HEAD_BYTES = _HEADER.size


class ContentAssembler:
    """Publish method, header, bodies -> one content. One for each channel; idle between messages.

    ``keep_max`` is the largest body kept, in bytes: of a larger one only the size is counted, as it will be refused
    when it is whole.
    """

    __slots__ = (
        "arguments",
        "awaiting",
        "bodies",
        "body_size",
        "channel",
        "checker",
        "flags",
        "header",
        "keep_max",
        "remaining",
    )

    IDLE, HEADER, BODY = range(3)

    def __init__(self, channel: int, keep_max: int, checker: Checker) -> None:
        self.channel = channel
        self.checker = checker
        self.keep_max = keep_max
        self.awaiting = self.IDLE
        self.arguments = b""
        self.header = b""
        self.bodies: list[bytes | bytearray] = []
        self.body_size = 0
        self.remaining = 0
        self.flags = 0

    def start(self, arguments: bytes) -> None:
        """A publish method came. ``arguments`` is its payload behind the ids. Raises HardError if a content is under
        way.
        """
        if self.awaiting != self.IDLE:
            raise self._unexpected_method()
        self.arguments = arguments
        self.awaiting = self.HEADER

    def method_came(self) -> None:
        """Another method came. Raises HardError 505 if a content is under way."""
        if self.awaiting != self.IDLE:
            raise self._unexpected_method()

    def _unexpected_method(self) -> HardError:
        if self.awaiting == self.HEADER:
            return _unexpected(f"expected content header for class {CLASS_BASIC}, got non content header frame instead")
        return _unexpected("expected content body, got non content body frame instead")

    def add(self, kind: int, payload: bytes) -> bool:
        """A header or body frame came. True when the content is whole. Raises HardError 501, 505 or 541."""
        if self.awaiting == self.HEADER:
            return self._add_header(kind, payload)
        if self.awaiting == self.BODY:
            return self._add_body(kind, payload)
        raise HardError(replies.UNEXPECTED_FRAME, "expected method frame, got non method frame instead")

    def _add_header(self, kind: int, payload: bytes) -> bool:
        if kind != frames.HEADER:
            raise self._unexpected_method()
        class_id, weight, body_size = _HEADER.unpack_from(payload)
        if class_id != CLASS_BASIC:
            raise _unexpected(f"expected content header for class {CLASS_BASIC}, got one for class {class_id} instead")
        if weight:
            raise self._unexpected_method()
        if body_size > BODY_MAX_BYTES:
            raise _frame_error(f"content body size {body_size} exceeds maximum allowed size {BODY_MAX_BYTES}")
        try:
            self.flags = self.checker.check(payload[_HEADER.size :])
        except ValueError:
            raise HardError(replies.INTERNAL_ERROR, None) from None
        self.body_size = self.remaining = body_size
        self.header = _frame(kind, self.channel, payload)
        self.awaiting = self.BODY
        return not body_size

    def _add_body(self, kind: int, payload: bytes) -> bool:
        if kind != frames.BODY:
            raise self._unexpected_method()
        if len(payload) > self.remaining:
            raise _frame_error("content body frame exceeds remaining content size")
        self.remaining -= len(payload)
        # Empty frames are legal and endless: they must not take up room.
        if payload and not self.too_large:
            self._keep(payload)
        return not self.remaining

    def _keep(self, payload: bytes) -> None:
        """Small pieces are joined at once: a body of single bytes would take forty times its size."""
        bodies = self.bodies
        if len(payload) >= _SMALL_BYTES:
            bodies.append(payload)
        elif bodies and isinstance(bodies[-1], bytearray):
            bodies[-1] += payload
        else:
            bodies.append(bytearray(payload))

    @property
    def too_large(self) -> bool:
        return self.body_size > self.keep_max

    @property
    def held_bytes(self) -> int:
        """What is kept of a body that is not whole yet."""
        return 0 if self.awaiting != self.BODY or self.too_large else self.body_size - self.remaining

    def keep_nothing(self) -> None:
        """Whatever is whole from now on is refused: its bodies need not be kept, neither what came of one already."""
        self.keep_max = 0
        self.bodies.clear()

    def finish(self) -> bytes:
        """The whole content, with its body in one frame however large; the assembler is idle again."""
        content = self.header
        if self.bodies:
            content += _frame(frames.BODY, self.channel, b"".join(self.bodies))
        self.bodies.clear()
        self.awaiting = self.IDLE
        return content


def _frame(kind: int, channel: int, payload: bytes) -> bytes:
    return b"%b%b\xce" % (_FRAME_HEAD.pack(kind, channel, len(payload)), payload)


def _unexpected(text: str) -> HardError:
    return HardError(replies.UNEXPECTED_FRAME, text, CLASS_BASIC, PUBLISH_METHOD)


def _frame_error(text: str) -> HardError:
    return HardError(replies.FRAME_ERROR, text, CLASS_BASIC, PUBLISH_METHOD)


def properties_of(content: bytes) -> bytes:
    """The properties of a content, as they came."""
    return content[PROPERTIES_AT : 7 + int.from_bytes(content[3:7], "big")]


def content_of(properties: bytes) -> bytes:
    """A content without a body that has these properties."""
    head = _FRAME_HEAD.pack(2, 1, _HEADER.size + len(properties))
    return b"%b%b%b\xce" % (head, _HEADER.pack(CLASS_BASIC, 0, 0), properties)


def with_properties(content: bytes, properties: bytes) -> bytes:
    """The same content with other properties."""
    body_at = 8 + int.from_bytes(content[3:7], "big")
    size = _HEADER.size + len(properties)
    return b"%b%b%b%b\xce%b" % (
        content[:3],
        size.to_bytes(4, "big"),
        content[7:PROPERTIES_AT],
        properties,
        content[body_at:],
    )


def readdress(content: bytes, channel: int, frame_max: int) -> bytes:
    """A content for another channel, with body frames that fit ``frame_max`` (bytes, overhead included).

    As in RabbitMQ, the frames in which a body came do not show: it is cut only where it must be.
    """
    end: cython.Py_ssize_t = len(content)
    if end <= frame_max and content[0] == frames.HEADER:
        # Each of its two frames fits, and of each the channel is all that differs.
        header_mark, body_mark = _marks(channel)
        body: cython.Py_ssize_t = 8 + (content[3] << 24 | content[4] << 16 | content[5] << 8 | content[6])
        view: cython.p_const_uchar = content
        if body == end:
            return header_mark + view[3:end]
        return b"".join((header_mark, view[3:body], body_mark, view[body + 3 : end]))
    return _recut(content, channel, frame_max)


@lru_cache(1024)
def _marks(channel: int) -> tuple[bytes, bytes]:
    """What a header frame and a body frame of that channel begin with."""
    number = channel.to_bytes(2, "big")
    return b"\x02" + number, b"\x03" + number


def _recut(content: bytes, channel: int, frame_max: int) -> bytes:
    payload_max = frame_max - frames.OVERHEAD_BYTES
    pieces: list[bytes] = []
    pos, end = 0, len(content)
    while pos < end:
        kind, _, size = _FRAME_HEAD.unpack_from(content, pos)
        stop = pos + 7 + size
        if size <= payload_max or kind != frames.BODY:
            pieces.append(_FRAME_HEAD.pack(kind, channel, size))
            pieces.append(content[pos + 7 : stop + 1])
        else:
            for start in range(pos + 7, stop, payload_max):
                piece = content[start : min(start + payload_max, stop)]
                pieces.append(_frame(kind, channel, piece))
        pos = stop + 1
    return b"".join(pieces)
