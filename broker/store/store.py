"""Store: everything of one node that a restart brings back, as the folder it lies in.

    DIR/format         "leveret data, format 1"
    DIR/lock           locked while a broker runs on it
    DIR/definitions/   one log: exchanges, queues, bindings, policies (``definitions``)
    DIR/logs/          the messages: q<id> of a durable queue (``queue_log``), s<id> of a stream
    DIR/lost/          logs whose definitions were damaged, for a person to look at

An ephemeral store has its streams in memory, and nothing else.
"""

import re
from collections.abc import Callable, Iterable
from typing import Final

from broker.store.committing import Logged
from broker.store.definitions import Definitions
from broker.store.errors import DirectoryInUse, StoreError
from broker.store.queue_log import SEGMENT_BYTES as QUEUE_SEGMENT_BYTES
from broker.store.queue_log import QueueLog
from broker.store.stream_log import StreamLog
from streams.errors import LogLocked
from streams.files import Files, Lease
from streams.log import Log, catalogue
from streams.memory import MemoryFiles
from streams.writer import Durability, LogWriter, Snapshot

FORMAT: Final = 1
_FORMAT_TEXT: Final = re.compile(rb"leveret data, format (\d{1,9})\n")
# What an empty folder may hold: what a crash left of ours, and what a file system puts into its root.
_NOBODYS: Final = ("lock", "format.unfinished", "lost+found")
_LOG_NAME: Final = re.compile(r"[qs](\d{1,18})")


class UnknownFormat(StoreError):
    """The data directory was written by a later leveret, or is none. It is left as it is."""

    def __init__(self, folder: str, why: str) -> None:
        super().__init__(f"cannot use the data directory {folder}: {why}")


