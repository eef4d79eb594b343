"""What the log costs: ``python -m tests.streams.measure [FOLDER]``; the choices in the code refer to its figures.

Two shared cores that others were using, CPython 3.11.7, ext4; CPU time, of commits the median of wall time:

    append, batches of 100 records of 100 bytes                       39 ns a record
    append, encode and checksum, the same                             112 ns a record
    commit, fsync, 1 of 300 bytes                                     279 µs (357 and 140 at other times)
    commit, fsync, 1 of 300 bytes with room made ahead                227 µs (93 and 73 at the same times)
    commit, os, 1 of 300 bytes                                        7 µs
    open a log of 10 million records of 100 bytes, 3 segments         6.8 ms
    read it from first                                                54 ns a record
    seek to an offset in its middle                                   1.8 ms
    read a log of 200,000 chunks of one record                        4.2 µs a record
    open 10,000 logs of one small file                                0.25 s
"""

import shutil
import sys
import tempfile
import time
from pathlib import Path

from streams.cursor import AT_TAIL, NEED_BLOCK
from streams.files import OsFiles
from streams.layout import Layout
from streams.log import Log, catalogue
from streams.offset_spec import Exact, First, Since
from streams.writer import LogWriter


def timed(work, repeat=3):
    """The least seconds of CPU of a few runs: other work on the machine does not count."""
    best = float("inf")
    for _ in range(repeat):
        begin = time.process_time()
        work()
        best = min(best, time.process_time() - begin)
    return best


def open_writer(folder, name="q", **options):
    return LogWriter(Log.open(OsFiles(), str(folder), name), salt=1, **options)


def commit(writer):
    taken = writer.take_pending()
    taken.perform()
    writer.committed(taken)


def append_cost(folder):
    records = [b"x" * 100] * 100
    writer = open_writer(folder, "append")

    def run():
        for now in range(10_000):
            writer.append(records, now)
        writer._pending.clear()
        writer._open = None

    return timed(run) / 1_000_000


def encode_cost(folder):
    records = [b"x" * 100] * 100
    writer = open_writer(folder, "encode", segment_bytes=1 << 40)
    writer.append(records, 0)
    commit(writer)

    def run():
        for now in range(2000):
            writer.append(records, now)
            writer.take_pending()
            writer._flight = None

    return timed(run) / 200_000


def fill(writer, count, size, batch=1000):
    records = [b"x" * size] * batch
    for now in range(count // batch):
        writer.append(records, 1_000_000 + now)
        if writer._pending and now % 10 == 9:
            commit(writer)
    if writer.has_work:
        commit(writer)


def drain(log, spec):
    cursor = log.cursor(spec)
    count = 0
    while (found := cursor.next_records()) is not AT_TAIL:
        if found is NEED_BLOCK:
            cursor.request.perform()
            cursor.feed(cursor.request)
        else:
            count += len(found.records)
    return count


def first_batch(log, spec):
    cursor = log.cursor(spec)
    while cursor.next_records() is NEED_BLOCK:
        cursor.request.perform()
        cursor.feed(cursor.request)


def commit_cost(folder, durability, batch, small_commits):
    Layout.SMALL_COMMITS = small_commits
    writer = open_writer(folder, f"commit{durability}{batch}{small_commits}", durability=durability)
    records = [b"x" * 300] * batch
    commit_once = []
    for now in range(400):
        writer.append(records, now)
        begin = time.perf_counter()
        commit(writer)
        commit_once.append(time.perf_counter() - begin)
    writer.close()
    return sorted(commit_once[20:])[190]


def small_logs(folder, count=10_000):
    for number in range(count):
        writer = open_writer(folder / "many", f"{number:08x}", durability="os", settle=False)
        writer.append([b"x" * 100] * 3, 5)
        commit(writer)
        writer.close()
    files = OsFiles()

    def open_all():
        path = str(folder / "many")
        for name, entries in catalogue(files, path).items():
            LogWriter(Log.open(files, path, name, entries=entries), settle=False)

    return timed(open_all)


def row(what, value):
    print(f"{what:<66}{value}", flush=True)


def main():
    folder = Path(tempfile.mkdtemp(dir=sys.argv[1] if len(sys.argv) > 1 else None))
    try:
        measure(folder)
    finally:
        shutil.rmtree(folder)


def measure(folder):
    row("append, batches of 100 records of 100 bytes", f"{append_cost(folder) * 1e9:.0f} ns a record")
    row("append, encode and checksum, the same", f"{encode_cost(folder) * 1e9:.0f} ns a record")
    for durability, batch, small in (("fsync", 1, 1 << 60), ("fsync", 1, 16), ("fsync", 100, 16), ("os", 1, 16)):
        room = "with room made ahead" if small == 16 and durability == "fsync" and batch == 1 else ""
        cost = commit_cost(folder, durability, batch, small)
        row(f"commit, {durability}, {batch} of 300 bytes {room}", f"{cost * 1e6:.0f} µs (median)")
    Layout.SMALL_COMMITS = 16
    big = open_writer(folder, "big", durability="os", segment_bytes=512 << 20)
    row("write 10 million records of 100 bytes, os", f"{timed(lambda: fill(big, 10_000_000, 100), 1):.1f} s")
    big.close()
    row("open that log (1.04 GB in 3 segments)", f"{timed(lambda: open_writer(folder, 'big')) * 1e3:.1f} ms")
    log = Log.open(OsFiles(), str(folder), "big")
    row("read it from first", f"{timed(lambda: drain(log, First()), 1) / 1e7 * 1e9:.0f} ns a record")
    row("seek to an offset in its middle", f"{timed(lambda: first_batch(log, Exact(4_200_000))) * 1e3:.1f} ms")
    row("seek to a time in its middle", f"{timed(lambda: first_batch(log, Since(1_004_200))) * 1e3:.1f} ms")
    singles = open_writer(folder, "singles", durability="os", segment_bytes=512 << 20)
    for now in range(200_000):
        singles.append([b"x" * 16], now)
        commit(singles)
    row("open a log of 200,000 chunks of one record", f"{timed(lambda: open_writer(folder, 'singles')) * 1e3:.0f} ms")
    log = Log.open(OsFiles(), str(folder), "singles")
    row("read it from first", f"{timed(lambda: drain(log, First()), 1) / 2e5 * 1e9:.0f} ns a record")
    row("open 10,000 logs of one small file", f"{small_logs(folder):.2f} s")


if __name__ == "__main__":
    main()
