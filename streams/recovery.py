"""From what a crash left to the last whole chunk. Reads only: what must go is cut off by the writer's first commit.

The crashes it knows, each by its name in a Repair:

- ``TORN_COMMIT``: the power went while a commit was being written; part of it may be there, in any order of sectors.
  It was never confirmed, so its broken chunk and all that follows are void.
- ``UNFINISHED_SEGMENT``: between creating a segment under its temporary name and renaming it.
- ``UNCLOSED_SEGMENT``: a segment that is not the newest lacks its footer. Only possible without syncs, or when the end
  of the file was damaged. It is read through and served.

Torn or damaged? One commit is in flight at a time, and the first chunk of each says so (``BEGINS_COMMIT``). A broken
stretch with a later commit behind it was safe once: it is damage, told by name and place, and the rest is served.
"""

from typing import Final

from streams.chunk import read_header
from streams.errors import Damage, Repair, UnsupportedVersion
from streams.files import File, Files
from streams.format import (
    BEGINS_COMMIT,
    CHUNK_MAGIC,
    HEADER_BYTES,
    VERSION,
    ChunkHeader,
    Footer,
    Kind,
    read_footer,
    read_segment_header,
)
from streams.index import Index, Waypoint
from streams.segment import Segment, load_index, read_chunk
from streams.window import Window

TORN_COMMIT: Final = "a commit cut short by a crash was dropped"
UNFINISHED_SEGMENT: Final = "a segment that a crash kept from its name was removed"
UNCLOSED_SEGMENT: Final = "a segment without its footer was read through"


class Findings:
    """What opening found out, to be told once."""

    __slots__ = ("damages", "repairs")

    def __init__(self) -> None:
        self.damages: list[Damage] = []
        self.repairs: list[Repair] = []


def open_segment(
    files: Files,
    path: str,
    number: int,
    base_offset: int,
    successor: int | None,
    findings: Findings,
    salt: int | None = None,
) -> Segment | None:
    """Open one segment file. ``successor`` is the next segment's base offset, None for the newest.

    ``salt`` is that of the log's other segments, in case this header is damaged; None is returned if both are missing.
    Raises UnsupportedVersion, OSError.
    """
    file = files.open(path)
    try:
        size = file.size()
        window = Window(file, size)
        header = read_segment_header(window.piece(0, HEADER_BYTES))
        if header is not None and header.version != VERSION:
            raise UnsupportedVersion(path, header.version, VERSION)
        if header is not None:
            segment = Segment(path, number, base_offset, header.salt, header.epoch)
        elif salt is not None:
            segment = Segment(path, number, base_offset, salt, 0)
            findings.damages.append(Damage(path, 0, min(size, HEADER_BYTES), base_offset, base_offset))
        else:
            return None
        footer = _footer(file, window, segment, newest=successor is None)
        if footer is not None:
            segment.close(footer, size)
            return segment
        _Scan(file, window, segment, successor, findings).run()
    finally:
        file.close()
    if successor is not None:
        findings.repairs.append(Repair(UNCLOSED_SEGMENT, path, segment.end))
        segment.sealed = True
    return segment


def set_aside(
    files: Files, path: str, number: int, base_offset: int, successor: int | None, findings: Findings
) -> Segment:
    """A segment whose salt is lost: nothing in it can be told from what a client may have written.

    If it is the newest, the offsets go on where no record of it can have been: a record takes at least 4 bytes.
    """
    file = files.open(path)
    try:
        size = file.size()
    finally:
        file.close()
    segment = Segment(path, number, base_offset, 0, 0)
    segment.next_offset = base_offset + size // 4 if successor is None else successor
    segment.end = segment.size = size
    segment.sealed = True
    segment.dropped = True
    findings.damages.append(Damage(path, 0, size, base_offset, segment.next_offset))
    return segment


def _footer(file: File, window: Window, segment: Segment, *, newest: bool) -> Footer | None:
    """The footer, if the segment was closed. A crash may let the newest one's arrive without the waypoint before it."""
    footer = read_footer(window.piece(window.size - HEADER_BYTES, HEADER_BYTES), segment.salt)
    if footer is not None and newest and read_chunk(file, footer.waypoint, segment.salt) is None:
        return None
    return footer


