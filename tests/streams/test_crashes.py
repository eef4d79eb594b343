"""What a crash may leave, as tables; after each the log is opened, appended to and read back whole."""

from itertools import pairwise
from random import Random

import pytest

from streams.format import HEADER_BYTES, Kind
from streams.log import Log
from streams.recovery import TORN_COMMIT, UNFINISHED_SEGMENT
from streams.writer import LogWriter
from tests.streams import crashes
from tests.streams.engines import Engine
from tests.streams.faulty import SECTOR, FaultyFiles, Inode

CHECKPOINT = [(Kind.CHECKPOINT, [b"state"])]


def committed(engine):
    """A log with two safe commits."""
    engine.open(snapshot=lambda: CHECKPOINT)
    engine.add(b"one", b"two")
    engine.add(b"three")
    return engine


def in_flight(engine):
    """On top of it a commit of three chunks, of which the disk got everything and has synced nothing."""
    committed(engine)
    engine.append(b"four" * 200, b"five")
    engine.append(b"s" * 300, kind=Kind.SETTLEMENT)
    engine.append(b"six" * 300)
    engine.writer.take_pending().write()
    return engine


def active_path(engine):
    return engine.log.segments[-1].path


def reopened(files):
    """The next start, on what is left of the disk."""
    engine = Engine(files, "data")
    files.locks.clear()
    return engine.open(snapshot=lambda: CHECKPOINT)


def goes_on(engine, allowed):
    """What is there is one of the permitted outcomes, and stays so while the log lives on and is opened again."""
    found = [record for _, record in engine.records()]
    assert found in allowed
    assert engine.log.damages == []
    for record in (b"after", b"the crash" * 100):
        assert engine.add(record) == len(found)
        found.append(record)
    engine.kill()
    assert [record for _, record in engine.records()] == found
    assert engine.log.damages == []


SAFE = [b"one", b"two", b"three"]
OUTCOMES = [
    SAFE,
    [*SAFE, b"four" * 200, b"five"],
    [*SAFE, b"four" * 200, b"five", b"six" * 300],
]


def test_a_commit_cut_at_any_byte():
    whole = in_flight(Engine(FaultyFiles(Random(0)), "data"))
    inode = whole.files.entries[active_path(whole)]
    for cut in range(len(inode.safe), len(inode.now) + 1, 7):
        engine = in_flight(Engine(FaultyFiles(Random(0)), "data"))
        del engine.files.entries[active_path(engine)].now[cut:]
        goes_on(reopened(engine.files), OUTCOMES)


def test_a_commit_cut_at_any_byte_with_zeros_behind():
    """The file's size was written, its bytes were not."""
    whole = in_flight(Engine(FaultyFiles(Random(0)), "data"))
    inode = whole.files.entries[active_path(whole)]
    for cut in range(len(inode.safe), len(inode.now) + 1, 7):
        engine = in_flight(Engine(FaultyFiles(Random(0)), "data"))
        now = engine.files.entries[active_path(engine)].now
        now[cut:] = bytes(len(now) - cut)
        goes_on(reopened(engine.files), OUTCOMES)


