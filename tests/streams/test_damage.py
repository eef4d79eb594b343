"""Bytes that were safe and are not as they were: told by file and place, set aside, and everything else is served."""

import pytest

from streams.errors import UnsupportedVersion
from streams.format import HEADER_BYTES, Kind, SegmentHeader
from streams.log import Log
from streams.offset_spec import Exact, Since
from tests.streams.crashes import read_all


def three_segments(engine, tail_bytes=0):
    """Offsets 0..29 in chunks of one, ten a segment."""
    engine.open(tail_bytes=tail_bytes)
    for i in range(30):
        if i in (10, 20):
            engine.writer.roll()
        engine.add(b"record %d" % i, now_ms=1000 + i)
    return engine


def chunk_at(engine, offset):
    """The segment and batch that hold this offset."""
    segment = engine.log.segment_of(offset)
    batch = next(batch for batch in read_all(engine.log, Exact(offset)) if batch.base_offset == offset)
    return segment, batch


def overwrite(engine, path, position, data):
    file = engine.files.open(path)
    file.write(position, data)
    file.close()


def offsets(engine, spec=None):
    return [offset for offset, _ in engine.records(spec)]


# Byte of the chunk that is changed: magic, CRC, version, count, the size's highest, position, length, record.
@pytest.mark.parametrize("byte", [0, 4, 8, 12, 19, 48, 64, 70])
@pytest.mark.parametrize("reopened", [False, True])
@pytest.mark.parametrize("offset", [0, 9, 15, 25])
def test_a_damaged_chunk_is_told_and_the_rest_served(engine, offset, byte, reopened):
    three_segments(engine)
    segment, batch = chunk_at(engine, offset)
    old = engine.files.open(segment.path).read(batch.position + byte, 1)
    overwrite(engine, segment.path, batch.position + byte, bytes([old[0] ^ 0x40]))
    if reopened:
        engine.kill()
    assert offsets(engine) == [n for n in range(30) if n != offset]
    (damage,) = engine.log.damages
    assert (damage.path, damage.position, damage.end_position) == (segment.path, batch.position, batch.end)
    assert (damage.first_offset, damage.end_offset) == (offset, offset + 1)
    assert str(damage).startswith(f"{segment.path}: bytes {batch.position} to {batch.end - 1} are damaged")
    assert engine.add(b"more") == 30
    assert offsets(engine, Exact(28)) == [28, 29, 30]


def test_damage_is_told_once(engine):
    three_segments(engine)
    segment, batch = chunk_at(engine, 5)
    overwrite(engine, segment.path, batch.position + 70, b"?")
    engine.records()
    engine.records()
    assert len(engine.log.damages) == 1


def test_a_damaged_stretch_over_several_chunks(engine):
    three_segments(engine)
    segment, first = chunk_at(engine, 12)
    _, last = chunk_at(engine, 15)
    overwrite(engine, segment.path, first.position + 10, bytes(last.position - first.position))
    assert offsets(engine) == [n for n in range(30) if not 12 <= n <= 15]
    assert (engine.log.damages[0].first_offset, engine.log.damages[0].end_offset) == (12, 16)


def test_damage_in_the_middle_of_the_newest_segment_is_no_torn_commit(engine):
    """What a later commit follows was safe once: it is not cut off with all behind it."""
    three_segments(engine)
    segment, batch = chunk_at(engine, 22)
    overwrite(engine, segment.path, batch.position, bytes(batch.end - batch.position))
    engine.kill()
    assert engine.log.durable == 30
    assert offsets(engine) == [n for n in range(30) if n != 22]
    engine.add(b"more")
    engine.kill()
    assert offsets(engine) == [n for n in range(31) if n != 22]


@pytest.mark.parametrize("cut", [1, 64, 100, 300])
def test_a_closed_segment_that_lost_its_end(engine, cut):
    three_segments(engine)
    segment = engine.log.segments[1]
    file = engine.files.open(segment.path)
    file.truncate(file.size() - cut)
    file.close()
    for _ in range(2):
        kept = offsets(engine)
        assert kept[:10] == list(range(10))
        assert kept[-10:] == list(range(20, 30))
        assert len(kept) >= (30 if cut <= 100 else 27)
        engine.kill()
    assert any(repair.path == segment.path for repair in engine.log.repairs) or engine.log.damages


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_segment_whose_header_is_damaged(engine, number):
    three_segments(engine)
    path = engine.log.segments[number].path
    overwrite(engine, path, 8, b"????")
    engine.kill()
    assert [damage.path for damage in engine.log.damages] == [path]
    assert offsets(engine) == list(range(30))
    engine.add(b"more")
    engine.kill()
    assert offsets(engine) == list(range(31))


def test_a_lone_segment_whose_header_is_damaged_is_set_aside_and_its_offsets_are_never_given_again(engine):
    engine.open()
    engine.add(*[b"x"] * 50)
    path = engine.log.segments[0].path
    overwrite(engine, path, 0, bytes(HEADER_BYTES))
    engine.kill()
    assert offsets(engine) == []
    assert [damage.path for damage in engine.log.damages] == [path]
    base = engine.add(b"new")
    assert base >= 50
    engine.kill()
    assert engine.records()[-1] == (base, b"new")


def test_a_segment_whose_file_was_taken_away(engine):
    three_segments(engine)
    path = engine.log.segments[1].path
    engine.files.remove(path)
    assert offsets(engine) == [*range(10), *range(20, 30)]
    assert [damage.path for damage in engine.log.damages] == [path]
    engine.kill()
    assert offsets(engine) == [*range(10), *range(20, 30)]


def test_a_damaged_waypoint_only_makes_seeking_slower(engine):
    three_segments(engine)
    segment = engine.log.segments[0]
    overwrite(engine, segment.path, segment.waypoint + 70, b"????")
    assert offsets(engine, Exact(7)) == list(range(7, 30))
    assert offsets(engine, Since(1007)) == list(range(7, 30))
    engine.kill()
    assert offsets(engine, Exact(7)) == list(range(7, 30))


@pytest.mark.parametrize("version", [0, 2, 65535])
def test_a_file_of_another_version_is_refused_by_name_and_left_alone(engine, version):
    three_segments(engine)
    segment = engine.log.segments[1]
    header = SegmentHeader(10, 1, 1, segment.salt, 5, version=version)
    overwrite(engine, segment.path, 0, header.pack())
    with pytest.raises(UnsupportedVersion, match=f"format version {version}; this leveret reads up to 1") as caught:
        Log.open(engine.files, engine.folder, "q")
    assert caught.value.path == segment.path


def test_controls_are_found_behind_damage(engine):
    engine.open()
    engine.add(b"1", kind=Kind.SETTLEMENT)
    engine.add(b"a")
    engine.add(b"2", kind=Kind.SETTLEMENT)
    segment, batch = chunk_at(engine, 0)
    overwrite(engine, segment.path, batch.position + 66, b"?")
    engine.kill()
    assert [found.records for found in engine.log.controls(frozenset({Kind.SETTLEMENT}))] == [[b"1"], [b"2"]]
