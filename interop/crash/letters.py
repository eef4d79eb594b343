"""Bodies that tell whose they are, how long they have to be, and whether they are whole."""

import random
import zlib
from struct import Struct

MessageId = tuple[int, int]
"""Publisher and number. A publisher's numbers rise; no two publishers of one stage are the same."""

HEAD_BYTES = 16
LARGEST_BYTES = 300 * 1024
_HEAD = Struct(">IIII")
_NOISE = random.Random(0).randbytes(2 * LARGEST_BYTES)


class Mangled(Exception):
    """A body that is not what any publisher sent."""


def write(message: MessageId, size: int) -> bytes:
    """A body of ``size`` bytes, at least HEAD_BYTES of them."""
    publisher, number = message
    filler = _filler(number, size)
    return _HEAD.pack(publisher, number, size, zlib.crc32(filler, publisher)) + filler


def read(body: bytes) -> MessageId:
    """Whose it is. Raises Mangled."""
    if len(body) < HEAD_BYTES:
        raise Mangled(f"a body of {len(body)} bytes: {body!r}")
    publisher, number, size, checksum = _HEAD.unpack_from(body)
    filler = body[HEAD_BYTES:]
    if len(body) != size or filler != _filler(number, size) or zlib.crc32(filler, publisher) != checksum:
        raise Mangled(f"message {(publisher, number)} of {size} bytes came with {len(body)}: {body[:40]!r}…")
    return publisher, number


def _filler(number: int, size: int) -> bytes:
    begin = number * 7919 % LARGEST_BYTES
    return _NOISE[begin : begin + size - HEAD_BYTES]


def size(chance: random.Random, *, large: bool) -> int:
    """Mostly small; ``large`` ones fill a segment of 16 MiB in some hundreds."""
    share = chance.random()
    if large:
        return chance.randint(20_000, LARGEST_BYTES)
    if share < 0.70:
        return chance.randint(HEAD_BYTES, 200)
    if share < 0.92:
        return chance.randint(200, 4_000)
    return chance.randint(4_000, 60_000 if share < 0.98 else LARGEST_BYTES)
