"""LogWriter: the one writer of a log. Appends are memory; commits carry them to disk; readers see them after that.

    writer.append(records, now_ms) -> base offset       in the core, never blocks
    commit = writer.take_pending()                       everything since the last one, or None
    commit.perform()                                     in a thread
    writer.committed(commit) | writer.failed(commit)     in the core

One commit is in flight at a time: what arrives meanwhile forms the next, so batches grow with the load and no timer.

In doubt (a commit failed): the next commit cuts the file at the last safe byte, begins a new epoch by a fence and
writes everything again with the same offsets. What reached the disk the first time is either the same or void.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, Literal

from streams.chunk import ChunkBuilder
from streams.commit import Commit
from streams.errors import BatchTooLarge, LogDeleted, Repair
from streams.files import File, Lease
from streams.format import MAX_PAYLOAD_BYTES, Kind
from streams.layout import Layout
from streams.log import Log
from streams.recovery import UNFINISHED_SEGMENT
from streams.retention import Limits, surplus
from streams.segment import UNFINISHED, Segment

SEGMENT_BYTES: Final = 16 * 1024 * 1024
Durability = Literal["fsync", "os"]
Snapshot = Callable[[], Iterable[tuple[Kind, Sequence[bytes]]]]


def _nothing() -> Iterable[tuple[Kind, Sequence[bytes]]]:
    return ()


class LogWriter:
    """Appends to one log. Opening it holds the lease, makes what a killed writer left safe, and writes nothing yet.

    ``next_offset`` is the offset the next user record gets. ``snapshot`` gives the control chunks that each new segment
    needs so that older ones can go; it is asked when everything appended before is on its way, and stands behind that.
    Commits are numbered from 1: what is appended now is safe once ``done`` reaches ``forming``.
    """

    __slots__ = (
        "_begun", "_end_due", "_file", "_flight", "_layout", "_lease", "_now_ms", "_open", "_pending", "_removals",
        "_snapshot", "_sync", "deleted", "done", "forming", "log", "next_offset", "rolling",
    )  # fmt: skip

    # A chunk takes no more appends beyond this: it is read, checked and skipped as one piece. A quarter of a block, as
    # the chunk that a block cuts through is read again with the next one.
    CHUNK_BYTES = 64 * 1024

    def __init__(
        self,
        log: Log,
        lease: Lease | None = None,
        *,
        salt: int = 0,
        segment_bytes: int = SEGMENT_BYTES,
        durability: Durability = "fsync",
        snapshot: Snapshot = _nothing,
        settle: bool = True,
    ) -> None:
        """``lease`` is None when the caller holds one for the whole folder; ``salt`` 32 random bits for a new log.

        ``settle=False`` when the caller has called ``files.settle()`` since the last writer ended: that costs one sync
        for all logs, instead of 80 µs for each. It is also needed when a log written under ``os`` is opened under
        ``fsync``, as only the newest segment is synced here. Raises OSError.
        """
        self.log = log
        self.next_offset = log.durable
        self.forming = 1
        self.done = 0
        self.rolling = False
        self.deleted = False
        # It was deleted, and no commit has said so yet.
        self._end_due = False
        self._lease = lease
        self._sync = durability == "fsync"
        self._snapshot = snapshot
        self._layout = Layout(log, salt, segment_bytes, make_room=self._sync)
        self._pending: list[ChunkBuilder] = []
        self._open: ChunkBuilder | None = None
        self._flight: Commit | None = None
        self._file: File | None = None
        self._removals = list(log.unfinished)
        # What a failed commit may have made, until the next one makes it again: no segment stands for it.
        self._begun: list[str] = []
        self._now_ms = log.active.last_ms if log.active is not None else 0
        log.repairs += [Repair(UNFINISHED_SEGMENT, path, 0) for path in log.unfinished]
        if settle and self._sync:
            self._settle()

    def _settle(self) -> None:
        """A killed writer's last commit may be in the page cache only: sync it before a reader sees it."""
        active = self.log.active
        if active is None:
            return
        if not active.dropped:
            file = self.log.files.open(active.path)
            try:
                file.sync()
            finally:
                file.close()
        self.log.files.sync_folder(self.log.folder)

    @property
    def durable(self) -> int:
        """The first offset that is not safe yet."""
        return self.log.durable

    @property
    def appended(self) -> int:
        """The number of the commit that carries, or carried, what was appended last."""
        return self.forming if self._pending else self.forming - 1

    @property
    def has_work(self) -> bool:
        """Whether take_pending would have something to do, once no commit is in flight."""
        return bool(self._pending or self._removals or self.rolling or self._end_due)

    # --- appending ---

    def append(
        self,
        records: Sequence[bytes],
        now_ms: int,
        kind: Kind = Kind.USER,
        bloom: bytes = b"",
    ) -> int:
        """Append a batch, which is kept whole or not at all. Returns its base offset.

        Kinds other than USER take no offsets. Raises LogDeleted, BatchTooLarge.
        """
        size = sum(map(len, records)) + 4 * len(records)
        if size + 255 > MAX_PAYLOAD_BYTES:
            raise BatchTooLarge(size, MAX_PAYLOAD_BYTES - 255)
        base_offset = self.next_offset
        chunk = self._open
        if chunk is None or chunk.kind != kind or chunk.size + size > self.CHUNK_BYTES:
            chunk = self._begin(kind)
        self._now_ms = max(self._now_ms, now_ms)
        chunk.add(records, size, self._now_ms, bloom)
        if kind == Kind.USER:
            self.next_offset = base_offset + len(records)
        return base_offset

    def _begin(self, kind: Kind) -> ChunkBuilder:
        if self.deleted:
            raise LogDeleted(self.log.name)
        self._open = ChunkBuilder(kind, self.next_offset)
        self._pending.append(self._open)
        return self._open

    # --- committing ---

    def take_pending(self) -> Commit | None:
        """The next commit, or None when there is nothing to do or one is in flight."""
        if self._flight is not None or not self.has_work:
            return None
        commit = Commit(self.log.files, self.log.folder, self._removals, sync=self._sync)
        self._removals = []
        if self._pending or self.rolling:
            self._fill(commit)
            self._pending = []
        self._open = None
        self._end_due = False
        self._flight = commit
        self.forming += 1
        return commit

    def _fill(self, commit: Commit) -> None:
        commit.builders = self._pending
        chunks = list(self._pending)
        if self.rolling or self._layout.full:
            self.rolling = False
            self.rest()
            self._layout.begin_segment(commit, chunks + self._snapshot_chunks(), self.next_offset, self._now_ms)
        else:
            commit.file, self._file = self._file, None
            self._layout.continue_segment(commit, chunks, self._now_ms)

    def _snapshot_chunks(self) -> list[ChunkBuilder]:
        chunks = []
        for kind, records in self._snapshot():
            chunk = ChunkBuilder(kind, self.next_offset)
            chunk.add(records, sum(map(len, records)) + 4 * len(records), self._now_ms)
            chunks.append(chunk)
        return chunks

    def committed(self, commit: Commit) -> None:
        """The commit is done: what it carried is safe and readers see it."""
        assert commit is self._flight
        self._flight = None
        self.done = self.forming - 1
        if commit.segment is not None:
            self._layout.written(commit)
            self._file = commit.file
            self._begun = []
        if self.deleted:
            self._remove_all()

    def failed(self, commit: Commit) -> None:
        """The commit raised: all it carried waits for the next one, under its offsets. Nothing safe is touched."""
        assert commit is self._flight
        self._flight = None
        if commit.file is not None:
            commit.file.close()
        self._removals[0:0] = commit.removals
        self._pending[0:0] = commit.builders
        self.rolling = self.rolling or commit.create
        self._layout.in_doubt()
        if commit.segment is not None and commit.create:
            self._begun = [commit.segment.path, commit.segment.path + UNFINISHED]
        if self.deleted:
            self._end_due = True
            self._remove_all()

    # --- letting go ---

    def roll(self) -> None:
        """Begin a new segment with the next commit, which is due now: so that older ones can go."""
        self.rolling = True

    def truncate_before(self, offset: int) -> None:
        """Let go of the closed segments whose records are all before this offset. Idempotent."""
        self._drop([segment for segment in self.log.segments[:-1] if segment.next_offset <= offset])

    def drop_segment(self, begin: int, end: int) -> None:
        """Let go of the closed segments that hold just these offsets, wherever they are. Idempotent.

        Both ends are needed: one without any offset begins where the next one does.
        """
        closed = self.log.segments[:-1]
        self._drop([segment for segment in closed if (segment.base_offset, segment.next_offset) == (begin, end)])

    def retain(self, limits: Limits, now_ms: int) -> None:
        """Let go of what the limits do not allow."""
        self._drop(self.log.segments[: surplus(self.log.segments, limits, now_ms)])

    def _drop(self, segments: list[Segment]) -> None:
        """Readers leave them now, the files go with the next commit; a crash before that brings them back."""
        if segments:
            self.log.drop(segments)
            self._removals += [segment.path for segment in segments]

    def delete(self) -> None:
        """Let go of everything: the next commit removes the files, and nothing can be appended any more.

        There is that commit even if there are no files, for those who wait for what was appended.
        """
        self.deleted = True
        self._end_due = True
        self._open = None
        # There is no new segment any more. Whoever gave this mostly holds the writer, too: a circle, which would keep
        # what the log has in memory until the collector comes by.
        self._snapshot = _nothing
        self._remove_all()

    def _remove_all(self) -> None:
        self._pending = []
        self.rolling = False
        self.rest()
        self._drop(list(self.log.segments))
        self._removals += self._begun
        self._begun = []
        self.log.tail.clear()

    def rest(self) -> None:
        """Close the file of an idle log until its next commit: 10,000 logs need no 10,000 descriptors."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def close(self) -> None:
        """Give up the file and the lease. What was appended and not committed is forgotten."""
        self.rest()
        if self._lease is not None:
            self._lease.release()
            self._lease = None
