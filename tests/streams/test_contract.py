"""The log's contract, which any engine must keep: local on a disk, local in memory, and whatever comes."""

import errno

import pytest

from streams.cursor import AT_TAIL, NEED_BLOCK
from streams.errors import BatchTooLarge, LogDeleted, LogLocked
from streams.format import Kind
from streams.log import Log, catalogue
from streams.offset_spec import Exact, First, Last, Next, Since
from streams.reads import BlockRead
from streams.retention import Limits
from streams.writer import LogWriter
from tests.streams.crashes import ALL_KINDS, read_all

# --- appending and committing ---


def test_offsets_are_dense_and_given_by_the_writer(engine):
    engine.open()
    assert engine.append(b"a", b"b") == 0
    assert engine.append(b"c") == 2
    engine.commit()
    assert engine.append(b"d") == 3
    assert engine.writer.next_offset == 4


def test_nothing_is_read_before_it_is_durable(engine):
    engine.open()
    engine.append(b"a")
    commit = engine.writer.take_pending()
    commit.perform()
    assert engine.log.durable == 0
    assert engine.records() == []
    engine.writer.committed(commit)
    assert engine.log.durable == 1
    assert engine.records() == [(0, b"a")]


def test_what_arrives_during_a_commit_forms_the_next(engine):
    engine.open()
    engine.append(b"a")
    first = engine.writer.take_pending()
    engine.append(b"b")
    engine.append(b"c")
    assert engine.writer.take_pending() is None
    first.perform()
    engine.writer.committed(first)
    second = engine.writer.take_pending()
    second.perform()
    engine.writer.committed(second)
    assert engine.writer.take_pending() is None
    assert [batch.records for batch in read_all(engine.log)] == [[b"a"], [b"b", b"c"]]


def test_commits_are_numbered_so_that_settlements_can_be_waited_for(engine):
    engine.open()
    engine.append(b"1", kind=Kind.SETTLEMENT)
    awaited = engine.writer.forming
    commit = engine.writer.take_pending()
    engine.append(b"2", kind=Kind.SETTLEMENT)
    later = engine.writer.forming
    commit.perform()
    engine.writer.committed(commit)
    assert awaited <= engine.writer.done < later


def test_only_user_records_take_offsets(engine):
    engine.open()
    engine.append(b"a")
    assert engine.append(b"s", kind=Kind.SETTLEMENT) == 1
    assert engine.append(b"b") == 1
    engine.commit()
    assert engine.records() == [(0, b"a"), (1, b"b")]
    kinds = [(batch.kind, batch.base_offset) for batch in read_all(engine.log, kinds=ALL_KINDS)]
    assert kinds == [(Kind.FENCE, 0), (Kind.USER, 0), (Kind.SETTLEMENT, 1), (Kind.USER, 1)]


def test_records_may_be_empty_and_large(engine):
    engine.open()
    records = [b"", b"x" * 3_000_000, b""]
    engine.add(*records)
    assert [record for _, record in engine.records()] == records
    engine.kill()
    assert [record for _, record in engine.records()] == records


def test_a_batch_beyond_a_chunk_is_refused(engine):
    class Vast(bytes):
        def __len__(self):
            return 2**32

    engine.open()
    with pytest.raises(BatchTooLarge):
        engine.append(Vast())
    assert engine.writer.next_offset == 0


# --- opening again ---


@pytest.mark.parametrize("durability", ["fsync", "os"])
def test_a_log_goes_on_where_it_was(engine, durability):
    engine.open(durability=durability)
    engine.add(b"a", b"b")
    engine.append(b"never committed")
    engine.kill()
    assert engine.writer.next_offset == 2
    engine.add(b"c")
    engine.kill()
    assert engine.records() == [(0, b"a"), (1, b"b"), (2, b"c")]
    assert engine.log.repairs == engine.log.damages == []


def test_each_opening_begins_an_epoch_with_its_first_commit(engine):
    engine.open()
    engine.add(b"a")
    engine.kill()
    engine.kill()
    engine.add(b"b")
    fences = [batch for batch in read_all(engine.log, kinds=ALL_KINDS) if batch.kind == Kind.FENCE]
    assert [int.from_bytes(fence.records[0], "little") for fence in fences] == [1, 2]


def test_a_second_writer_is_refused(engine):
    engine.open()
    with pytest.raises(LogLocked):
        engine.files.lock(engine.folder + "/lock")
    engine.writer.close()
    engine.files.lock(engine.folder + "/lock").release()