def test_any_sectors_of_a_commit_missing():
    whole = in_flight(Engine(FaultyFiles(Random(0)), "data"))
    inode = whole.files.entries[active_path(whole)]
    begin = len(inode.safe)
    edges = [begin, *range((begin // SECTOR + 1) * SECTOR, len(inode.now), SECTOR), len(inode.now)]
    sectors = list(pairwise(edges))
    for missing in range(2 ** len(sectors)):
        engine = in_flight(Engine(FaultyFiles(Random(0)), "data"))
        now = engine.files.entries[active_path(engine)].now
        for number, (start, end) in enumerate(sectors):
            if missing >> number & 1:
                now[start:end] = bytes(end - start)
        goes_on(reopened(engine.files), OUTCOMES)


def test_a_torn_commit_is_told_and_cut_off_by_the_next_one():
    engine = in_flight(Engine(FaultyFiles(Random(0)), "data"))
    path = active_path(engine)
    safe = len(engine.files.entries[path].safe)
    engine.files.entries[path].now[safe + 70] ^= 1
    again = reopened(engine.files)
    assert [(repair.crash, repair.path, repair.position) for repair in again.log.repairs] == [(TORN_COMMIT, path, safe)]
    again.add(b"next")
    assert [record for _, record in again.records()] == [*SAFE, b"next"]
    assert b"six" not in engine.files.entries[path].now


def rolling(engine):
    """A commit that begins a new segment, written but not named yet."""
    committed(engine)
    engine.writer.roll()
    engine.append(b"four")
    engine.writer.take_pending().write()
    return engine


def test_a_new_segment_that_never_got_its_name():
    engine = reopened(rolling(Engine(FaultyFiles(Random(0)), "data")).files)
    assert [repair.crash for repair in engine.log.repairs] == [UNFINISHED_SEGMENT]
    goes_on(engine, [SAFE])
    assert not [path for path in engine.files.entries if path.endswith(".unfinished")]


def test_a_new_segment_whose_folder_entry_was_lost():
    engine = committed(Engine(FaultyFiles(Random(0)), "data"))
    engine.writer.roll()
    engine.append(b"four")
    before = dict(engine.files.entries)
    engine.writer.take_pending().perform()
    engine.files.entries = before
    goes_on(reopened(engine.files), [SAFE])


def test_a_first_segment_whose_folder_entry_was_lost():
    engine = Engine(FaultyFiles(Random(0)), "data").open()
    engine.append(b"never confirmed")
    engine.writer.take_pending().write()
    engine.files.entries.clear()
    goes_on(reopened(engine.files), [[]])


def test_removed_segments_that_come_back():
    engine = committed(Engine(FaultyFiles(Random(0)), "data"))
    for record in (b"four", b"five"):
        engine.writer.roll()
        engine.add(record)
    before = dict(engine.files.entries)
    engine.writer.truncate_before(4)
    engine.commit()
    engine.files.entries = before
    again = reopened(engine.files)
    assert again.log.first_offset == 0
    again.writer.truncate_before(4)
    again.commit()
    assert again.records() == [(4, b"five")]


@pytest.mark.parametrize("record", [b"bbbb", b""])
@pytest.mark.parametrize("flagged", [False, True])
def test_a_chunk_of_an_older_epoch_behind_a_shorter_commit_is_void(flagged, record):
    """The crash: a commit was torn, the next one cut it off and was shorter, and the cut was lost."""
    engine = committed(Engine(FaultyFiles(Random(0)), "data")).kill()
    path, safe = active_path(engine), engine.log.segments[-1].end
    # A fence and three chunks of 72 bytes each: the new commit's chunks end where these do.
    for kind in (Kind.USER, Kind.SETTLEMENT, Kind.USER):
        engine.append(b"aaaa", kind=kind)
        if flagged:
            engine.commit()
    if not flagged:
        engine.writer.take_pending().write()
    now = engine.files.entries[path].now
    stale = bytes(now[safe + 3 * 72 :])
    assert len(stale) == 72
    now[safe + 72 :] = bytes(len(now) - safe - 72)
    again = reopened(engine.files)
    assert again.add(record) == 3
    now.extend(bytes(safe + 3 * 72 - len(now)))
    now.extend(stale)
    last = reopened(engine.files)
    goes_on(last, [[*SAFE, record]])


# --- bugs that were found, by name ---


def test_a_footer_that_arrived_without_the_waypoint_before_it():
    """The crash: both are one write, in two sectors. The segment was taken for closed, its control chunks for none."""
    engine = committed(Engine(FaultyFiles(Random(0)), "data"))
    engine.writer.roll()
    commit = engine.writer.take_pending()
    path, end = active_path(engine), engine.log.segments[-1].end
    commit.write()
    now = engine.files.entries[path].now
    now[end : len(now) - HEADER_BYTES] = bytes(len(now) - HEADER_BYTES - end)
    again = reopened(engine.files)
    assert [batch.records for batch in again.log.controls(frozenset({Kind.CHECKPOINT}))] == [[b"state"]]
    goes_on(again, [SAFE])


def test_a_client_s_record_is_never_taken_for_a_chunk():
    """A client sends as its message a commit with the very position, epoch and number it would have; then a crash."""
    engine = committed(Engine(FaultyFiles(Random(0)), "data"))
    path = active_path(engine)
    forger = in_flight(Engine(FaultyFiles(Random(0)), "data"))
    forger_path = active_path(forger)
    safe = len(forger.files.entries[forger_path].safe)
    # The forger does not know the salt, which is random for each log.
    other = Engine(FaultyFiles(Random(0)), "data")
    other.files.make_folder("data")
    other.log = Log.open(other.files, "data", "q")
    other.writer = LogWriter(other.log, salt=999)
    other.add(b"one", b"two")
    other.add(b"three")
    other.append(b"x" * 80, bytes(forger.files.entries[forger_path].now[safe:]))
    other.writer.take_pending().write()
    inode = next(iter(other.files.entries.values()))
    inode.now[safe + 66] ^= 1
    again = Engine(other.files, "data").open()
    assert [record for _, record in again.records()] == SAFE
    assert path == forger_path


# --- without syncs ---


@pytest.mark.parametrize("first_seed", [0, 100])
def test_without_syncs_a_power_cut_may_lose_records_but_never_invents_any(first_seed):
    """``os`` promises nothing then: what is missing is told or was the end; what is there is as it was appended."""
    for seed in range(first_seed, first_seed + 100):
        random = Random(seed)
        options = {"durability": "os", "segment_bytes": random.choice((300, 3000)), "snapshot": lambda: CHECKPOINT}
        engine = Engine(FaultyFiles(random), "data").open(**options)
        appended = {}
        for _ in range(3):
            for _ in range(random.randrange(20)):
                record = random.randbytes(random.choice((4, 300)))
                appended.setdefault(engine.add(record), set()).add(record)
            engine = Engine(engine.files.after_power_cut(random), "data").open(**options)
            found = engine.records()
            assert [offset for offset, _ in found] == sorted({offset for offset, _ in found})
            assert all(record in appended[offset] for offset, record in found)
            missing = set(range(engine.log.first_offset, engine.log.durable)) - {offset for offset, _ in found}
            kept = {offset for begin, end in engine.log.ranges() for offset in range(begin, end)}
            told = {n for damage in engine.log.damages for n in range(damage.first_offset, damage.end_offset)}
            assert missing & kept <= told


# --- by the thousand ---


@pytest.mark.parametrize("first_seed", range(0, 160, 40))
def test_lives_of_logs_with_crashes(first_seed):
    for seed in range(first_seed, first_seed + 40):
        crashes.run(seed)


def test_the_command_counts(capsys):
    crashes.main(["--count", "10"])
    assert capsys.readouterr().out == "10 simulated crashes in 3 logs: nothing lost, nothing half, nothing changed\n"


def test_the_model_disk_loses_only_what_was_not_synced():
    for seed in range(200):
        inode = Inode()
        inode.write(0, b"a" * 1000)
        inode.sync()
        inode.write(1000, b"b" * 1000)
        left = inode.after_power_cut(Random(seed))
        assert bytes(left.now[:1000]) == b"a" * 1000
        assert set(left.now[1000:]) <= {0, ord("b")}
