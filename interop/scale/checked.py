"""A consumer that looks at every delivery: its tag, its redelivered flag, its offset in a stream, its number.

All deliveries of a run are of one length, so one struct reads them; that costs the client some 0.3 us a message.
"""

import struct
from collections.abc import Iterator
from itertools import count, islice, repeat
from typing import Any

from pamqp import commands

from interop.bench import wire
from interop.bench.client import Client
from interop.scale.numbered import NUMBER_BYTES

_CHUNK_BYTES = 262_144
# A short string's length, the header's name, the type of a 64-bit number.
_OFFSET_HEADER = b"\x0fx-stream-offsetl"


class Broken(Exception):
    """A delivery is not the one that must come now."""


class CheckedConsumer:
    """Takes the numbers from ``start`` on, each once and in order. Acks every ``ack_every``-th for many; 0: never.

    In a stream (``offsets``) a message's number is its offset, and that is looked at too. ``marked`` says how many
    deliveries from the first must bear the redelivered flag; no other may, unless ``others_marked`` allows it.
    """

    def __init__(
        self,
        client: Client,
        queue: str,
        *,
        size: int,
        prefetch: int,
        ack_every: int = 0,
        start: int = 0,
        offsets: bool = False,
        marked: int = 0,
        others_marked: bool = False,
        arguments: dict[str, Any] | None = None,
    ) -> None:
        self.socket = client.socket
        self.received = 0
        self.redelivered = 0
        self._size = size
        self._ack_every = ack_every
        self._acked = 0
        self._start = start
        self._offsets = offsets
        self._marked = marked
        self._others_marked = others_marked
        self._buffer = memoryview(bytearray(_CHUNK_BYTES))
        self._filled = 0
        self._row: struct.Struct | None = None
        client.call(commands.Basic.Qos(prefetch_count=prefetch))
        client.call(commands.Basic.Consume(queue=queue, consumer_tag="scale", arguments=arguments))
        self.socket.setblocking(True)
        early = client.rest()
        self._buffer[: len(early)] = early
        self._take(len(early))

    @property
    def next_number(self) -> int:
        """What must come next."""
        return self._start + self.received

    def read(self) -> None:
        """Take one chunk (the socket is known to be readable). Raises Broken, and ConnectionResetError at the end."""
        size = self.socket.recv_into(self._buffer[self._filled :])
        if not size:
            raise ConnectionResetError("the broker closed a consumer's connection")
        self._take(size)

    def acknowledge(self) -> None:
        """Ack all there is."""
        if self._acked < self.received:
            self._acked = self.received
            self.socket.sendall(wire.ack(self._acked, multiple=True))

    def _take(self, size: int) -> None:
        self._filled += size
        if self._row is None:
            self._row = self._row_of(bytes(self._buffer[: self._filled]))
            if self._row is None:
                return
        whole = self._filled - self._filled % self._row.size
        self._check(list(self._row.iter_unpack(self._buffer[:whole])))
        self._buffer[: self._filled - whole] = self._buffer[whole : self._filled]
        self._filled -= whole
        if self._ack_every and self.received - self._acked >= self._ack_every:
            self.acknowledge()

    def _row_of(self, data: bytes) -> struct.Struct | None:
        """What reads a delivery as (tag, redelivered, offset where there is one, number)."""
        shape = wire.delivery_shape(data)
        if shape is None:
            return None
        layout, at = ">", 0
        for field, where in self._fields(data[: shape.length], shape):
            layout += f"{where - at}x{field}"
            at = where + struct.calcsize(field)
        return struct.Struct(f"{layout}{shape.length - at}x")

    def _fields(self, delivery: bytes, shape: wire.DeliveryShape) -> Iterator[tuple[str, int]]:
        yield "Q", shape.tag_at
        yield "B", shape.tag_at + 8
        if self._offsets:
            found = delivery.find(_OFFSET_HEADER)
            if found < 0:
                raise Broken(f"a delivery without x-stream-offset: {delivery!r}")
            yield "Q", found + len(_OFFSET_HEADER)
        # Behind the body, which ends with its filling, stands the octet that ends its frame.
        yield "Q", shape.length - 1 - self._size + NUMBER_BYTES - 8

    def _check(self, rows: list[tuple[int, ...]]) -> None:
        columns = [
            count(self.received + 1),
            self._flags(rows),
            *(self._numbers() for _ in range(1 + self._offsets)),
        ]
        due = list(zip(*(islice(column, len(rows)) for column in columns), strict=True))
        if rows != due:
            names = ("tag", "redelivered", *(["offset"] * self._offsets), "number")
            came, expected = next((a, b) for a, b in zip(rows, due, strict=True) if a != b)
            raise Broken(
                f"delivery {expected[0]:,} should have been {dict(zip(names, expected, strict=True))},"
                f" and was {dict(zip(names, came, strict=True))}"
            )
        self.received += len(rows)

    def _numbers(self) -> Iterator[int]:
        """What must come from now on."""
        return count(self.next_number)

    def _flags(self, rows: list[tuple[int, ...]]) -> Iterator[int]:
        """The redelivered flags that the rows must have; those they have, where either will do."""
        marked = min(max(self._marked - self.received, 0), len(rows))
        self.redelivered += sum(row[1] for row in rows)
        yield from repeat(1, marked)
        yield from (row[1] for row in rows[marked:]) if self._others_marked else repeat(0)
