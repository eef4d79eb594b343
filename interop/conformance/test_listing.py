"""The list of accepted differences: short, whole, and as the README shows it."""

import re
from pathlib import Path

import pytest

from interop.conformance import listing
from interop.conformance.__main__ import main
from interop.conformance.accepted import ACCEPTED
from interop.conformance.conversations import ALL

_README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
_MOST = 20


def test_the_list_is_short_enough_to_be_read() -> None:
    assert len(ACCEPTED) <= _MOST


def test_each_entry_has_a_name_and_a_line_of_its_own() -> None:
    assert len({accepted.name for accepted in ACCEPTED}) == len(ACCEPTED)
    cases = [case for accepted in ACCEPTED for case in accepted.cases]
    assert len({(case.conversation, case.record) for case in cases}) == len(cases)


def test_each_entry_explains_conversations() -> None:
    assert [accepted.name for accepted, names in listing.conversations_by_entry().items() if not names] == []


def test_the_readme_shows_it() -> None:
    found = re.search(r"<!-- accepted: .* -->\n\n(.*?)\n\n<!-- end of accepted -->", _README, re.DOTALL)
    assert found
    assert found[1] == listing.entries_table(), f"put this into README.md:\n{listing.entries_table()}"


def test_the_readme_counts_the_conversations() -> None:
    told = re.search(r"([\d,]+) written conversations.*?([\d,]+) agree word for word", _README, re.DOTALL)
    assert told
    assert tuple(int(number.replace(",", "")) for number in told.groups()) == listing.total()


def test_the_command_prints_the_list_and_the_themes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["accepted"]) == 0
    said = capsys.readouterr().out
    assert [accepted.name for accepted in ACCEPTED if accepted.reason not in said] == []
    assert f"| all | {len(ALL)} | " in said
    assert said.endswith(f"{len(ACCEPTED)} accepted differences\n")
