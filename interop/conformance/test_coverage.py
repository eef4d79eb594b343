"""The written conversations ask for all there is, but for what is left out by name."""

import pytest

from interop.conformance import asked, coverage
from interop.conformance.__main__ import main


def test_nothing_is_missing() -> None:
    assert coverage.missing() == []


def test_what_is_left_out_is_wanted_and_met_by_none() -> None:
    assert coverage.LEFT_OUT.keys() - set(coverage.wanted()) == set()
    assert coverage.LEFT_OUT.keys() & coverage.met() == set()


def test_what_no_conversation_asks_for_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asked, "TEXTS", (*asked.TEXTS, "a text that nobody says"))
    monkeypatch.setattr(asked, "TABLES", {**asked.TABLES, "queue.declare": ("x-nobody-asks",)})
    assert coverage.missing() == ["queue.declare x-nobody-asks", "a text that nobody says"]


def test_the_command_says_what_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["coverage"]) == 0
    said = capsys.readouterr().out
    assert [name for name in coverage.LEFT_OUT if f"left out: {name}: " not in said] == []
    assert " are met by a conversation\n" in said
