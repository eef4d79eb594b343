"""Messages that carry their number, and who knows when each of them expires."""

import time
from array import array
from collections.abc import Callable
from itertools import accumulate

from pamqp import commands

from interop.bench import wire
from interop.bench.client import Client
from interop.scale.numbered import NUMBER_BYTES, NumberedPublisher

# A time to live of this many digits at most, in ms. For each that one has less, its body is filled up by an octet: all
# messages are of one length, and so are their dead letters, which tell it.
_DIGITS = 8
_BLOCK = 256
_FRAME_END = b"\xce"

# The moment, on ``time.monotonic``, at which the message of a number is to expire, if it is published now.
Moment = Callable[[int, float], float]


class ExpiringPublisher(NumberedPublisher):
    """Publishes 0, 1, 2 … up to, not including, ``upto``; ``moments`` says when each is to expire.

    ``own``: the messages say so themselves, which costs the client 1 µs each; else their queue does.
    """

    def __init__(
        self, client: Client, queue: str, moment: Moment, *, own: bool, window: int, persistent: bool = False
    ) -> None:
        super().__init__(client, queue, size=NUMBER_BYTES, window=window)
        self.moments = array("d")
        self._moment = moment
        self._own = own
        mode = 1 + persistent
        # What stands before and behind the digits, by their number; 0 where there are none.
        self._ends = {
            digits: _ends(queue, mode, digits, client.frame_max) for digits in (range(1, _DIGITS + 1) if own else [0])
        }

    def _next_block(self) -> wire.Block:
        now = time.monotonic()
        numbers = range(self.sent, min(self.sent + _BLOCK, self.upto))
        moments = [self._moment(number, now) for number in numbers]
        self.moments.extend(moments)
        data = bytearray()
        for number, moment in zip(numbers, moments, strict=True):
            digits = b"%d" % max((moment - now) * 1000, 0) if self._own else b""
            before, behind = self._ends[len(digits)]
            data += before + digits + behind + number.to_bytes(NUMBER_BYTES) + _FRAME_END
        return wire.Block(bytes(data), len(numbers))

    def leave(self) -> list[float]:
        """When each may leave its queue at the earliest, and is to: those before it must have left."""
        return list(accumulate(self.moments, max))


def _ends(queue: str, mode: int, digits: int, frame_max: int) -> tuple[bytes, bytes]:
    content = b"." * (_DIGITS - digits if digits else 0) + bytes(NUMBER_BYTES)
    expiration = "9" * digits or None
    properties = commands.Basic.Properties(delivery_mode=mode, expiration=expiration)
    one = wire.publish("", queue, content, properties, frame_max)[: -NUMBER_BYTES - 1]
    if expiration is None:
        return one, b""
    before, _, behind = one.rpartition(expiration.encode())
    return before, behind
