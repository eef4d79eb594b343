"""Index: a segment's sparse map from offset and time to position, by bisection; and how it rides in waypoint chunks."""

import struct
from array import array
from bisect import bisect_left, bisect_right
from sys import byteorder
from typing import Final

from streams.chunk import ChunkBuilder
from streams.format import HEADER_BYTES, Kind

_SUMMARY = struct.Struct("<QQQQQ")
_PLACE_BITS: Final = 56
_PLACE_MASK: Final = (1 << _PLACE_BITS) - 1


class Index:
    """Entries in order of position. ``waypoint`` is the position of the last waypoint, 0 before the first."""

    __slots__ = (
        "_entry_at",
        "_fresh_controls",
        "_fresh_entries",
        "controls",
        "offsets",
        "positions",
        "times",
        "waypoint",
    )

    # An entry for every so many bytes: a seek lands at most one block away, and 1 GiB of log costs 400 KB of index.
    ENTRY_BYTES = 64 * 1024
    # Opening scans at most about twice this of the newest segment: 1 ms for large chunks, 100 ms for the smallest ones.
    WAYPOINT_BYTES = 1024 * 1024
    # A log of settlements only has many control chunks a byte; the waypoint that lists them stays within 32 KiB.
    WAYPOINT_CONTROLS = 4096

    def __init__(self) -> None:
        self.offsets = array("Q")
        self.times = array("Q")
        self.positions = array("Q")
        self.controls = array("Q")
        self.waypoint = 0
        self._fresh_entries = 0
        self._fresh_controls = 0
        self._entry_at = 0

    def note(self, kind: int, base_offset: int, timestamp_ms: int, position: int) -> None:
        """Take notice of the chunk at this position, the next one in the segment."""
        if position >= self._entry_at:
            self.offsets.append(base_offset)
            self.times.append(timestamp_ms)
            self.positions.append(position)
            self._entry_at = position + self.ENTRY_BYTES
        if kind == Kind.WAYPOINT:
            self.waypoint = position
            self._fresh_entries = len(self.positions)
            self._fresh_controls = len(self.controls)
        elif kind not in (Kind.USER, Kind.FENCE):
            self.controls.append(kind << _PLACE_BITS | position)

    def waypoint_due(self, end: int) -> bool:
        """Whether a segment that ends there needs a waypoint now."""
        fresh = len(self.controls) - self._fresh_controls
        return end - max(self.waypoint, HEADER_BYTES) >= self.WAYPOINT_BYTES or fresh >= self.WAYPOINT_CONTROLS

    def position_of_offset(self, offset: int) -> int:
        """Where to read from to come upon this offset."""
        found = bisect_right(self.offsets, offset)
        # Control chunks bear the offset of the user chunk after them: the entry may be one of several of that offset.
        found = bisect_left(self.offsets, self.offsets[found - 1]) if found else 0
        return self.positions[found - 1] if found else HEADER_BYTES

    def position_of_time(self, timestamp_ms: int) -> int:
        """Where to read from to come upon the first chunk of this time or later."""
        found = bisect_left(self.times, timestamp_ms)
        return self.positions[found - 1] if found else HEADER_BYTES

    def control_places(self, kinds: frozenset[int]) -> list[tuple[int, int]]:
        """The control chunks of these kinds, in order: each one's kind and position."""
        places = [(place >> _PLACE_BITS, place & _PLACE_MASK) for place in self.controls]
        return [place for place in places if place[0] in kinds]

    def waypoint_chunk(self, next_offset: int, first_ms: int, last_ms: int, last_chunk_base: int) -> ChunkBuilder:
        """The next waypoint: what was noted since the last one, and the segment's state."""
        begin = self._fresh_entries
        entries = b"".join(
            column[begin:].tobytes() for column in map(_little, (self.offsets, self.times, self.positions))
        )
        controls = _little(self.controls)[self._fresh_controls :].tobytes()
        summary = _SUMMARY.pack(self.waypoint, next_offset, first_ms, last_ms, last_chunk_base)
        records = [summary, entries, controls]
        builder = ChunkBuilder(Kind.WAYPOINT, next_offset)
        builder.add(records, 12 + sum(map(len, records)), last_ms)
        return builder


class Waypoint:
    """A waypoint chunk's content."""

    __slots__ = ("_controls", "_entries", "first_ms", "last_chunk_base", "last_ms", "next_offset", "previous")

    def __init__(self, records: list[bytes]) -> None:
        self.previous, self.next_offset, self.first_ms, self.last_ms, self.last_chunk_base = _SUMMARY.unpack(records[0])
        self._entries = records[1]
        self._controls = records[2]

    def add_to(self, index: Index) -> None:
        """Append what it lists; waypoints are added from the first to the last."""
        entries = _little(array("Q", self._entries))
        count = len(entries) // 3
        index.offsets += entries[:count]
        index.times += entries[count : 2 * count]
        index.positions += entries[2 * count :]
        index.controls += _little(array("Q", self._controls))


def chained(waypoints: list[Waypoint]) -> Index:
    """The index of these waypoints, given from the last to the first."""
    index = Index()
    for waypoint in reversed(waypoints):
        waypoint.add_to(index)
    index._fresh_entries = len(index.positions)
    index._fresh_controls = len(index.controls)
    index._entry_at = index.positions[-1] + Index.ENTRY_BYTES if index.positions else 0
    return index


def _little(values: "array[int]") -> "array[int]":
    """The same numbers with the file's byte order in memory (or back), as tobytes() needs it."""
    if byteorder != "little":
        values = values[:]
        values.byteswap()
    return values
