"""Messages that carry their number and, each, the moment at which they expire."""

import time
from collections.abc import Callable

from pamqp import commands

from interop.bench import wire
from interop.bench.client import Client
from interop.scale.numbered import NUMBER_BYTES, NumberedPublisher

# Leading zeros are allowed; so all messages are of one length, and their dead letters, which tell it, are too.
_EXPIRATION = "00000000"
_BLOCK = 256


class ExpiringPublisher(NumberedPublisher):
    """Publishes 0, 1, 2 … up to, not including, ``upto``; the message of each number expires when ``expires_at`` says.

    Moments are on ``time.monotonic``. Each message costs the client some 1 µs.
    """

    def __init__(
        self,
        client: Client,
        queue: str,
        expires_at: Callable[[int], float],
        *,
        size: int,
        window: int,
        persistent: bool = False,
    ) -> None:
        super().__init__(client, queue, size=size, window=window)
        self._expires_at = expires_at
        properties = commands.Basic.Properties(delivery_mode=1 + persistent, expiration=_EXPIRATION)
        one = wire.publish("", queue, b"." * size, properties, client.frame_max)
        number_at = len(one) - 1 - size
        self._head, self._middle = one[:number_at].split(_EXPIRATION.encode())
        self._tail = one[number_at + NUMBER_BYTES :]

    def _next_block(self) -> wire.Block:
        now = time.monotonic()
        numbers = range(self.sent, min(self.sent + _BLOCK, self.upto))
        head, middle, tail, expires_at = self._head, self._middle, self._tail, self._expires_at
        messages = [
            b"%b%08d%b%b%b" % (head, max(expires_at(n) - now, 0) * 1000, middle, n.to_bytes(NUMBER_BYTES), tail)
            for n in numbers
        ]
        return wire.Block(b"".join(messages), len(numbers))
