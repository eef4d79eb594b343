"""The bytes that a load sends, built once, and the shape of the deliveries that come back.

Building a message costs more than a fast broker spends on it, so no load builds one while it is measured.
"""

import struct
from collections.abc import Iterator
from datetime import UTC, datetime

from pamqp import body, commands, frame, header

# One write of some 64 KiB carries about 900 small messages: the system call then costs the client < 0.1 us a message.
BLOCK_BYTES = 65_536

# type, channel, payload size | class 60, method 80 | delivery tag, multiple | end of frame
_ACK = struct.Struct(">BHIHHQBB")
_FRAME_HEADER = struct.Struct(">BHI")
_TAG = struct.Struct(">Q")
_METHOD, _HEADER, _FRAME_END = 1, 2, 0xCE
# Frame header and end octet; class id, weight and body size ahead of a content header's flags.
_FRAME_OVERHEAD = 8
_BODY_SIZE_AT = 4
_DELIVER = struct.pack(">BHH", _METHOD, 60, 60)

ACK_BYTES = _ACK.size


class Block:
    """Whole publishes, ready to be sent: ``count`` of them in ``data``."""

    __slots__ = ("count", "data")

    def __init__(self, data: bytes, count: int) -> None:
        self.data = memoryview(data)
        self.count = count


def publish_block(
    exchange: str,
    routing_key: str,
    size: int,
    *,
    rich: bool,
    frame_max: int,
    count: int = 0,
    persistent: bool = False,
) -> Block:
    """As many publishes on channel 1 as fill about 64 KiB (``count`` of them when given), each with a body of its own.

    ``rich`` adds what a client library adds: content type, message id, timestamp and a header. All ids are of one
    length, so that all deliveries are too.
    """

    def message(number: int) -> bytes:
        content = (b"%016d" % number * (size // 16 + 1))[:size]
        properties = _rich_properties(number) if rich else commands.Basic.Properties()
        properties.delivery_mode = 2 if persistent else 1
        return publish(exchange, routing_key, content, properties, frame_max)

    count = count or max(1, BLOCK_BYTES // len(message(0)))
    return Block(b"".join(map(message, range(count))), count)


def publish(
    exchange: str, routing_key: str, content: bytes, properties: commands.Basic.Properties, frame_max: int
) -> bytes:
    """The frames of one publish on channel 1: the method, the content header, the body cut at ``frame_max`` bytes."""
    step = frame_max - _FRAME_OVERHEAD
    frames: list[frame.FrameTypes] = [
        commands.Basic.Publish(exchange=exchange, routing_key=routing_key),
        header.ContentHeader(body_size=len(content), properties=properties),
        *(body.ContentBody(content[start : start + step]) for start in range(0, len(content), step)),
    ]
    return b"".join(frame.marshal(each, 1) for each in frames)


def _rich_properties(number: int) -> commands.Basic.Properties:
    return commands.Basic.Properties(
        content_type="application/json",
        message_id=f"{number:032x}",
        timestamp=datetime(2025, 1, 1, tzinfo=UTC),
        headers={"attempt": 1},
    )


def ack(delivery_tag: int, *, multiple: bool) -> bytes:
    """A basic.ack on channel 1."""
    return _ACK.pack(_METHOD, 1, _ACK.size - _FRAME_OVERHEAD, 60, 80, delivery_tag, multiple, _FRAME_END)


class AckTape:
    """Single acks for the tags 1, 2, 3 … end to end, made in lengths of 65,536 and shared by all runs.

    Packing an ack costs 0.3 us; made once and sent in slices, an ack costs the client next to nothing.
    """

    _LENGTH = 65_536

    def __init__(self, ready: int = 1_000_000) -> None:
        self._lengths = [self._make(number) for number in range(ready // self._LENGTH + 1)]

    def _make(self, number: int) -> memoryview:
        first = number * self._LENGTH + 1
        return memoryview(b"".join(ack(tag, multiple=False) for tag in range(first, first + self._LENGTH)))

    def cut(self, after: int, upto: int) -> list[memoryview]:
        """The acks for ``after + 1`` to ``upto``, in as many pieces as the lengths they lie in."""
        pieces = []
        while after < upto:
            number, start = divmod(after, self._LENGTH)
            while number >= len(self._lengths):
                self._lengths.append(self._make(len(self._lengths)))
            end = min(upto - number * self._LENGTH, self._LENGTH)
            pieces.append(self._lengths[number][start * ACK_BYTES : end * ACK_BYTES])
            after = number * self._LENGTH + end
        return pieces


class DeliveryShape:
    """How long every delivery of a load is, in bytes, and where its delivery tag lies."""

    __slots__ = ("length", "tag_at")

    def __init__(self, length: int, tag_at: int) -> None:
        self.length = length
        self.tag_at = tag_at

    def tag(self, buffer: bytearray, start: int) -> int:
        """The tag of the delivery that starts there."""
        return int(_TAG.unpack_from(buffer, start + self.tag_at)[0])


def delivery_shape(data: bytes | bytearray) -> DeliveryShape | None:
    """The shape of the delivery that ``data`` opens with; None until the whole of it is there.

    Raises ValueError when it opens with anything else.
    """
    left = -1
    for start, end in _frame_spans(data):
        if start == 0 and bytes(data[:1] + data[7:11]) != _DELIVER:
            raise ValueError(f"a delivery was expected, not {bytes(data[:end])!r}")
        if data[start] == _HEADER:
            left = _TAG.unpack_from(data, start + 7 + _BODY_SIZE_AT)[0]
        elif start:
            left -= end - start - _FRAME_OVERHEAD
        if left == 0:
            consumer_tag_bytes = data[11]
            return DeliveryShape(end, 12 + consumer_tag_bytes)
    return None


def _frame_spans(data: bytes | bytearray) -> Iterator[tuple[int, int]]:
    start = 0
    while start + 7 <= len(data):
        end = start + _FRAME_HEADER.unpack_from(data, start)[2] + _FRAME_OVERHEAD
        if end > len(data):
            return
        yield start, end
        start = end
