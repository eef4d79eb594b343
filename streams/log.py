"""Log: the segments of one log as they stand, opened from its folder; what readers see of it. Writing is ``writer``'s.

Opening reads 128 bytes of each closed segment and what follows the newest one's last waypoint. Several logs may
share a folder: a log is the files that begin with its name.
"""

from collections.abc import Callable, Iterable
from typing import Final

from streams.chunk import Batch
from streams.cursor import USER_ONLY, Cursor
from streams.errors import Damage, Repair
from streams.files import Files
from streams.offset_spec import OffsetSpec
from streams.recovery import Findings, open_segment, set_aside
from streams.segment import UNFINISHED, Segment, empty_records, parse_name, read_controls
from streams.tail import Tail

# A MiB is what a fast stream takes in while its readers take one turn; a thousand busy streams then hold 1 GiB.
TAIL_BYTES: Final = 1024 * 1024


class Log:
    """One log. Offsets count user records; ``segments`` are the ones being served, oldest first.

    ``damages`` and ``repairs`` hold what opening and reading found, until someone takes them.
    """

    __slots__ = (
        "_reported",
        "_segment_count",
        "damages",
        "files",
        "folder",
        "name",
        "repairs",
        "segments",
        "tail",
        "unfinished",
    )

    def __init__(self, files: Files, folder: str, name: str, tail_bytes: int = TAIL_BYTES) -> None:
        self.files = files
        self.folder = folder
        self.name = name
        self.segments: list[Segment] = []
        self.tail = Tail(tail_bytes)
        self.damages: list[Damage] = []
        self.repairs: list[Repair] = []
        self.unfinished: list[str] = []
        self._segment_count = 0
        self._reported: set[tuple[str, int]] = set()

    @classmethod
    def open(
        cls,
        files: Files,
        folder: str,
        name: str,
        *,
        entries: Iterable[str] | None = None,
        tail_bytes: int = TAIL_BYTES,
    ) -> "Log":
        """Open a log, which need not exist yet. Changes nothing on disk.

        ``entries`` are the folder's names that belong to this log (``catalogue`` gives them for all logs at once).
        Raises UnsupportedVersion, OSError.
        """
        log = cls(files, folder, name, tail_bytes)
        log._load(catalogue(files, folder).get(name, ()) if entries is None else entries)
        return log

    def _load(self, entries: Iterable[str]) -> None:
        places = []
        for entry in entries:
            parsed = parse_name(entry)
            if parsed is not None:
                places.append((parsed[1], parsed[2], f"{self.folder}/{entry}"))
            elif entry.endswith(UNFINISHED):
                self.unfinished.append(f"{self.folder}/{entry}")
        if not places:
            return
        places.sort()
        findings = Findings()
        self.segments = self._open_all(places, findings)
        self._segment_count = places[-1][0] + 1
        self.repairs += findings.repairs
        for damage in findings.damages:
            self.report(damage)

    def _open_all(self, places: list[tuple[int, int, str]], findings: Findings) -> list[Segment]:
        """Open each; one whose header is damaged once the salt is known from another."""
        successors: list[int | None] = [place[1] for place in places[1:]]
        successors.append(None)
        opened: list[Segment] = []
        later = []
        salt = None
        for (number, base_offset, path), successor in zip(places, successors, strict=True):
            segment = open_segment(self.files, path, number, base_offset, successor, findings, salt)
            if segment is None:
                later.append((path, number, base_offset, successor))
            else:
                salt = segment.salt
                opened.append(segment)
        for place in later:
            segment = None if salt is None else open_segment(self.files, *place, findings, salt)
            opened.append(segment or set_aside(self.files, *place, findings))
        opened.sort(key=_number)
        return opened

    # --- what there is ---

    @property
    def active(self) -> Segment | None:
        """The newest segment."""
        return self.segments[-1] if self.segments else None

    @property
    def _newest_kept(self) -> Segment | None:
        return next((segment for segment in reversed(self.segments) if not segment.dropped), None)

    @property
    def durable(self) -> int:
        """The first offset that is not safe yet: readers see what is before it."""
        return self.segments[-1].next_offset if self.segments else 0

    @property
    def first_offset(self) -> int:
        """The oldest offset that is kept; ``durable`` when none is."""
        return self.segments[0].base_offset if self.segments else 0

    @property
    def last_chunk_offset(self) -> int:
        """The first offset of the newest chunk of user records; ``durable`` when there is none."""
        for segment in reversed(self.segments):
            if segment.next_offset > segment.base_offset:
                return segment.last_chunk_base
        return self.durable

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return sum(segment.size for segment in self.segments)

    @property
    def next_segment_number(self) -> int:
        return self._segment_count

    def ranges(self) -> list[tuple[int, int]]:
        """The offsets that are kept, as [first, end) pairs; neighbours are joined."""
        joined: list[tuple[int, int]] = []
        for segment in self.segments:
            begin, end = segment.base_offset, segment.next_offset
            if segment.dropped or begin == end:
                continue
            if joined and joined[-1][1] == begin:
                joined[-1] = (joined[-1][0], end)
            else:
                joined.append((begin, end))
        return joined

    def segment_of(self, offset: int) -> Segment | None:
        """The newest segment that begins at or before this offset; the oldest when none does; None in an empty log."""
        found = [segment for segment in self.segments if segment.base_offset <= offset] or self.segments[:1]
        return found[-1] if found else None

    def segment_after(self, segment: Segment) -> Segment | None:
        """The next one that is served."""
        return next((other for other in self.segments if other.number > segment.number), None)

    # --- reading ---

    def cursor(
        self, spec: OffsetSpec, *, kinds: frozenset[int] = USER_ONLY, accepts: Callable[[bytes], bool] | None = None
    ) -> Cursor:
        """A reader's place in this log. See Cursor."""
        return Cursor(self, spec, kinds, accepts)

    def controls(self, kinds: frozenset[int], restart: int | None = None) -> list[Batch]:
        """The control chunks of these kinds in the newest segment, which repeats what is needed of older ones.

        With ``restart`` only from the last whole one of that kind on, which repeats what stands before it. Blocks for
        one read a chunk: for opening, not for serving. Raises OSError.
        """
        newest = self._newest_kept
        return [] if newest is None else read_controls(self.files, newest, kinds, restart)

    def empty_records(self, behind: frozenset[int]) -> list[int]:
        """The offsets of the user records of no bytes behind the newest segment's last control chunk of these kinds.

        Blocks, as ``controls`` does. Raises OSError.
        """
        newest = self._newest_kept
        return [] if newest is None else empty_records(self.files, newest, behind)

    # --- what is told ---

    def report(self, damage: Damage) -> None:
        """Keep a damage to be told, once for each place."""
        place = (damage.path, damage.position)
        if place not in self._reported:
            self._reported.add(place)
            self.damages.append(damage)

    def lost(self, segment: Segment) -> None:
        """A segment's file is gone although nobody here removed it."""
        segment.dropped = True
        self.report(Damage(segment.path, 0, segment.size, segment.base_offset, segment.next_offset))

    # --- for the writer ---

    def added(self, segment: Segment) -> None:
        """A new segment is safely there."""
        self.segments.append(segment)
        self._segment_count = segment.number + 1

    def drop(self, segments: list[Segment]) -> None:
        """Readers leave these; their files go with the next commit."""
        for segment in segments:
            segment.dropped = True
        self.segments = [segment for segment in self.segments if segment not in segments]


def _number(segment: Segment) -> int:
    return segment.number


def catalogue(files: Files, folder: str) -> dict[str, list[str]]:
    """The files of every log in a folder, by the log's name: one listing for 10,000 logs."""
    found: dict[str, list[str]] = {}
    for entry in files.names(folder):
        parsed = parse_name(entry.removesuffix(UNFINISHED))
        if parsed is not None:
            found.setdefault(parsed[0], []).append(entry)
    return found