class _Scan:
    """Reading a segment that has no footer: from its last waypoint, chunk by chunk."""

    __slots__ = ("_before", "_file", "_findings", "_position", "_segment", "_window")

    def __init__(self, file: File, window: Window, segment: Segment, successor: int | None, findings: Findings) -> None:
        self._file = file
        self._window = window
        self._segment = segment
        self._before = successor
        self._findings = findings
        self._position = HEADER_BYTES

    def run(self) -> None:
        if self._window.size > 2 * Index.WAYPOINT_BYTES:
            self._start_at_waypoint()
        while (header := self._next()) is not None:
            self._take(header)
        segment = self._segment
        segment.end = self._position
        segment.size = self._window.size
        if self._leftover():
            self._findings.repairs.append(Repair(TORN_COMMIT, segment.path, self._position))

    def _start_at_waypoint(self) -> None:
        """All before the last waypoint was safe when that was written: its index is trusted, as a closed segment's."""
        position = self._last_waypoint()
        batch = read_chunk(self._file, position, self._segment.salt) if position else None
        if batch is None:
            return
        header = self._window.chunk(position, self._segment.salt)
        assert header is not None
        segment = self._segment
        waypoint = Waypoint(batch.records)
        segment.take(waypoint)
        segment.index = load_index(self._file, waypoint.previous, segment.salt)
        self._take(header)
        # The waypoint itself lists what came before it.
        segment.index = load_index(self._file, position, segment.salt)

    def _last_waypoint(self) -> int:
        """Its position, looking from the end of the file; 0 when there is none."""
        end = self._window.size
        while end > HEADER_BYTES:
            start = max(HEADER_BYTES, end - Window.BYTES)
            data = self._file.read(start, end - start + HEADER_BYTES)
            at = len(data)
            while (at := data.rfind(CHUNK_MAGIC, 0, at)) >= 0:
                header = read_header(data, at, start + at)
                if header is not None and header.kind == Kind.WAYPOINT and self._whole(header):
                    return header.position
            end = start
        return 0

    def _whole(self, header: ChunkHeader) -> bool:
        return (
            header.end <= self._window.size and read_chunk(self._file, header.position, self._segment.salt) is not None
        )

    def _next(self) -> ChunkHeader | None:
        """The next chunk that counts; None at the end of what was safe."""
        if self._position >= self._window.size:
            return None
        header = self._window.chunk(self._position, self._segment.salt)
        if header is not None and self._follows(header):
            return header if self._in_range(header) else None
        header = self._beyond_damage()
        if header is not None:
            lost = Damage(
                self._segment.path, self._position, header.position, self._segment.next_offset, header.base_offset
            )
            self._findings.damages.append(lost)
        return header

    def _follows(self, header: ChunkHeader) -> bool:
        """The next number of this epoch, or a newer epoch's fence; the first chunk of the file is followed blindly."""
        segment = self._segment
        if segment.chunk_number < 0:
            return header.epoch >= segment.epoch
        if header.epoch == segment.epoch:
            return header.number == segment.chunk_number + 1
        return header.epoch > segment.epoch and header.kind == Kind.FENCE

    def _in_range(self, header: ChunkHeader) -> bool:
        """Without syncs a power cut may leave records here that the next segment holds as well: its own count."""
        return self._before is None or header.next_offset <= self._before

    def _beyond_damage(self) -> ChunkHeader | None:
        """The first chunk after a broken stretch, if a later commit shows that the stretch was safe once."""
        first = None
        epoch, number = self._segment.epoch, self._segment.chunk_number
        position = self._position
        while (header := self._window.find_chunk(position, self._segment.salt)) is not None:
            position = header.end
            if (header.epoch, header.number) <= (epoch, number) or not self._in_range(header):
                position = header.position + 1
                continue  # void: an older epoch or a repeated number
            first = first or header
            if header.flags & BEGINS_COMMIT and header.position > self._position:
                return first
        return None

    def _take(self, header: ChunkHeader) -> None:
        self._segment.note(header, header.epoch, header.number)
        self._position = header.end

    def _leftover(self) -> bool:
        """Whether anything but zeros (room allocated ahead) follows the last chunk."""
        position = self._position
        while position < self._window.size:
            data, at = self._window.at(position, Window.BYTES)
            if data.count(0, at) != len(data) - at:
                return True
            position += len(data) - at
        return False
