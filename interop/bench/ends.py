"""The two ends of a load, as cheap as Python lets them be: one publishes blocks built before, one counts by length.

A publisher costs the client one system call a block; a consumer one a chunk, plus a look at one delivery tag of it. So
the broker, not the client, is what a measurement measures.
"""

import contextlib
import socket
from typing import Any

from pamqp import commands

from interop.bench import wire
from interop.bench.client import Client
from interop.bench.confirms import Confirms

# More than a loopback socket holds by default (some 2.5 MB grow in steps), small enough to stay in a core's cache.
_CHUNK_BYTES = 262_144


class Garbled(Exception):
    """The deliveries are not the run of equally long ones, tags rising by one, that this load must give."""


class Publisher:
    """Sends one block over and over on a socket that never blocks. ``sent`` counts the messages of blocks begun."""

    def __init__(self, client: Client, block: wire.Block) -> None:
        self.client = client
        self.socket = client.socket
        self.socket.setblocking(False)
        # What a block brings at most.
        self.block_messages = block.count
        self._block = block
        self.sent = 0
        self._rest = block.data[:0]

    @property
    def idle(self) -> bool:
        """Nothing of a block is left to be sent."""
        return not self._rest

    @property
    def room(self) -> bool:
        """A further block may be sent, as far as this end is concerned."""
        return True

    @property
    def confirmed(self) -> int:
        """Messages that are the broker's: without confirms, all that were sent."""
        return self.sent

    def send(self) -> None:
        """Send on, opening a new block when the last one is out; the socket may take a part, or nothing."""
        if not self._rest:
            block = self._next_block()
            self._rest = block.data
            self.sent += block.count
        with contextlib.suppress(BlockingIOError):
            self._rest = self._rest[self.socket.send(self._rest) :]

    def _next_block(self) -> wire.Block:
        return self._block

    def read(self) -> None:
        """The broker says something (the socket is known to be readable). Raises what that means."""
        raise self.client.refusal()


class ConfirmedPublisher(Publisher):
    """A publisher with confirms that has no more than ``window`` messages outstanding. A block must fit the window."""

    def __init__(self, client: Client, block: wire.Block, window: int) -> None:
        client.call(commands.Confirm.Select())
        super().__init__(client, block)
        self._window = window
        self._confirms = Confirms()

    @property
    def room(self) -> bool:
        return self.sent - self._confirms.count + self.block_messages <= self._window

    @property
    def confirmed(self) -> int:
        return self._confirms.count

    def read(self) -> None:
        """Take what confirms there are. Raises Refused for anything else, and ConnectionResetError at the end."""
        data = self.socket.recv(_CHUNK_BYTES)
        if not data:
            raise ConnectionResetError("the broker closed a publisher's connection")
        if strange := self._confirms.take(data):
            raise self.client.refusal(strange)


class Consumer:
    """Counts what one consumer gets, and acknowledges it: each message, or every ``ack_every``-th with ``multiple``."""

    def __init__(
        self,
        client: Client,
        queue: str,
        *,
        prefetch: int,
        ack_every: int,
        tape: wire.AckTape,
        arguments: dict[str, Any] | None = None,
    ) -> None:
        self.socket = client.socket
        self.received = 0
        self._acked = 0
        self._ack_every = ack_every
        self._tape = tape
        self._bytes = 0
        self._chunk = bytearray(_CHUNK_BYTES)
        self._first = bytearray()
        self._shape: wire.DeliveryShape | None = None
        if prefetch:
            client.call(commands.Basic.Qos(prefetch_count=prefetch))
        client.call(
            commands.Basic.Consume(queue=queue, consumer_tag="bench", no_ack=not ack_every, arguments=arguments)
        )
        self.socket.setblocking(True)
        self._take(client.rest())
        self.acknowledge()

    def read(self) -> None:
        """Take one chunk (the socket is known to be readable) and acknowledge what it brings to an end.

        Raises Garbled, and ConnectionResetError at the end of the stream.
        """
        self.receive()
        self.acknowledge()

    def receive(self) -> None:
        """The first half of ``read``."""
        size = self.socket.recv_into(self._chunk)
        if not size:
            raise ConnectionResetError("the broker closed a consumer's connection")
        if self._shape is None:
            self._take(bytes(self._chunk[:size]))
        else:
            self._count(self._shape, size)

    def _take(self, data: bytes) -> None:
        """Gather the first bytes until a delivery is whole: all others will be as long."""
        self._first += data
        self._bytes += len(data)
        self._shape = wire.delivery_shape(self._first)
        if self._shape is not None:
            self.received = self._bytes // self._shape.length
            self._first.clear()

    def _count(self, shape: wire.DeliveryShape, size: int) -> None:
        begun = -(-self._bytes // shape.length)
        start = begun * shape.length - self._bytes
        if start + shape.tag_at + 8 <= size and shape.tag(self._chunk, start) != begun + 1:
            raise Garbled(f"delivery {begun + 1} has the tag {shape.tag(self._chunk, start)}")
        self._bytes += size
        self.received = self._bytes // shape.length

    def acknowledge(self) -> None:
        """The second half of ``read``, for whoever wants to know the time between."""
        if self._ack_every == 1:
            for piece in self._tape.cut(self._acked, self.received):
                self.socket.sendall(piece)
            self._acked = self.received
        elif self._ack_every and self.received - self._acked >= self._ack_every:
            self._acked = self.received - self.received % self._ack_every
            self.socket.sendall(wire.ack(self._acked, multiple=True))


def take_reply(sock: socket.socket, size: int) -> bytes:
    """Exactly ``size`` bytes from a blocking socket. Raises ConnectionResetError at its end."""
    data = sock.recv(size)
    while len(data) < size:
        more = sock.recv(size - len(data))
        if not more:
            raise ConnectionResetError("the broker closed the connection")
        data += more
    return data
