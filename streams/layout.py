"""Layout: where the next commit's chunks go, and what the log itself adds to them: fences, waypoints, ends of segments.

Knows the epoch, the chunk's number and how far the newest file reaches; decides nothing about when.
"""

from streams.chunk import ChunkBuilder
from streams.commit import ROOM_BYTES, Commit
from streams.format import BEGINS_COMMIT, HEADER_BYTES, Kind
from streams.log import Log
from streams.segment import Segment, segment_name


class Layout:
    """The end of one log, as its writer sees it. ``full`` means that the next commit must begin a segment."""

    __slots__ = (
        "_dirty", "_epoch", "_fence_due", "_log", "_make_room", "_number", "_room_end", "_salt", "_segment_bytes",
        "_small",
    )  # fmt: skip

    # Room is made ahead for logs that commit often and little: not for one of 10,000 queues with a message a minute,
    # nor for floods, where writing everything twice costs more than growing.
    SMALL_COMMIT_BYTES = 16 * 1024
    SMALL_COMMITS = 16

    def __init__(self, log: Log, salt: int, segment_bytes: int, *, make_room: bool) -> None:
        """Every writer begins a new epoch with its first commit: what an older one left half done is void then."""
        active = log.active
        self._log = log
        self._segment_bytes = segment_bytes
        self._make_room = make_room
        self._salt = active.salt if active is not None and active.salt else salt
        self._epoch = active.epoch if active is not None else 0
        self._number = 0
        self._fence_due = True
        # Whether something void may stand behind the last safe chunk: it is cut off before anything is written there.
        self._dirty = active is not None and active.size > active.end
        self._small = 0
        self._room_end = 0

    @property
    def full(self) -> bool:
        active = self._log.active
        return active is None or active.sealed or active.dropped or active.end >= self._segment_bytes

    def continue_segment(self, commit: Commit, chunks: list[ChunkBuilder], now_ms: int) -> None:
        """Lay the chunks behind the last safe one."""
        segment = self._log.active
        assert segment is not None
        assert segment.index is not None
        commit.segment = segment
        commit.position = segment.end
        commit.truncate = self._dirty
        # Not beside a fence: what precedes a waypoint must be safe before it is written.
        if not self._fence_due and segment.index.waypoint_due(segment.end):
            chunks.insert(0, segment.waypoint_chunk())
        self._fence(chunks, segment.next_offset, now_ms)
        commit.data = self._encode(commit, segment, chunks, segment.end)
        self._plan_room(commit)

    def begin_segment(self, commit: Commit, chunks: list[ChunkBuilder], next_offset: int, now_ms: int) -> None:
        """Close the newest segment and lay the chunks into a new one."""
        active = self._log.active
        if active is not None and not (active.sealed or active.dropped):
            self._seal(active, commit)
        self._fence(chunks, chunks[0].base_offset if chunks else next_offset, now_ms)
        number, base_offset = self._log.next_segment_number, self._log.durable
        path = f"{self._log.folder}/{segment_name(self._log.name, number, base_offset)}"
        segment = Segment(path, number, base_offset, self._salt, self._epoch)
        commit.segment = segment
        commit.create = True
        commit.data = segment.header(now_ms).pack() + self._encode(commit, segment, chunks, HEADER_BYTES)
        self._room_end = 0
        self._small = 0

    def _fence(self, chunks: list[ChunkBuilder], next_offset: int, now_ms: int) -> None:
        """Begin a new epoch, if one is due: whatever an older one still brings after the fence is void."""
        if self._fence_due:
            self._epoch += 1
            self._number = 0
            self._fence_due = False
            fence = ChunkBuilder(Kind.FENCE, next_offset)
            fence.add([self._epoch.to_bytes(4, "little")], 8, now_ms)
            chunks.insert(0, fence)

    def _seal(self, active: Segment, commit: Commit) -> None:
        """The last waypoint and the footer of the segment that is left; both tell what is safe there now."""
        waypoint = active.waypoint_chunk()
        footer = active.footer(active.end)
        chunk = waypoint.encode(active.end, active.epoch, footer.number, BEGINS_COMMIT, active.salt)
        if not self._fence_due:
            self._number += 1
        commit.seal = active
        commit.seal_batch = waypoint.batch(active.end, active.end + len(chunk))
        commit.seal_footer = footer
        commit.seal_data = chunk + footer.pack(active.salt)

    def _encode(self, commit: Commit, segment: Segment, chunks: list[ChunkBuilder], position: int) -> bytes:
        parts = []
        flags = BEGINS_COMMIT
        for chunk in chunks:
            data = chunk.encode(position, self._epoch, self._number, flags, segment.salt)
            parts.append(data)
            commit.batches.append(chunk.batch(position, position + len(data)))
            commit.numbers.append((self._epoch, self._number))
            position += len(data)
            self._number += 1
            flags = 0
        return b"".join(parts)

    def _plan_room(self, commit: Commit) -> None:
        end = commit.position + len(commit.data)
        if commit.truncate:
            self._room_end = 0
        if len(commit.data) > self.SMALL_COMMIT_BYTES:
            self._small = 0
            return
        self._small += 1
        if self._small > self.SMALL_COMMITS and end > self._room_end and self._make_room:
            commit.room = max(min(ROOM_BYTES, self._segment_bytes - end), 0)
            self._room_end = end + commit.room

    def written(self, commit: Commit) -> None:
        """The commit is done: readers may see what it carried."""
        segment, tail = commit.segment, self._log.tail
        assert segment is not None
        if commit.seal is not None and commit.seal_batch is not None and commit.seal_footer is not None:
            commit.seal.close(commit.seal_footer, commit.seal.end + len(commit.seal_data))
            # So that readers at the tail walk over it without the disk.
            tail.add(commit.seal.number, commit.seal_batch)
        for batch, (epoch, number) in zip(commit.batches, commit.numbers, strict=True):
            segment.note(batch, epoch, number)
            tail.add(segment.number, batch)
        segment.size = max(segment.end, self._room_end)
        self._dirty = False
        if commit.create:
            self._log.added(segment)

    def in_doubt(self) -> None:
        """A commit failed: cut off whatever of it is there, and begin a new epoch."""
        self._fence_due = True
        self._dirty = True
        self._room_end = 0
