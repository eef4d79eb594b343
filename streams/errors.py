"""What can go wrong with a log, each with its place. Raised, or (damage, repairs) kept to be told."""


class StreamsError(Exception):
    """Base of everything this package raises on purpose; a disk's own refusals stay OSError."""


class UnsupportedVersion(StreamsError):
    """A file written by a later leveret. It is left as it is."""

    def __init__(self, path: str, version: int, newest: int) -> None:
        super().__init__(f"{path} has format version {version}; this leveret reads up to {newest}")
        self.path = path
        self.version = version


class LogLocked(StreamsError):
    """Someone else holds the lease of this folder."""

    def __init__(self, path: str) -> None:
        super().__init__(f"{path} is locked by another writer")
        self.path = path


class LogDeleted(StreamsError):
    """The log was deleted by its writer; nothing can be appended to it."""

    def __init__(self, name: str) -> None:
        super().__init__(f"log {name} was deleted")


class BatchTooLarge(StreamsError):
    """One append of more bytes than a chunk can hold (4 GiB less its header)."""

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(f"a batch of {size} bytes does not fit a chunk of at most {limit}")


class ReadFailed(StreamsError):
    """The disk refused a read. The cursor stays where it is: the next call tries again."""

    def __init__(self, path: str, position: int, error: OSError) -> None:
        super().__init__(f"{path} at byte {position}: {error}")
        self.path = path
        self.position = position


class Damage:
    """Bytes of a log that are no valid chunk and were set aside. Positions in bytes; ends are exclusive.

    ``first_offset``..``end_offset`` are the records that went with them (an empty range when it held none).
    """

    __slots__ = ("end_offset", "end_position", "first_offset", "path", "position")

    def __init__(self, path: str, position: int, end_position: int, first_offset: int, end_offset: int) -> None:
        self.path = path
        self.position = position
        self.end_position = end_position
        self.first_offset = first_offset
        self.end_offset = end_offset

    def __str__(self) -> str:
        lost = self.end_offset - self.first_offset
        what = f"offsets {self.first_offset} to {self.end_offset - 1} are lost" if lost > 0 else "no record is lost"
        return f"{self.path}: bytes {self.position} to {self.end_position - 1} are damaged and set aside; {what}"


class Repair:
    """One thing a crash left behind and opening put right; ``crash`` names the crash."""

    __slots__ = ("crash", "path", "position")

    def __init__(self, crash: str, path: str, position: int) -> None:
        self.crash = crash
        self.path = path
        self.position = position

    def __str__(self) -> str:
        return f"{self.path}: {self.crash} (byte {self.position})"
