"""Files: the few verbs a log needs of a disk, and OsFiles, the only code here that touches one.

Tests put a disk in its place that fails, fills up and forgets what was not synced.
"""

# Paths are plain strings: a Path costs 2 µs and opening 10,000 logs would make 30,000 of them.
# ruff: noqa: PTH102, PTH105, PTH108, PTH112, PTH120, PTH208

import fcntl
import os
from typing import Protocol

from streams.errors import LogLocked


class File(Protocol):
    """One open file. Positions and sizes in bytes. Every verb may raise OSError."""

    def size(self) -> int: ...

    def read(self, position: int, size: int) -> bytes:
        """Up to ``size`` bytes; fewer only at the end of the file."""

    def write(self, position: int, data: bytes) -> None:
        """All of data, or OSError (then any part of it may be there)."""

    def truncate(self, size: int) -> None: ...

    def sync(self) -> None:
        """Return once everything written so far survives a power cut."""

    def close(self) -> None: ...


class Lease(Protocol):
    """The right to write, until released or until the process ends, however it ends."""

    def release(self) -> None: ...


class Files(Protocol):
    """A disk. Paths are strings with "/" between folder and name."""

    def names(self, folder: str) -> list[str]:
        """The entries of a folder; none when there is no such folder."""

    def make_folder(self, folder: str) -> None:
        """Create it and its parents, safely on disk on return; nothing when it is there."""

    def open(self, path: str, *, create: bool = False) -> File:
        """Open for reading and writing; ``create`` makes it, or empties it."""

    def rename(self, old: str, new: str) -> None: ...

    def remove(self, path: str) -> None:
        """Remove a file; nothing when it is gone already."""

    def sync_folder(self, folder: str) -> None:
        """Make creations, renames and removals in this folder survive a power cut."""

    def lock(self, path: str) -> Lease:
        """Take the lease that this file stands for. Raises LogLocked."""

    def settle(self) -> None:
        """Make everything written to the disk so far survive a power cut, whoever wrote it."""


class OsFile:
    """A file by its descriptor."""

    __slots__ = ("_fd",)

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def size(self) -> int:
        return os.fstat(self._fd).st_size

    def read(self, position: int, size: int) -> bytes:
        data = os.pread(self._fd, size, position)
        while 0 < len(data) < size and (more := os.pread(self._fd, size - len(data), position + len(data))):
            data += more
        return data

    def write(self, position: int, data: bytes) -> None:
        done = os.pwrite(self._fd, data, position)
        while done < len(data):
            done += os.pwrite(self._fd, memoryview(data)[done:], position + done)

    def truncate(self, size: int) -> None:
        os.ftruncate(self._fd, size)

    def sync(self) -> None:
        os.fdatasync(self._fd)

    def close(self) -> None:
        os.close(self._fd)


class OsLease:
    """A flock on a file that stays behind, empty: removing it would let two writers lock two files of one name."""

    __slots__ = ("_fd",)

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def release(self) -> None:
        os.close(self._fd)


class OsFiles:
    """The machine's disk."""

    __slots__ = ()

    def names(self, folder: str) -> list[str]:
        try:
            return os.listdir(folder)
        except FileNotFoundError:
            return []

    def make_folder(self, folder: str) -> None:
        if os.path.isdir(folder):
            return
        parent = os.path.dirname(folder) or "."
        self.make_folder(parent)
        os.mkdir(folder, 0o750)
        self.sync_folder(parent)

    def open(self, path: str, *, create: bool = False) -> File:
        flags = os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT | os.O_TRUNC if create else 0)
        return OsFile(os.open(path, flags, 0o640))

    def open_to_read(self, path: str) -> File:
        """For people who may only look."""
        return OsFile(os.open(path, os.O_RDONLY | os.O_CLOEXEC))

    def rename(self, old: str, new: str) -> None:
        os.replace(old, new)

    def remove(self, path: str) -> None:
        try:
            os.unlink(path)
        except FileNotFoundError:
            pass

    def sync_folder(self, folder: str) -> None:
        fd = os.open(folder, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def lock(self, path: str) -> Lease:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            raise LogLocked(path) from None
        except BaseException:
            os.close(fd)
            raise
        return OsLease(fd)

    def settle(self) -> None:
        os.sync()
