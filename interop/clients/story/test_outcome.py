"""What is heard of a story: lines, masks, and what may not be."""

from __future__ import annotations

import pytest

from interop.clients.story.outcome import CANNOT, FAILED, LEFT_OUT, OK, BadLine, Told, complaints, differing, masked
from interop.clients.story.steps import STEPS


def told(**steps: str) -> Told:
    """All held, but for these."""
    found = Told()
    for step in STEPS:
        for line in steps.get(step, "ok").split("; "):
            kind, _, words = line.partition(" ")
            found.hear(f"{kind} {step} {words}")
    return found


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("refused by 127.0.0.1:41234 just now", "refused by 127.0.0.1:PORT just now"),
        ("('127.0.0.1', 41234)", "('127.0.0.1', PORT)"),
        ("localhost:5672", "localhost:PORT"),
        ("[::1]:5672, [::1]:5673", "[::1]:PORT, [::1]:PORT"),
        ("queue 'amq.gen-JzTY20BRgKO-HjmUJj0wLg' is", "queue 'amq.gen-NAME' is"),
        ("tag amq.ctag-a1_B2", "tag amq.ctag-NAME"),
        ("<Channel object at 0x7f3a2c0d1e50>", "<Channel object at ADDRESS>"),
        ("request 123e4567-e89b-12d3-a456-426614174000", "request UUID"),
        # What is no chance stays: codes, lengths, names of one's own.
        (
            "406 PRECONDITION_FAILED - received '20', current '10'",
            "406 PRECONDITION_FAILED - received '20', current '10'",
        ),
        ("10.0.0.7:5672 of amq.generated and 0xff", "10.0.0.7:5672 of amq.generated and 0xff"),
    ],
)
def test_what_is_chance_is_masked_and_nothing_else(words, expected):
    assert masked(words) == expected


def test_words_are_masked_as_they_are_heard():
    heard = Told()
    heard.hear("saw connect refused by 127.0.0.1:1\n")
    heard.hear("saw connect twice\n")
    heard.hear("failed connect at 0x0123456789\n")
    assert heard.words == {"connect": ["refused by 127.0.0.1:PORT", "twice"]}
    assert heard.ends == {"connect": (FAILED, "at ADDRESS")}


@pytest.mark.parametrize(
    "line",
    ["", "hello", "ok", "ok dance", "OK connect", "saw", "saw dance with me", "okconnect", "left out connect"],
)
def test_what_is_no_line_of_a_story_is_refused(line):
    with pytest.raises(BadLine, match=f"^{line}$"):
        Told().hear(line)


@pytest.mark.parametrize("line", ["ok connect", "failed connect again", "saw connect too late"])
def test_a_step_ends_once(line):
    heard = Told()
    heard.hear("ok connect")
    with pytest.raises(BadLine):
        heard.hear(line)


def test_steps_are_counted_by_how_they_ended():
    heard = told(rpc="failed no reply", quorum="cannot none", transactions="cannot none")
    heard.ends.pop("close")
    assert [heard.count(kind) for kind in (OK, FAILED, CANNOT, LEFT_OUT)] == [len(STEPS) - 4, 1, 2, 1]


def test_the_same_on_both_is_no_complaint():
    some = {"rpc": "failed no reply", "quorum": "cannot none", "returns": "saw 312; ok"}
    assert complaints(told(**some), told(**some)) == {}


@pytest.mark.parametrize(
    ("ours", "its", "expected"),
    [
        ("failed no reply", "ok", "failed: no reply"),
        ("failed no reply", "cannot none", "failed: no reply"),
        ("cannot none", "ok", "cannot (none), but ok () on RabbitMQ"),
        ("ok", "cannot none", "ok (), but cannot (none) on RabbitMQ"),
        ("cannot none", "cannot never", "cannot (none), but cannot (never) on RabbitMQ"),
        ("saw 404 gone; ok", "saw 404 away; ok", "showed ['404 gone'], but ['404 away'] on RabbitMQ"),
        ("saw 404 gone; ok", "ok", "showed ['404 gone'], but [] on RabbitMQ"),
        ("saw a; saw b; ok", "saw b; saw a; ok", "showed ['a', 'b'], but ['b', 'a'] on RabbitMQ"),
    ],
)
def test_a_difference_is_a_complaint(ours, its, expected):
    assert complaints(told(rpc=ours), told(rpc=its)) == {"rpc": expected}


def test_what_fails_on_rabbitmq_alone_is_no_complaint():
    assert complaints(told(), told(rpc="failed no reply")) == {}


def test_without_rabbitmq_every_step_has_to_hold_or_be_impossible():
    assert complaints(told(rpc="failed no reply", quorum="cannot none"), None) == {"rpc": "failed: no reply"}


def test_a_step_that_is_left_out_is_a_complaint():
    ours, its = told(), told()
    del ours.ends["rpc"], its.ends["rpc"]
    assert complaints(ours, its) == complaints(ours, None) == {"rpc": LEFT_OUT}


def test_an_early_end_is_a_complaint_on_either_broker():
    ours, its = told(), told()
    ours.end, its.end = "ended with status 1", "ended with status 2"
    assert complaints(ours, its) == {"end on Leveret": "ended with status 1", "end on RabbitMQ": "ended with status 2"}


def test_differing_counts_the_steps_that_show_other_words():
    assert differing(told(), told()) == 0
    assert differing(told(rpc="saw a; saw b; ok", get="saw c; ok"), told(rpc="saw a; ok", close="saw d; ok")) == 3
