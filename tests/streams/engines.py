"""The engines that are held to the log's contract. One more engine is one more class here, and no other test."""

from random import Random

from streams.files import OsFiles
from streams.log import Log
from streams.memory import MemoryFiles
from streams.writer import LogWriter
from tests.streams.crashes import read_all
from tests.streams.faulty import FaultyFiles


class Engine:
    """One log called "q" that is opened, killed and opened again; its clock is in the tests' hands."""

    def __init__(self, files, folder):
        self.files = files
        self.folder = folder
        self.lease = None
        self.log = self.writer = None
        self.options = {}

    def open(self, tail_bytes=1 << 20, **options):
        self.options = options or self.options
        self.files.make_folder(self.folder)
        self.lease = self.files.lock(self.folder + "/lock")
        self.log = Log.open(self.files, self.folder, "q", tail_bytes=tail_bytes)
        self.writer = LogWriter(self.log, self.lease, salt=12345, **self.options)
        return self

    def append(self, *records, now_ms=1, **kind):
        return self.writer.append(list(records), now_ms, **kind)

    def commit(self):
        """Everything appended so far becomes durable."""
        while (commit := self.writer.take_pending()) is not None:
            commit.perform()
            self.writer.committed(commit)

    def add(self, *records, now_ms=1, **kind):
        base = self.append(*records, now_ms=now_ms, **kind)
        self.commit()
        return base

    def kill(self):
        """The process dies and another opens the log."""
        self.writer.close()
        return self.open(**self.options)

    def records(self, spec=None):
        """(offset, record) as a new reader gets them."""
        return [
            (offset, record)
            for batch in read_all(self.log, spec)
            for offset, record in enumerate(batch.records, batch.base_offset)
        ]

    def close(self):
        if self.writer is not None:
            self.writer.close()


def on_disk(tmp_path):
    return Engine(OsFiles(), str(tmp_path / "data"))


def in_memory(tmp_path):
    return Engine(MemoryFiles(), "data")


def on_a_faulty_disk(tmp_path):
    return Engine(FaultyFiles(Random(0)), "data")


ENGINES = {"disk": on_disk, "memory": in_memory, "faulty": on_a_faulty_disk}
