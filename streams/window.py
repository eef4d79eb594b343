"""Window: a file of chunks seen through one buffer; finding the next whole chunk in it, wherever that is."""

from streams.chunk import read_header, verify
from streams.files import File
from streams.format import CHUNK_MAGIC, HEADER_BYTES, ChunkHeader


class Window:
    """A file's bytes through one buffer that moves forward (or back)."""

    __slots__ = ("_data", "_file", "_start", "size")

    def __init__(self, file: File, size: int) -> None:
        self._file = file
        self._data = b""
        self._start = 0
        self.size = size

    # Large enough that a call costs nothing beside it.
    BYTES = 1024 * 1024
    # A file this small is read at once: three calls fewer for each of 10,000 small logs.
    SMALL_BYTES = 64 * 1024

    def piece(self, position: int, size: int) -> bytes:
        """These bytes by themselves (fewer at either end of the file)."""
        position = max(position, 0)
        if self.size > self.SMALL_BYTES:
            return self._file.read(position, min(size, self.size - position))
        data, at = self.at(position, size)
        return data[at : at + size]

    def at(self, position: int, size: int) -> tuple[bytes, int]:
        """Data and the index in it at which ``size`` bytes from this position begin (fewer at the end)."""
        size = min(size, self.size - position)
        if not (self._start <= position and position + size <= self._start + len(self._data)):
            self._data = self._file.read(position, min(max(size, self.BYTES), self.size - position))
            self._start = position
        return self._data, position - self._start

    def chunk(self, position: int, salt: int) -> ChunkHeader | None:
        """The header of the whole, unbroken chunk at this position."""
        data, at = self.at(position, HEADER_BYTES)
        header = read_header(data, at, position)
        if header is None or header.end > self.size:
            return None
        data, at = self.at(position, HEADER_BYTES + header.size)
        return header if verify(data, at, header, salt) else None

    def find_chunk(self, position: int, salt: int) -> ChunkHeader | None:
        """The first whole chunk at this position or later."""
        while position < self.size:
            data, at = self.at(position, min(self.BYTES, self.size - position))
            if len(data) - at < HEADER_BYTES:
                return None
            found = data.find(CHUNK_MAGIC, at)
            if found < 0:
                # The magic may lie across the edge.
                position += max(len(data) - at - len(CHUNK_MAGIC) + 1, 1)
                continue
            position += found - at
            header = self.chunk(position, salt)
            if header is not None:
                return header
            position += 1
        return None
