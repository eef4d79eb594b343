"""Segment: one file of a log, as far as it is safe: its name, its state, its index. No writing, no repairing here."""

from collections.abc import Iterator
from contextlib import contextmanager

from streams.chunk import Batch, ChunkBuilder, read_batch, read_header, read_lengths, verify
from streams.files import File, Files
from streams.format import HEADER_BYTES, ChunkHeader, Footer, Kind, SegmentHeader
from streams.index import Index, Waypoint, chained

SUFFIX = ".segment"
UNFINISHED = ".unfinished"


def segment_name(log: str, number: int, base_offset: int) -> str:
    """The file name of a log's segment. The number tells segments apart that begin at one offset."""
    return f"{log}.{number:08d}.{base_offset:020d}{SUFFIX}"


def parse_name(name: str) -> tuple[str, int, int] | None:
    """Log, number and base offset of a segment's file name; None for any other file."""
    if not name.endswith(SUFFIX):
        return None
    parts = name[: -len(SUFFIX)].rsplit(".", 2)
    if len(parts) != 3 or not (parts[1].isdecimal() and parts[2].isdecimal()):
        return None
    return parts[0], int(parts[1]), int(parts[2])


class Segment:
    """One file. Positions and sizes in bytes, times in ms.

    ``end`` is where its safe chunks end; ``size`` what it takes on disk. ``epoch`` and ``chunk_number`` are the last
    chunk's. ``index`` is there for the newest segment only; a closed one's is read when someone seeks in it.
    """

    __slots__ = (
        "base_offset", "chunk_number", "dropped", "end", "epoch", "first_ms", "index", "last_chunk_base", "last_ms",
        "next_offset", "number", "path", "salt", "sealed", "size", "waypoint",
    )  # fmt: skip

    def __init__(self, path: str, number: int, base_offset: int, salt: int, epoch: int) -> None:
        self.path = path
        self.number = number
        self.base_offset = base_offset
        self.salt = salt
        self.epoch = epoch
        self.chunk_number = -1
        self.end = HEADER_BYTES
        self.size = HEADER_BYTES
        self.next_offset = base_offset
        self.first_ms = 0
        self.last_ms = 0
        self.last_chunk_base = base_offset
        self.sealed = False
        self.dropped = False
        self.waypoint = 0
        self.index: Index | None = Index()

    def header(self, created_ms: int) -> SegmentHeader:
        return SegmentHeader(self.base_offset, self.number, self.epoch, self.salt, created_ms)

    def note(self, chunk: Batch | ChunkHeader, epoch: int, number: int) -> None:
        """Take in the next chunk, which is safe now."""
        assert self.index is not None
        self.epoch = epoch
        self.chunk_number = number
        self.index.note(chunk.kind, chunk.base_offset, chunk.timestamp_ms, chunk.position)
        self.waypoint = self.index.waypoint
        self.end = chunk.end
        self.size = max(self.size, chunk.end)
        self.last_ms = max(self.last_ms, chunk.timestamp_ms)
        self.first_ms = self.first_ms or chunk.timestamp_ms
        if chunk.kind == Kind.USER:
            self.last_chunk_base = chunk.base_offset
            self.next_offset = chunk.next_offset

    def waypoint_chunk(self) -> ChunkBuilder:
        assert self.index is not None
        return self.index.waypoint_chunk(self.next_offset, self.first_ms, self.last_ms, self.last_chunk_base)

    def take(self, waypoint: Waypoint) -> None:
        """Continue from a waypoint instead of from the start of the file."""
        self.next_offset = waypoint.next_offset
        self.first_ms = waypoint.first_ms
        self.last_ms = waypoint.last_ms
        self.last_chunk_base = waypoint.last_chunk_base

    def footer(self, waypoint: int) -> Footer:
        """The footer that closes it behind its last waypoint, a chunk more, at that position."""
        return Footer(
            epoch=self.epoch,
            number=self.chunk_number + 1,
            waypoint=waypoint,
            next_offset=self.next_offset,
            first_ms=self.first_ms,
            last_ms=self.last_ms,
            last_chunk_base=self.last_chunk_base,
        )

    def close(self, footer: Footer, size: int) -> None:
        """It is closed with this footer: what it says is taken over and the index forgotten."""
        self.epoch = footer.epoch
        self.chunk_number = footer.number
        self.waypoint = footer.waypoint
        self.next_offset = footer.next_offset
        self.first_ms = footer.first_ms
        self.last_ms = footer.last_ms
        self.last_chunk_base = footer.last_chunk_base
        self.size = size
        self.end = size - HEADER_BYTES
        self.sealed = True
        self.index = None


def read_chunk(file: File, position: int, salt: int) -> Batch | None:
    """The chunk at a position, read by itself; None when it is damaged."""
    data = file.read(position, 4096)
    header = read_header(data, 0, position)
    if header is None:
        return None
    if len(data) < HEADER_BYTES + header.size:
        data += file.read(position + len(data), HEADER_BYTES + header.size - len(data))
    return read_batch(data, 0, header) if verify(data, 0, header, salt) else None


def empty_records(files: Files, segment: Segment, behind: frozenset[int]) -> list[int]:
    """The offsets of user records of no bytes behind the segment's last chunk of these kinds.

    No record is read: where a chunk's are small, that is 4 bytes for each, else next to nothing.
    """
    found: list[int] = []
    with _indexed(files, segment) as (file, index):
        position = max((place for _, place in index.control_places(behind)), default=HEADER_BYTES)
        while position < segment.end and (header := read_header(file.read(position, HEADER_BYTES), 0, position)):
            if header.kind == Kind.USER:
                lengths = read_lengths(file.read(position + HEADER_BYTES + header.filter_bytes, 4 * header.count))
                if 0 in lengths:
                    found += [header.base_offset + at for at, length in enumerate(lengths) if not length]
            position = header.end
    return found


def load_index(file: File, waypoint: int, salt: int) -> Index:
    """The index chained from this waypoint back. A damaged waypoint leaves the part before it to be read through."""
    chain = []
    position = waypoint
    while position:
        batch = read_chunk(file, position, salt)
        if batch is None or batch.kind != Kind.WAYPOINT:
            break
        chain.append(Waypoint(batch.records))
        position = chain[-1].previous
    index = chained(chain)
    index.waypoint = waypoint
    return index


def read_controls(files: Files, segment: Segment, kinds: frozenset[int], restart: int | None = None) -> list[Batch]:
    """The control chunks of these kinds in the segment, in order; damaged ones are left out.

    A chunk of the kind ``restart`` repeats what those before it say: the last whole one comes first then. To read a
    chunk takes 6 µs.
    """
    found: list[Batch] = []
    with _indexed(files, segment) as (file, index):
        for kind, position in reversed(index.control_places(kinds)):
            batch = read_chunk(file, position, segment.salt)
            if batch is not None:
                found.append(batch)
                if kind == restart:
                    break
    return found[::-1]


@contextmanager
def _indexed(files: Files, segment: Segment) -> Iterator[tuple[File, Index]]:
    """The segment's file, open for the length of the block, and the index of its chunks."""
    file = files.open(segment.path)
    try:
        yield file, segment.index or load_index(file, segment.waypoint, segment.salt)
    finally:
        file.close()
