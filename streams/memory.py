"""MemoryFiles: ``Files`` in memory, for logs that need not outlive their process."""

from streams.errors import LogLocked
from streams.files import File, Lease


class MemoryFile:
    """A file's bytes. Writes are safe as long as the process lives."""

    __slots__ = ("_data",)

    def __init__(self) -> None:
        self._data = bytearray()

    def size(self) -> int:
        return len(self._data)

    def read(self, position: int, size: int) -> bytes:
        # A slice of a bytearray is one copy under the interpreter's lock; a view would forbid a write meanwhile.
        return bytes(self._data[position : position + size])

    def write(self, position: int, data: bytes) -> None:
        if position > len(self._data):
            self._data.extend(bytes(position - len(self._data)))
        self._data[position : position + len(data)] = data

    def truncate(self, size: int) -> None:
        del self._data[size:]
        self._data.extend(bytes(size - len(self._data)))

    def sync(self) -> None:
        pass

    def close(self) -> None:
        pass


class MemoryLease:
    """A lock in memory."""

    __slots__ = ("_locks", "_path")

    def __init__(self, locks: set[str], path: str) -> None:
        self._locks = locks
        self._path = path

    def release(self) -> None:
        self._locks.discard(self._path)


class MemoryFiles:
    """Files by their path."""

    __slots__ = ("_files", "_locks")

    def __init__(self) -> None:
        self._files: dict[str, MemoryFile] = {}
        self._locks: set[str] = set()

    def names(self, folder: str) -> list[str]:
        return [name for parent, _, name in (path.rpartition("/") for path in self._files) if parent == folder]

    def make_folder(self, folder: str) -> None:
        pass

    def open(self, path: str, *, create: bool = False) -> File:
        if create:
            self._files[path] = MemoryFile()
        if path not in self._files:
            raise FileNotFoundError(path)
        return self._files[path]

    def rename(self, old: str, new: str) -> None:
        self._files[new] = self._files.pop(old)

    def remove(self, path: str) -> None:
        self._files.pop(path, None)

    def sync_folder(self, folder: str) -> None:
        pass

    def lock(self, path: str) -> Lease:
        if path in self._locks:
            raise LogLocked(path)
        self._locks.add(path)
        return MemoryLease(self._locks, path)

    def settle(self) -> None:
        pass