class Store:
    """``definitions`` is None in an ephemeral store. ``was_killed``: the last run did not stop in order."""

    def __init__(
        self, files: Files, folder: str, durability: Durability, random_bytes: Callable[[int], bytes], lease: Lease
    ) -> None:
        """See ``open`` and ``ephemeral``."""
        self.files = files
        self.folder = folder
        self.definitions: Definitions | None = None
        self.was_killed = False
        self._durability = durability
        self._random_bytes = random_bytes
        self._lease = lease
        self._entries: dict[str, list[str]] = {}
        self._last_log_id = 0

    @classmethod
    def open(
        cls, files: Files, folder: str, *, durability: Durability, random_bytes: Callable[[int], bytes]
    ) -> "Store":
        """Take a data directory, which is made where there is none, and read the definitions.

        Raises DirectoryInUse, UnknownFormat, UnreadableRecord, streams' UnsupportedVersion and ReadFailed, OSError.
        """
        _check_folder(files, folder)
        files.make_folder(folder)
        try:
            lease = files.lock(f"{folder}/lock")
        except LogLocked:
            raise DirectoryInUse(folder) from None
        store = cls(files, folder, durability, random_bytes, lease)
        try:
            store._read()
        except BaseException:
            lease.release()
            raise
        return store

    @classmethod
    def ephemeral(cls, random_bytes: Callable[[int], bytes]) -> "Store":
        """A store that keeps nothing beyond the process."""
        files = MemoryFiles()
        return cls(files, "memory", "os", random_bytes, files.lock("memory/lock"))

    def _read(self) -> None:
        _mark(self.files, self.folder)
        self.files.make_folder(self._logs)
        self._entries = catalogue(self.files, self._logs)
        definitions = self.definitions = Definitions.open(
            self.files, f"{self.folder}/definitions", salt=self._salt(), durability=self._durability
        )
        self.was_killed = definitions.state.marks is None and definitions.log.active is not None
        if self.was_killed and self._durability == "fsync":
            # A killed broker's last commits may be in the page cache only: safe for good before anybody sees them.
            self.files.settle()
        definitions.skip_log_ids(1 + max(map(_log_id, self._entries), default=0))

    @property
    def _logs(self) -> str:
        return f"{self.folder}/logs"

    @property
    def in_memory(self) -> bool:
        """Whether commits and reads need no thread. On a disk even a write without a sync may be held up: 130 ms of
        waiting for another program's sync were seen.
        """
        return self.definitions is None

    def _salt(self) -> int:
        return int.from_bytes(self._random_bytes(4), "little")

    # -- logs ----------------------------------------------------------------------------------------------------------

    def next_log_id(self) -> int:
        """A number for a new queue's log."""
        if self.definitions is not None:
            return self.definitions.next_log_id()
        self._last_log_id += 1
        return self._last_log_id

    def has_log(self, log_id: int) -> bool:
        """Whether a durable queue's log was found. Most queues are empty, and have none."""
        return f"q{log_id}" in self._entries

    def queue_log(self, log_id: int) -> QueueLog:
        """A durable queue's log, restored or new. Raises UnsupportedVersion, OSError."""
        name = f"q{log_id}"
        log = self._open(name, tail_bytes=0)
        marks = None if self.definitions is None else self.definitions.state.marks
        handed_out = 0 if not log.segments else None if marks is None else min(marks.get(log_id, 0), log.durable)

        def writer(queue_log: QueueLog) -> LogWriter:
            return self._writer(log, QUEUE_SEGMENT_BYTES, snapshot=queue_log.snapshot)

        return QueueLog(log, writer, handed_out)

    def stream_log(self, log_id: int, segment_bytes: int) -> StreamLog:
        """A stream's log, restored or new. Raises UnsupportedVersion, OSError."""
        stream_log = StreamLog(self._open(f"s{log_id}"))
        # A segment has to hold something.
        stream_log.writer = self._writer(stream_log.log, max(segment_bytes, 1))
        return stream_log

    def _writer(self, log: Log, segment_bytes: int, snapshot: Snapshot = tuple) -> LogWriter:
        return LogWriter(
            log,
            salt=self._salt(),
            segment_bytes=segment_bytes,
            durability=self._durability,
            settle=False,
            snapshot=snapshot,
        )

    def _open(self, name: str, **options: int) -> Log:
        return Log.open(self.files, self._logs, name, entries=self._entries.pop(name, ()), **options)

    def clear_strays(self, known: Iterable[int]) -> list[str]:
        """Remove the files of logs that no definition knows: their queue was deleted just before a crash.

        Unless definitions were lost: then they are moved to DIR/lost. Returns a sentence for each. Raises OSError.
        """
        ids = set(known)
        strays = [name for name in self._entries if _log_id(name) and _log_id(name) not in ids]
        keep = self.definitions is not None and self.definitions.damaged
        lost = f"{self.folder}/lost"
        if keep and strays:
            self.files.make_folder(lost)
        for name in strays:
            for entry in self._entries.pop(name):
                if keep:
                    self.files.rename(f"{self._logs}/{entry}", f"{lost}/{entry}")
                else:
                    self.files.remove(f"{self._logs}/{entry}")
        what = f"its definition is damaged; it was moved to {lost}" if keep else "its queue was deleted; it was removed"
        return [f"log {name}: {what}" for name in strays]

    def settle(self) -> None:
        """What was written without syncs is synced now, while nobody waits. Blocks."""
        if self._durability == "os":
            self.files.settle()

    def close(self) -> None:
        """Let another broker have the directory, with all that was written safe."""
        self.settle()
        self._lease.release()


def definitions_log(definitions: Definitions) -> Logged:
    """The definitions' log, as ``committing`` takes it."""
    logged = Logged(definitions.log)
    logged.writer = definitions.writer
    return logged


def _log_id(name: str) -> int:
    """The number in a log's name; 0 for what is no log of ours."""
    found = _LOG_NAME.fullmatch(name)
    return int(found[1]) if found else 0


def _check_folder(files: Files, folder: str) -> None:
    """Refuse a folder that is not empty and not ours, or that a later leveret wrote; nothing in it is touched."""
    entries = [name for name in files.names(folder) if name not in _NOBODYS]
    if not entries:
        return
    if "format" not in entries:
        raise UnknownFormat(folder, "it is not empty, and nothing says that leveret wrote it")
    file = files.open(f"{folder}/format")
    try:
        found = _FORMAT_TEXT.fullmatch(file.read(0, 100))
    finally:
        file.close()
    if found is None:
        raise UnknownFormat(folder, "its format file cannot be understood")
    if int(found[1]) > FORMAT:
        raise UnknownFormat(folder, f"it has format {int(found[1])}, and this leveret knows formats up to {FORMAT}")


def _mark(files: Files, folder: str) -> None:
    """Say in a new folder that it is ours."""
    if "format" in files.names(folder):
        return
    path = f"{folder}/format"
    file = files.open(f"{path}.unfinished", create=True)
    try:
        file.write(0, b"leveret data, format %d\n" % FORMAT)
        file.sync()
    finally:
        file.close()
    files.rename(f"{path}.unfinished", path)
    files.sync_folder(folder)
