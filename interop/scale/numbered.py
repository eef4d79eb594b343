"""Messages that carry their own number, published by the block: the number costs the client some 20 ns a message."""

import math

from pamqp import commands

from interop.bench import wire
from interop.bench.client import Client
from interop.bench.ends import ConfirmedPublisher
from interop.bench.flow import Flow

# A body opens with its number, big-endian. A block never crosses a multiple of 256: its numbers differ in one octet.
NUMBER_BYTES = 16
_BLOCK = 256


class Numbers:
    """Builds blocks of publishes to one queue, persistent, whose bodies are their numbers, filled up to ``size``."""

    def __init__(self, queue: str, size: int, frame_max: int) -> None:
        content = bytes(NUMBER_BYTES) + b"." * (size - NUMBER_BYTES)
        one = wire.publish("", queue, content, commands.Basic.Properties(delivery_mode=2), frame_max)
        number_at = len(one) - 1 - size  # the body is one frame, and an octet ends it
        self._head, self._tail = one[:number_at], one[number_at + NUMBER_BYTES :]
        # What stands between the common octets of two numbers: the last octet of one, and all up to the next.
        self._between = [bytes((low,)) + self._tail + self._head for low in range(_BLOCK)]

    def block(self, first: int, most: int) -> wire.Block:
        """From ``first`` to the next multiple of 256, but ``most`` messages at most; ``most`` is above 0."""
        high, low = first // _BLOCK, first % _BLOCK
        count = min(_BLOCK - low, most)
        last = low + count - 1
        common = high.to_bytes(NUMBER_BYTES - 1)
        return wire.Block(common.join([self._head, *self._between[low:last], bytes((last,)) + self._tail]), count)


class NumberedPublisher(ConfirmedPublisher):
    """Publishes 0, 1, 2 … up to, not including, ``upto``, which may be moved on."""

    def __init__(self, client: Client, queue: str, *, size: int, window: int) -> None:
        super().__init__(client, wire.Block(b"", _BLOCK), window)
        self.upto = 0
        self._numbers = Numbers(queue, size, client.frame_max)

    def publish(self, upto: int) -> None:
        """Go on up to there, and return when all is confirmed. Raises Stalled, Refused, and OSError."""
        self.upto = upto
        flow = Flow(self, [])
        flow.run(math.inf, upto)
        flow.finish()

    @property
    def room(self) -> bool:
        return self.sent < self.upto and super().room

    def _next_block(self) -> wire.Block:
        return self._numbers.block(self.sent, self.upto - self.sent)
