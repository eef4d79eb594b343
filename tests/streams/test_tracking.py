"""Named readers' offsets live in their log and outlive restarts, new segments and dropped ones."""

import pytest

from streams.tracking import Tracking


def start(engine, **options):
    """The log with its tracking, as an owner sets them up: the snapshot is asked for later than either is made."""

    def snapshot():
        return tracking.snapshot()

    engine.open(snapshot=snapshot, **options)
    tracking = Tracking(engine.log)
    return tracking


def restart(engine, **options):
    engine.writer.close()
    return start(engine, **options)


def test_what_was_stored_last_is_there_after_a_restart(engine):
    tracking = start(engine)
    engine.add(*[b"r"] * 20)
    tracking.store(engine.writer, "a", 3, 1)
    tracking.store(engine.writer, "ä", 4, 1)
    tracking.store(engine.writer, "a", 7, 2)
    engine.commit()
    tracking = restart(engine)
    assert (tracking.offset("a"), tracking.offset("ä"), tracking.offset("b")) == (7, 4, None)


def test_it_outlives_the_segments_it_was_written_in(engine):
    tracking = start(engine, segment_bytes=300)
    tracking.store(engine.writer, "slow", 10, 1)
    for i in range(30):
        engine.add(b"record %d" % i)
        tracking.store(engine.writer, "fast", i, 1)
    engine.commit()
    engine.writer.truncate_before(8)
    engine.commit()
    tracking = restart(engine, segment_bytes=300)
    assert (tracking.offset("slow"), tracking.offset("fast")) == (10, 29)


def test_names_whose_records_are_gone_are_forgotten(engine):
    tracking = start(engine, segment_bytes=300)
    tracking.store(engine.writer, "dead", 0, 1)
    for i in range(30):
        engine.add(b"record %d" % i)
        engine.writer.truncate_before(i)
    engine.commit()
    assert tracking.offset("dead") is None
    assert restart(engine).offset("dead") is None


def test_a_forgotten_name_stays_forgotten(engine):
    tracking = start(engine)
    tracking.store(engine.writer, "a", 0, 1)
    engine.commit()
    tracking.forget(engine.writer, "a", 2)
    tracking.forget(engine.writer, "unknown", 2)
    engine.commit()
    assert tracking.offset("a") is None
    assert restart(engine).offset("a") is None


def test_storing_the_same_again_writes_nothing(engine):
    tracking = start(engine)
    tracking.store(engine.writer, "a", 0, 1)
    engine.commit()
    tracking.store(engine.writer, "a", 0, 2)
    assert not engine.writer.has_work


def test_a_name_has_at_most_255_bytes(engine):
    tracking = start(engine)
    tracking.store(engine.writer, "x" * 255, 1, 1)
    with pytest.raises(ValueError, match="at most 255 bytes, this one 256"):
        tracking.store(engine.writer, "ä" * 128, 1, 1)
    assert tracking.offset("ä" * 128) is None
