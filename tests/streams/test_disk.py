"""The real disk: killed processes, a disk that is full, leases between processes."""

import resource
import signal
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from streams.errors import LogLocked
from streams.files import OsFiles
from streams.log import Log
from streams.writer import LogWriter
from tests.streams.crashes import read_all
from tests.streams.engines import on_disk

_ROOT = Path(__file__).parents[2]

# Appends numbered records without end and says after each commit how many are safe.
_APPENDER = """
import sys
from streams.files import OsFiles
from streams.log import Log
from streams.writer import LogWriter

folder, durability = sys.argv[1:]
files = OsFiles()
files.make_folder(folder)
lease = files.lock(folder + "/lock")
log = Log.open(files, folder, "q")
writer = LogWriter(log, lease, salt=7, segment_bytes=20000, durability=durability)
while True:
    for _ in range(writer.next_offset % 7 + 1):
        writer.append([b"%d" % (writer.next_offset + i) + b"." * (i * 50) for i in range(3)], 1)
    commit = writer.take_pending()
    commit.perform()
    writer.committed(commit)
    print(log.durable, flush=True)
"""


def check(folder, confirmed):
    """Everything confirmed is there, in order and as it was, and nothing half."""
    log = Log.open(OsFiles(), folder, "q")
    assert log.durable >= confirmed
    assert log.durable % 3 == 0
    assert log.damages == []
    found = [record for batch in read_all(log) for record in batch.records]
    assert found == [b"%d" % offset + b"." * (offset % 3 * 50) for offset in range(log.durable)]


@pytest.mark.parametrize("durability", ["fsync", "os"])
def test_a_writer_killed_again_and_again_loses_nothing_it_confirmed(tmp_path, durability):
    folder = str(tmp_path / "data")
    confirmed = 0
    for seed in range(5):
        command = [sys.executable, "-c", _APPENDER, folder, durability]
        with subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE) as process:
            for _ in range(Random(seed).randint(1, 60)):
                confirmed = int(process.stdout.readline())
            process.send_signal(signal.SIGKILL)
            rest = process.stdout.read().split(b"\n")[:-1]
        confirmed = max([confirmed, *map(int, rest)])
        check(folder, confirmed)
    OsFiles().lock(folder + "/lock").release()


def test_a_full_disk_fails_commits_and_a_disk_with_room_takes_them(tmp_path):
    engine = on_disk(tmp_path).open()
    engine.add(b"safe" * 10)
    size = Path(engine.log.segments[0].path).stat().st_size
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    engine.append(b"x" * 1000)
    for _ in range(3):
        commit = engine.writer.take_pending()
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 500, hard))
        try:
            with pytest.raises(OSError, match="too large"):
                commit.perform()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        engine.writer.failed(commit)
        assert engine.records() == [(0, b"safe" * 10)]
    engine.commit()
    expected = [(0, b"safe" * 10), (1, b"x" * 1000)]
    assert engine.records() == expected
    engine.kill()
    assert engine.records() == expected
    engine.close()


def test_a_lease_is_refused_until_its_holder_is_gone(tmp_path):
    files = OsFiles()
    lease = files.lock(str(tmp_path / "lock"))
    with pytest.raises(LogLocked, match="lock is locked by another writer"):
        files.lock(str(tmp_path / "lock"))
    lease.release()
    files.lock(str(tmp_path / "lock")).release()


def test_folders_are_made_with_their_parents(tmp_path):
    files = OsFiles()
    folder = str(tmp_path / "a" / "b" / "c")
    assert files.names(folder) == []
    files.make_folder(folder)
    files.make_folder(folder)
    assert files.names(str(tmp_path / "a" / "b")) == ["c"]


def test_a_writer_that_commits_often_and_little_makes_room_and_gives_it_back(tmp_path):
    engine = on_disk(tmp_path).open()
    for _ in range(30):
        engine.add(b"x")
    path = engine.log.segments[0].path
    assert Path(path).stat().st_size > engine.log.segments[0].end + 100_000
    engine.kill()
    assert engine.log.repairs == []
    engine.writer.roll()
    engine.commit()
    assert Path(path).stat().st_size == engine.log.segments[0].size < 10_000
    assert len(engine.records()) == 30
    engine.close()


def test_logs_are_found_by_one_listing(tmp_path):
    folder = str(tmp_path / "data")
    for name in ("a", "b"):
        writer = LogWriter(Log.open(OsFiles(), folder, name), salt=1)
        writer.append([name.encode()], 1)
        commit = writer.take_pending()
        commit.perform()
        writer.committed(commit)
        writer.close()
    OsFiles().settle()
    assert [batch.records for batch in read_all(Log.open(OsFiles(), folder, "b"))] == [[b"b"]]