def test_many_logs_share_a_folder(engine):
    engine.open()
    engine.add(b"a")
    other = LogWriter(Log.open(engine.files, engine.folder, "q.00000001"), salt=1)
    other.append([b"other"], 1)
    commit = other.take_pending()
    commit.perform()
    other.committed(commit)
    other.close()
    assert sorted(catalogue(engine.files, engine.folder)) == ["q", "q.00000001"]
    engine.kill()
    assert engine.records() == [(0, b"a")]


# --- in doubt ---


@pytest.mark.parametrize("written", [False, True])
def test_a_refused_commit_is_written_again_under_the_same_offsets(engine, written):
    engine.open()
    engine.add(b"a")
    engine.append(b"b", b"c")
    commit = engine.writer.take_pending()
    engine.append(b"d")
    if written:
        commit.write()
    engine.writer.failed(commit)
    assert engine.log.durable == 1
    assert engine.records() == [(0, b"a")]
    engine.commit()
    expected = [(0, b"a"), (1, b"b"), (2, b"c"), (3, b"d")]
    assert engine.records() == expected
    engine.kill()
    assert engine.records() == expected
    assert engine.log.damages == []


@pytest.mark.parametrize("written", [False, True])
def test_a_refused_commit_that_is_never_repeated_harms_nothing(engine, written):
    engine.open()
    engine.add(b"a")
    engine.append(b"b")
    commit = engine.writer.take_pending()
    if written:
        commit.write()
    engine.writer.failed(commit)
    engine.kill()
    assert engine.records() in ([(0, b"a")], [(0, b"a"), (1, b"b")])
    base = engine.add(b"c")
    assert engine.records()[base:] == [(base, b"c")]


@pytest.mark.parametrize("written", [False, True])
def test_a_refused_new_segment_is_tried_again(engine, written):
    engine.open(snapshot=lambda: [(Kind.CHECKPOINT, [b"all"])])
    engine.add(b"a")
    engine.writer.roll()
    engine.append(b"b")
    commit = engine.writer.take_pending()
    if written:
        commit.write()
    engine.writer.failed(commit)
    engine.commit()
    engine.kill()
    assert engine.records() == [(0, b"a"), (1, b"b")]
    assert len(engine.log.segments) == 2
    assert [batch.records for batch in engine.log.controls(frozenset({Kind.CHECKPOINT}))] == [[b"all"]]


def test_settlements_of_a_refused_commit_are_done_with_the_next(engine):
    engine.open()
    engine.append(b"1", kind=Kind.SETTLEMENT)
    awaited = engine.writer.forming
    engine.writer.failed(engine.writer.take_pending())
    assert engine.writer.done < awaited
    engine.commit()
    assert engine.writer.done >= awaited


# --- readers ---


def spread(engine, tail_bytes=1 << 20):
    """Offsets 0..59 in chunks of two, times 1000, 1010…, in several segments, with other kinds between them."""
    engine.open(tail_bytes=tail_bytes, segment_bytes=900)
    for i in range(30):
        engine.append(b"%d" % (2 * i), b"%d" % (2 * i + 1), now_ms=1000 + 10 * i)
        engine.append(b"s", kind=Kind.SETTLEMENT, now_ms=1000 + 10 * i)
        engine.commit()
    assert len(engine.log.segments) > 4
    return engine


@pytest.mark.parametrize("tail_bytes", [0, 3000, 1 << 20])
@pytest.mark.parametrize(
    ("spec", "first"),
    [
        (First(), 0),
        (Last(), 58),
        (Exact(0), 0),
        (Exact(31), 31),
        (Exact(59), 59),
        (Since(0), 0),
        (Since(1000), 0),
        (Since(1001), 2),
        (Since(1150), 30),
        (Since(1290), 58),
    ],
)
def test_readers_begin_where_they_ask_to(engine, spec, first, tail_bytes):
    spread(engine, tail_bytes)
    assert [offset for offset, _ in engine.records(spec)] == list(range(first, 60))
    engine.kill()
    assert engine.records(spec) == [(offset, b"%d" % offset) for offset in range(first, 60)]


@pytest.mark.parametrize("spec", [Next(), Exact(60), Exact(1000), Since(1291), Since(5001)])
def test_readers_that_begin_at_the_end_wait(engine, spec):
    spread(engine)
    cursor = engine.log.cursor(spec)
    assert cursor.next_records() is AT_TAIL
    engine.add(b"new", now_ms=5000)
    batch = cursor.next_records()
    assert (batch.base_offset, batch.records) == (60, [b"new"])
    assert cursor.next_records() is AT_TAIL


