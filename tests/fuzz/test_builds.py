"""What compares both builds: its inputs come out the same again, and a difference is told."""

from itertools import islice

import pytest

from protocol.native.record import Built, state
from tests.fuzz import builds, outcomes
from tests.fuzz.inputs import Inputs


@pytest.mark.parametrize("kind", outcomes.KINDS)
def test_the_inputs_of_a_seed_are_always_the_same(kind):
    first, again, other = (list(islice(Inputs(kind, seed).endless(), 20)) for seed in (1, 1, 2))
    assert first == again != other
    assert len({outcomes.digest(outcomes.of(kind, data)) for data in first}) > 1


def test_a_refusal_says_the_same_wherever_its_objects_lie():
    assert "0x" not in outcomes.of("node", b"\4\0\1\0\0\0\0\0\4\0\x0a\0\x32\xce")


def test_where_the_builds_differ_it_says_how(monkeypatch, capsys):
    def ask(build, kind, seed, count, *number):
        if number:
            return f"00\nwhat {build} does".encode()
        odd = bytes(outcomes.DIGEST_BYTES) if build == "plain" else b"\1" * outcomes.DIGEST_BYTES
        return bytes(outcomes.DIGEST_BYTES) * (count - 1) + odd

    monkeypatch.setattr(builds, "_ask", ask)
    monkeypatch.setattr(builds, "state", lambda: Built.FRESH)
    assert builds.main(["runs", "--executions", "5"]) == 1
    said = capsys.readouterr().out
    assert "input 4, plain:\n00\nwhat plain does" in said
    assert "what compiled does" in said


def test_where_nothing_is_compiled_there_is_nothing_to_compare(monkeypatch):
    monkeypatch.setattr(builds, "state", lambda: Built.ABSENT)
    assert builds.main([]) == 2
    assert builds.main(["--or-skip"]) == 0


@pytest.mark.skipif(state() is not Built.FRESH, reason="nothing is compiled: python setup.py build_ext --inplace")
def test_both_builds_agree_on_a_few():
    assert builds.main(["--executions", "200"]) == 0
