"""Commit: one write and sync of one log. ``perform`` is the only part of a log that runs in a thread.

Order: removals first (they may free the room the rest needs), then the segment that is left is closed, then the records
are written, as a new file under a temporary name or behind the last safe byte; then all is made to survive a power cut.
"""

from typing import Final

from streams.chunk import Batch, ChunkBuilder
from streams.files import File, Files
from streams.format import Footer
from streams.segment import UNFINISHED, Segment

# Syncing a write of 300 bytes into room that is there already takes 73-99 µs, of a file that grows 140 (ext4, medians).
ROOM_BYTES: Final = 256 * 1024


class Commit:
    """What one commit has to do. Made by LogWriter.take_pending, given back to committed() or failed().

    ``write()`` and ``sync()`` may be called apart, so that many logs are written before the first is synced.
    """

    __slots__ = (
        "_files",
        "_folder",
        "_sync",
        "batches",
        "builders",
        "create",
        "data",
        "file",
        "numbers",
        "position",
        "removals",
        "room",
        "seal",
        "seal_batch",
        "seal_data",
        "seal_footer",
        "segment",
        "truncate",
    )  # fmt: skip

    def __init__(self, files: Files, folder: str, removals: list[str], *, sync: bool) -> None:
        self._files = files
        self._folder = folder
        self._sync = sync
        self.removals = removals
        # The caller's chunks, kept for the case that this fails.
        self.builders: list[ChunkBuilder] = []
        # What becomes readable once this is done, and each chunk's (epoch, number).
        self.batches: list[Batch] = []
        self.numbers: list[tuple[int, int]] = []
        self.segment: Segment | None = None
        self.create = False
        self.truncate = False
        self.position = 0
        self.data = b""
        # Zeros to write behind the data, so that the next commits need no growing.
        self.room = 0
        # A segment to close first: what goes behind its last chunk.
        self.seal: Segment | None = None
        self.seal_data = b""
        self.seal_batch: Batch | None = None
        self.seal_footer: Footer | None = None
        self.file: File | None = None

    def perform(self) -> None:
        """Write and sync. Raises OSError; whether anything is safe is in doubt then, until a later commit succeeds."""
        self.write()
        self.sync()

    def write(self) -> None:
        """Everything but the syncs. Raises OSError."""
        for path in self.removals:
            self._files.remove(path)
        if self.seal is not None:
            self._close(self.seal)
        if self.segment is None:
            return
        if self.create:
            self._files.make_folder(self._folder)
            self.file = self._files.open(self.segment.path + UNFINISHED, create=True)
        elif self.file is None:
            self.file = self._files.open(self.segment.path)
        if self.truncate:
            self.file.truncate(self.position)
        self.file.write(self.position, self.data)
        if self.room:
            self._make_room(self.file)

    def sync(self) -> None:
        """Make what was written survive a power cut. Raises OSError."""
        if self.file is not None and self._sync:
            self.file.sync()
        if self.create and self.segment is not None:
            self._files.rename(self.segment.path + UNFINISHED, self.segment.path)
        if self._sync and (self.create or self.removals):
            self._files.sync_folder(self._folder)

    def _close(self, segment: Segment) -> None:
        """Synced at once: the next segment must not appear beside one whose end is not safe."""
        file = self._files.open(segment.path)
        try:
            file.write(segment.end, self.seal_data)
            file.truncate(segment.end + len(self.seal_data))
            if self._sync:
                file.sync()
        finally:
            file.close()

    def _make_room(self, file: File) -> None:
        try:
            file.write(self.position + len(self.data), bytes(self.room))
        except OSError:
            # A full disk has no room to spare; the records are written.
            self.room = 0