@pytest.mark.parametrize("spec", [First(), Last(), Next(), Exact(0), Exact(7), Since(5), Since(10)])
def test_readers_of_an_empty_log_wait(engine, spec):
    engine.open()
    cursor = engine.log.cursor(spec)
    assert cursor.next_records() is AT_TAIL
    engine.add(b"a", now_ms=9)
    assert cursor.next_records().records == [b"a"]


def test_a_reader_at_the_tail_goes_on_without_the_disk(engine):
    engine.open(segment_bytes=500)
    cursor = engine.log.cursor(First())
    for i in range(50):
        engine.add(b"%d" % i)
        assert cursor.next_records().records == [b"%d" % i]
        assert cursor.next_records() is AT_TAIL


def test_a_reader_that_fell_behind_reads_blocks(engine):
    spread(engine, tail_bytes=2000)
    cursor = engine.log.cursor(First())
    assert cursor.next_records() is NEED_BLOCK
    assert cursor.next_records() is NEED_BLOCK
    request = cursor.request
    request.perform()
    cursor.feed(request)
    assert cursor.next_records().records == [b"0", b"1"]


@pytest.mark.parametrize("block_bytes", [64, 100, 1000])
def test_chunks_larger_than_a_block_are_read(engine, block_bytes):
    BlockRead.BYTES = block_bytes
    engine.open(tail_bytes=0)
    expected = [(engine.add(b"x" * size), b"x" * size) for size in (10, 5000, 0, 700)]
    assert engine.records() == expected


def test_a_refused_read_is_tried_again(engine):
    engine.open(tail_bytes=0)
    engine.add(b"a")
    cursor = engine.log.cursor(First())
    assert cursor.next_records() is NEED_BLOCK
    cursor.request.error = OSError(errno.EIO, "unreadable")
    with pytest.raises(Exception, match="unreadable"):
        cursor.feed(cursor.request)
    assert cursor.next_records() is NEED_BLOCK
    cursor.request.perform()
    cursor.feed(cursor.request)
    assert cursor.next_records().records == [b"a"]


def test_chunks_whose_filter_is_not_wanted_are_skipped(engine):
    engine.open()
    engine.append(b"red", bloom=b"\x01")
    engine.append(b"rose", bloom=b"\x02")
    engine.commit()
    engine.add(b"blue", bloom=b"\x04")
    engine.add(b"plain")
    engine.append(b"mixed", bloom=b"\x04")
    engine.append(b"no filter")
    engine.commit()

    def read(wanted):
        cursor = engine.log.cursor(First(), accepts=lambda bloom: bool(bloom[0] & wanted))
        found = []
        while (batch := cursor.next_records()) is not AT_TAIL:
            if batch is NEED_BLOCK:
                cursor.request.perform()
                cursor.feed(cursor.request)
                continue
            found += batch.records
        return found

    for _ in range(2):
        assert read(2) == [b"red", b"rose", b"plain", b"mixed", b"no filter"]
        assert read(4) == [b"blue", b"plain", b"mixed", b"no filter"]
        assert read(8) == [b"plain", b"mixed", b"no filter"]
        engine.kill()


def test_a_batch_bears_its_newest_time_and_time_never_goes_back(engine):
    engine.open()
    engine.append(b"a", now_ms=10)
    engine.append(b"b", now_ms=30)
    engine.commit()
    engine.add(b"c", now_ms=5)
    engine.kill()
    engine.add(b"d", now_ms=7)
    assert [batch.timestamp_ms for batch in read_all(engine.log)] == [30, 30, 30]


# --- letting go ---


def test_truncating_lets_whole_segments_go_and_may_be_repeated(engine):
    spread(engine)
    for _ in range(2):
        engine.writer.truncate_before(31)
        first = engine.log.first_offset
        assert 0 < first <= 31
        assert engine.records()[0] == (first, b"%d" % first)
        assert engine.records(Exact(0)) == engine.records(First())
    engine.commit()
    engine.kill()
    assert engine.log.first_offset == first
    assert len(engine.records()) == 60 - first


def test_the_newest_segment_always_stays(engine):
    spread(engine)
    engine.writer.truncate_before(1000)
    engine.commit()
    assert len(engine.log.segments) == 1
    engine.kill()
    assert engine.writer.next_offset == 60


