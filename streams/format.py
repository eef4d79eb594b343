"""The bytes of a log on disk: drawn here, packed and unpacked here, interpreted elsewhere.

A log is a row of segment files, ``<log>.<number>.<base offset>.segment``. A segment is a header, chunks without gaps,
and, once closed, a footer. All integers are little-endian; all times are ms since 1970; a CRC is CRC-32C started from
the segment's salt, so bytes that a client puts into a record can never pass for a chunk or a footer of ours.

    segment header, 64 bytes              chunk header, 64 bytes                   footer, 64 bytes
     0  8  magic LEVERLOG                  0  4  magic LVCK                         0  8  magic LVSEALED
     8  4  CRC of bytes 12..63 (no salt)   4  4  CRC of bytes 8..end of chunk       8  4  CRC of bytes 12..63
    12  2  version                         8  1  version                           12  4  epoch of the last chunk
    14  2  reserved, 0                     9  1  kind                              16  8  number of the last chunk
    16  8  base offset                    10  1  flags                             24  8  position of the last waypoint
    24  8  created at                     11  1  bytes of the filter               32  8  next offset
    32  8  number of the segment          12  4  records                           40  8  first timestamp
    40  4  epoch                          16  4  bytes of the payload              48  8  last timestamp
    44  4  salt                           20  4  epoch                             56  8  base of the last user chunk
    48 16  reserved, 0                    24  8  number in the epoch
                                          32  8  base offset
                                          40  8  timestamp
                                          48  8  position in the file
                                          56  8  reserved, 0

    payload = filter, then one 4-byte length a record, then the records.

Only chunks of user records take offsets: a stream's readers see dense ones. The base offset of any other chunk is the
offset the next user record will have. Its position in its own header keeps a chunk from being read at another place.

A waypoint is a chunk of three records: (position of the waypoint before or 0, next offset, first and last timestamp,
base of the last user chunk), then index entries since that waypoint (offset, timestamp, position), then the
places of control chunks since then (kind << 56 | position). Chained from the last one they are the segment's index.
"""

import struct
from enum import IntEnum
from typing import Final

import google_crc32c

VERSION: Final = 1
SEGMENT_MAGIC: Final = b"LEVERLOG"
CHUNK_MAGIC: Final = b"LVCK"
FOOTER_MAGIC: Final = b"LVSEALED"
HEADER_BYTES: Final = 64
SEGMENT_HEADER: Final = struct.Struct("<8sIHHQQQIIQQ")
CHUNK_HEADER: Final = struct.Struct("<4sIBBBBIIIQQQQQ")
FOOTER: Final = struct.Struct("<8sIIQQQQQQ")
MAX_PAYLOAD_BYTES: Final = 2**32 - 1

# Flags of a chunk.
BEGINS_COMMIT: Final = 1  # the first chunk of one write and sync: all before it was safe when it was written

_SALT_FREE: Final = 0


class Kind(IntEnum):
    """What a chunk holds. USER records have offsets; FENCE and WAYPOINT are the log's own; the rest is the caller's."""

    FENCE = 1
    USER = 2
    SETTLEMENT = 3
    CHECKPOINT = 4
    TRACKING = 5
    WAYPOINT = 6


class ChunkHeader:
    """A chunk's header, unpacked. ``size`` is the payload's bytes, ``end`` the position after the chunk."""

    __slots__ = (
        "base_offset", "count", "crc", "end", "epoch", "filter_bytes", "flags", "kind", "number", "position", "size",
        "timestamp_ms", "version",
    )  # fmt: skip

    base_offset: int
    count: int
    crc: int
    end: int
    epoch: int
    filter_bytes: int
    flags: int
    kind: int
    number: int
    position: int
    size: int
    timestamp_ms: int
    version: int

    def __init__(self, data: bytes, at: int) -> None:
        (
            _, self.crc, self.version, self.kind, self.flags, self.filter_bytes, self.count, self.size, self.epoch,
            self.number, self.base_offset, self.timestamp_ms, self.position, _,
        ) = CHUNK_HEADER.unpack_from(data, at)  # fmt: skip
        self.end = self.position + HEADER_BYTES + self.size

    @property
    def next_offset(self) -> int:
        return self.base_offset + self.count if self.kind == Kind.USER else self.base_offset


class SegmentHeader:
    """A segment's header."""

    __slots__ = ("base_offset", "created_ms", "epoch", "number", "salt", "version")

    def __init__(
        self, base_offset: int, number: int, epoch: int, salt: int, created_ms: int, version: int = VERSION
    ) -> None:
        self.base_offset = base_offset
        self.number = number
        self.epoch = epoch
        self.salt = salt
        self.created_ms = created_ms
        self.version = version

    def pack(self) -> bytes:
        fields = (self.base_offset, self.created_ms, self.number, self.epoch, self.salt, 0, 0)
        packed = SEGMENT_HEADER.pack(SEGMENT_MAGIC, 0, self.version, 0, *fields)
        return _with_crc(packed, _SALT_FREE)


class Footer:
    """What a closed segment says of itself, so that opening a log reads 128 bytes of it."""

    __slots__ = ("epoch", "first_ms", "last_chunk_base", "last_ms", "next_offset", "number", "waypoint")

    def __init__(
        self,
        *,
        epoch: int,
        number: int,
        waypoint: int,
        next_offset: int,
        first_ms: int,
        last_ms: int,
        last_chunk_base: int,
    ) -> None:
        self.epoch = epoch
        self.number = number
        self.waypoint = waypoint
        self.next_offset = next_offset
        self.first_ms = first_ms
        self.last_ms = last_ms
        self.last_chunk_base = last_chunk_base

    def pack(self, salt: int) -> bytes:
        fields = (self.number, self.waypoint, self.next_offset, self.first_ms, self.last_ms, self.last_chunk_base)
        return _with_crc(FOOTER.pack(FOOTER_MAGIC, 0, self.epoch, *fields), salt)


def _with_crc(packed: bytes, salt: int) -> bytes:
    """A header or footer whose CRC stands at 8..11 and covers what follows it."""
    return b"".join((packed[:8], checksum(packed[12:], salt).to_bytes(4, "little"), packed[12:]))


def checksum(data: bytes, salt: int) -> int:
    """CRC-32C of data, continued from the segment's salt. google-crc32c: 2.5 µs for 12 KB, zlib.crc32 9 µs."""
    result: int = google_crc32c.extend(salt, data)
    return result


def read_segment_header(data: bytes) -> SegmentHeader | None:
    """The header at the start of a segment file, whatever its version; None when damaged or none."""
    if len(data) < HEADER_BYTES:
        return None
    fields = SEGMENT_HEADER.unpack_from(data)
    magic, crc, version, _, base_offset, created_ms, number, epoch, salt, _, _ = fields
    if magic != SEGMENT_MAGIC or crc != checksum(data[12:HEADER_BYTES], _SALT_FREE):
        return None
    return SegmentHeader(base_offset, number, epoch, salt, created_ms, version)


def read_footer(data: bytes, salt: int) -> Footer | None:
    """The footer in the last 64 bytes of a file; None when there is none."""
    if len(data) != HEADER_BYTES or not data.startswith(FOOTER_MAGIC):
        return None
    _, crc, epoch, number, waypoint, next_offset, first_ms, last_ms, last_chunk_base = FOOTER.unpack(data)
    if crc != checksum(data[12:], salt):
        return None
    return Footer(
        epoch=epoch,
        number=number,
        waypoint=waypoint,
        next_offset=next_offset,
        first_ms=first_ms,
        last_ms=last_ms,
        last_chunk_base=last_chunk_base,
    )
