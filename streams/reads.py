"""Reads of the disk that a cursor asks for. ``perform`` is all that runs in a thread: it touches files and itself."""

from streams.files import File, Files
from streams.format import HEADER_BYTES
from streams.index import Index
from streams.segment import Segment, load_index
from streams.window import Window


class BlockRead:
    """Bytes of one segment from ``position`` on, never beyond what is safe."""

    __slots__ = ("_end", "_files", "_size", "data", "error", "position", "segment")

    # A read of this size costs 60 µs from the page cache and brings 2,000 small records; a thousand readers from behind
    # hold 256 MB.
    BYTES = 256 * 1024

    def __init__(self, files: Files, segment: Segment, position: int, size: int = 0) -> None:
        self._files = files
        self._end = segment.end
        self._size = max(size, self.BYTES)
        self.segment = segment
        self.position = position
        self.data = b""
        self.error: OSError | None = None

    def perform(self) -> None:
        """Read. Keeps an OSError in ``error`` instead of raising it."""
        try:
            file = self._files.open(self.segment.path)
            try:
                self._locate(file)
                wanted = min(self._size, self._end - self.position)
                # A file that is shorter than it was is damaged from there on: zeros are no chunk.
                self.data = file.read(self.position, wanted).ljust(wanted, b"\0")
            finally:
                file.close()
        except OSError as error:
            self.error = error

    def _locate(self, file: File) -> None:
        """The position is known."""


class SeekRead(BlockRead):
    """As BlockRead, from the place an offset or a time has in a closed segment: its index is read first."""

    __slots__ = ("_offset", "_timestamp_ms", "_waypoint")

    def __init__(self, files: Files, segment: Segment, offset: int | None, timestamp_ms: int | None) -> None:
        super().__init__(files, segment, HEADER_BYTES)
        self._waypoint = segment.waypoint
        self._offset = offset
        self._timestamp_ms = timestamp_ms

    def _locate(self, file: File) -> None:
        index = load_index(file, self._waypoint, self.segment.salt)
        self.position = sought(index, self._offset, self._timestamp_ms)


class ResyncRead(BlockRead):
    """As BlockRead, from the first whole chunk behind a damaged place."""

    __slots__ = ("damaged_from", "end_offset", "found_offset")

    def __init__(self, files: Files, segment: Segment, position: int) -> None:
        super().__init__(files, segment, position)
        self.damaged_from = position
        self.found_offset: int | None = None
        # Of the bytes up to where this reads; more may be appended meanwhile.
        self.end_offset = segment.next_offset

    def _locate(self, file: File) -> None:
        header = Window(file, self._end).find_chunk(self.damaged_from + 1, self.segment.salt)
        self.position = self._end if header is None else header.position
        self.found_offset = None if header is None else header.base_offset


def sought(index: Index, offset: int | None, timestamp_ms: int | None) -> int:
    """The position to read from for an offset or, without one, a time."""
    if offset is not None:
        return index.position_of_offset(offset)
    return HEADER_BYTES if timestamp_ms is None else index.position_of_time(timestamp_ms)
