"""What can go wrong with what is stored, beside the log's own errors: each with its place."""


class StoreError(Exception):
    """Base of everything this room raises on purpose; the log's errors stay StreamsErrors, the disk's OSErrors."""


class UnreadableRecord(StoreError):
    """A record that is whole, and that this leveret does not understand: most likely a later one wrote it.

    ``path`` is the segment it stands in, ``offset`` its own (of one in a checkpoint: the checkpoint's).
    """

    def __init__(self, path: str, offset: int, why: str) -> None:
        super().__init__(f"{path}: the record at offset {offset} {why}")
        self.path = path
        self.offset = offset


class DirectoryInUse(StoreError):
    """Another broker runs on this data directory."""

    def __init__(self, folder: str) -> None:
        super().__init__(f"the data directory {folder} is in use by another broker: give this one another, or none")
