"""Reads ``table.txt``: sections, their rows with how much they matter, and the tests named under each.

A line that begins with ``#`` opens a section. A row is a letter (M must, S should, n nice) and what is to be so. Under
it stand the tests that show it, indented, one a line: ``theme/name`` is a conversation of ``interop.conformance``,
anything else a test as pytest names it. A test without its parameters means all of them, and a ``*`` at the end all
that begin so. ``not yet:`` and a reason stand there instead, where it is not so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

TABLE = Path(__file__).with_name("table.txt")
IMPORTANCE = {"M": "must", "S": "should", "n": "nice"}
_CONVERSATION = "interop/conformance/test_conformance.py::test_conversation"
_NOT_YET = "not yet: "


@dataclass
class Row:
    section: str
    importance: str
    text: str
    tests: list[str] = field(default_factory=list)
    not_yet: str = ""

    @property
    def wanted(self) -> bool:
        """Whether it has to have a test."""
        return self.importance != "n" and not self.not_yet


class BadTable(ValueError):
    """A line that is neither a section nor a row nor a test; carries its number and text."""


def read(text: str) -> list[Row]:
    """Raises BadTable."""
    rows: list[Row] = []
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("# "):
            section = line[2:]
        elif line.startswith("  ") and rows:
            _add(rows[-1], line.strip())
        elif line[:1] in IMPORTANCE and line[1:2] == " " and section:
            rows.append(Row(section, line[0], line[2:]))
        elif line:
            raise BadTable(f"line {number}: {line}")
    return rows


def _add(row: Row, line: str) -> None:
    if line.startswith(_NOT_YET):
        row.not_yet = line.removeprefix(_NOT_YET)
    else:
        row.tests.append(line)


def matching(test: str, ids: list[str]) -> list[str]:
    """Of pytest's ids those that a line of the table names."""
    exact = test if "::" in test else f"{_CONVERSATION}[{test}]"
    if test.endswith("*"):
        begin = exact.partition("*")[0]
        return [each for each in ids if each.startswith(begin)]
    return [each for each in ids if each == exact or each.startswith(f"{exact}[")]
