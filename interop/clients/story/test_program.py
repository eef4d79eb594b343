"""A story as a program: its lines as they come, the restart it asks for, and every way not to come to its end."""

from __future__ import annotations

import os
import select
from pathlib import Path

import pytest

from interop.clients.story import program
from interop.clients.story.outcome import CANNOT, FAILED, OK
from interop.clients.story.steps import STEPS

URL = "amqp://nobody"


def tell(client, on_line=None):
    """What was told, and how often the broker was restarted."""
    restarts: list[None] = []
    told = program.told_by(client, Path("/built"), URL, lambda: restarts.append(None), on_line)
    return told, len(restarts)


def test_a_whole_story(fake):
    lines: list[tuple[str, str]] = []
    story = """
tell(but={"rpc": ("failed rpc no", "reply"), "quorum": ("cannot", "quorum none")})
"""
    told, restarts = tell(fake(story), lambda kind, line: lines.append((kind, line)))
    assert (told.end, restarts) == ("", 1)
    assert (told.count(OK), told.count(FAILED), told.count(CANNOT)) == (len(STEPS) - 2, 1, 1)
    assert told.ends["rpc"] == (FAILED, "no reply")
    assert lines[0] == (OK, "ok connect")
    assert ("restart", "restart") in lines
    assert len(lines) == len(STEPS) + 1


def test_it_is_given_the_url_last_and_empty_lines_are_nothing(fake):
    told, _ = tell(fake("say(); say('saw connect', sys.argv[-1]); say('  ')"))
    assert (told.end, told.words) == ("", {"connect": [URL]})


def test_it_ends_early_and_its_last_words_are_kept(fake):
    told, _ = tell(fake("say('ok connect'); raise ValueError('out of luck')"))
    assert told.end == "ended with status 1; ValueError: out of luck"
    assert list(told.ends) == ["connect"]


def test_what_it_says_to_stderr_is_nobodys_when_all_is_well(fake):
    told, _ = tell(fake("tell(); print('by the way', file=sys.stderr)"))
    assert told.end == ""


def test_it_says_what_is_no_line(fake):
    told, _ = tell(fake("say('ok connect'); say('good morning'); say('ok rpc')"))
    assert told.end == "said what is no line of a story: good morning"
    assert list(told.ends) == ["connect"]


def test_it_hangs(fake, monkeypatch):
    monkeypatch.setattr(program, "_LIMIT_S", 0.2)
    told, _ = tell(fake("sys.stdin.read()"))
    assert told.end == "was not through after 0 s"


def test_it_says_all_and_does_not_end(fake, monkeypatch):
    monkeypatch.setattr(program, "_LIMIT_OF_END_S", 0.1)
    told, _ = tell(fake("tell(); os.close(1); sys.stdin.read()"))
    assert told.end == "said all, but did not end in 0 s"
    assert told.count(OK) == len(STEPS)


def test_it_is_gone_when_the_broker_is_back(fake):
    told, restarts = tell(fake("os.close(0); say('restart')"))
    assert (told.end, restarts) == ("ended while the broker was restarted", 1)


@pytest.mark.parametrize("ending", ["say('good morning'); signal.pause()", "tell()"], ids=["badly", "well"])
def test_what_it_has_started_ends_with_it(fake, tmp_path, ending):
    os.mkfifo(tmp_path / "alive")
    reader = os.open(tmp_path / "alive", os.O_RDONLY | os.O_NONBLOCK)
    try:
        tell(
            fake(f"""
with open({str(tmp_path / "alive")!r}, "w") as alive:
    subprocess.Popen(["sh", "-c", "echo here; read -r answer < /dev/zero"], stdout=alive)
{ending}
""")
        )
        left = b""
        while select.select([reader], [], [], 10)[0] and (more := os.read(reader, 100)):
            left += more
        # Nobody has it open for writing any more: else the last look would have waited in vain.
        assert select.select([reader], [], [], 0)[0]
        assert left in (b"here\n", b"")
    finally:
        os.close(reader)