def test_a_segment_in_the_middle_may_go(engine):
    spread(engine)
    middle = engine.log.segments[2]
    cursor = engine.log.cursor(First())
    engine.writer.drop_segment(middle.base_offset, middle.next_offset)
    engine.writer.drop_segment(middle.base_offset, middle.next_offset)
    engine.commit()
    engine.kill()
    expected = [n for n in range(60) if not middle.base_offset <= n < middle.next_offset]
    assert [offset for offset, _ in engine.records()] == expected
    assert engine.log.ranges() == [(0, middle.base_offset), (middle.next_offset, 60)]
    assert engine.records(Exact(middle.base_offset))[0][0] == middle.next_offset
    assert cursor.next_records() is not None


def test_a_reader_whose_segment_goes_continues_after_it(engine):
    spread(engine, tail_bytes=0)
    cursor = engine.log.cursor(First())
    assert cursor.next_records() is NEED_BLOCK
    cursor.request.perform()
    request = cursor.request
    engine.writer.truncate_before(31)
    engine.commit()
    cursor.feed(request)
    assert cursor.next_records() is NEED_BLOCK
    cursor.request.perform()
    cursor.feed(cursor.request)
    assert cursor.next_records().base_offset == engine.log.first_offset


def test_retention_by_bytes_and_by_age(engine):
    spread(engine)
    engine.writer.retain(Limits(), 10**12)
    assert engine.log.first_offset == 0
    engine.writer.retain(Limits(max_age_ms=100), 1200)
    assert 0 < engine.log.first_offset <= 20
    engine.writer.retain(Limits(max_bytes=2500), 1200)
    assert engine.log.size <= 2500
    engine.writer.retain(Limits(max_bytes=0), 1200)
    assert len(engine.log.segments) == 1


def test_each_segment_repeats_what_the_older_ones_held(engine):
    state = []
    engine.open(segment_bytes=400, snapshot=lambda: [(Kind.CHECKPOINT, list(state))])
    for i in range(40):
        state.append(b"%d" % i)
        engine.add(b"r", b"%d" % i, kind=Kind.SETTLEMENT)
        engine.writer.truncate_before(engine.log.durable)
    engine.commit()
    engine.kill()
    assert len(engine.log.segments) == 1
    found = engine.log.controls(frozenset({Kind.CHECKPOINT, Kind.SETTLEMENT}))
    restored = []
    for batch in found:
        restored = list(batch.records) if batch.kind == Kind.CHECKPOINT else [*restored, batch.records[1]]
    assert restored == state


def test_a_segment_without_user_records_takes_no_name_of_another(engine):
    engine.open(segment_bytes=100)
    for i in range(5):
        engine.add(b"s%d" % i, kind=Kind.SETTLEMENT)
    engine.add(b"a")
    assert len({segment.path for segment in engine.log.segments}) == len(engine.log.segments) > 4
    engine.kill()
    assert engine.records() == [(0, b"a")]


def test_a_new_segment_asked_for_during_a_commit_is_begun_by_the_next(engine):
    engine.open()
    engine.append(b"a")
    first = engine.writer.take_pending()
    engine.writer.roll()
    first.perform()
    engine.writer.committed(first)
    assert len(engine.log.segments) == 1
    engine.commit()
    assert len(engine.log.segments) == 2
    assert not engine.writer.has_work


def test_a_log_whose_newest_file_was_taken_away_goes_on_in_another(engine):
    engine.open(tail_bytes=0)
    engine.add(b"a")
    engine.files.remove(engine.log.segments[0].path)
    assert engine.records() == []
    engine.writer.rest()
    assert engine.add(b"b") == 1
    engine.kill()
    assert engine.records() == [(1, b"b")]


def test_a_deleted_log_is_gone(engine):
    spread(engine)
    cursor = engine.log.cursor(First())
    engine.append(b"pending")
    engine.writer.delete()
    with pytest.raises(LogDeleted):
        engine.append(b"x")
    assert cursor.next_records() is AT_TAIL
    engine.commit()
    assert [name for name in engine.files.names(engine.folder) if name != "lock"] == []


@pytest.mark.parametrize("outcome", ["committed", "failed"])
def test_a_log_deleted_during_a_commit_leaves_nothing(engine, outcome):
    engine.open()
    engine.add(b"a")
    engine.writer.roll()
    engine.append(b"b")
    commit = engine.writer.take_pending()
    engine.writer.delete()
    commit.perform()
    getattr(engine.writer, outcome)(commit)
    engine.commit()
    assert [name for name in engine.files.names(engine.folder) if name != "lock"] == []


def test_an_idle_log_needs_no_descriptor(engine):
    engine.open()
    for i in range(3):
        engine.add(b"%d" % i)
        engine.writer.rest()
        engine.writer.rest()
    assert len(engine.records()) == 3
