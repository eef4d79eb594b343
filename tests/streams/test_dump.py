from pathlib import Path

import pytest

from streams import dump
from streams.format import Kind
from tests.streams.engines import on_disk


@pytest.fixture
def paths(tmp_path):
    """A closed segment with a damaged chunk, and the newest one."""
    engine = on_disk(tmp_path).open()
    engine.add(b"hello", b"x" * 100)
    engine.add(b"settled", kind=Kind.SETTLEMENT)
    engine.add(b"broken")
    engine.writer.roll()
    engine.add(b"world", bloom=b"\x01" * 16)
    engine.close()
    first, second = (segment.path for segment in engine.log.segments)
    damaged = Path(first)
    damaged.write_bytes(damaged.read_bytes().replace(b"broken", b"BROKEN"))
    return first, second


def lines(capsys, *arguments):
    dump.main(list(arguments))
    return [line.strip() for line in capsys.readouterr().out.splitlines()]


def test_a_closed_segment_is_shown_around_its_damage(paths, capsys):
    shown = lines(capsys, paths[0])
    assert shown[0].startswith("segment 0 version 1 base offset 0 epoch 1 created")
    assert shown[1] == "64  fence      offset 0 records 1 bytes 8 time 1 chunk 1/0 begins a commit"
    assert shown[2] == "136  user       offset 0 records 2 bytes 113 time 1 chunk 1/1"
    assert shown[3] == "313  settlement offset 2 records 1 bytes 11 time 1 chunk 1/2 begins a commit"
    assert shown[4] == "388  74 bytes: no whole chunk"
    assert shown[5].startswith("462  waypoint")
    assert shown[6] == "footer: next offset 3, times 1 to 1 ms, last chunk 1/4, waypoint at 462"


def test_records_are_shown_when_asked_for(paths, capsys):
    shown = lines(capsys, paths[0], "--records")
    assert "0: b'hello'" in shown
    assert f"1: {b'x' * 60!r} and 40 bytes more" in shown
    assert "0: b'settled'" in shown


def test_the_newest_segment_has_no_footer(paths, capsys):
    shown = lines(capsys, paths[1])
    assert shown[1].endswith("filter 16 bytes begins a commit")
    assert shown[-1].startswith("no footer")


def test_what_is_no_segment_is_told(tmp_path, capsys):
    (tmp_path / "other").write_bytes(b"something else")
    assert lines(capsys, str(tmp_path / "other"))[0].startswith("no segment header")
    with pytest.raises(SystemExit, match="No such file"):
        dump.main([str(tmp_path / "missing")])
