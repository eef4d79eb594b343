"""The table as a page of Markdown, for people."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from interop.features.rows import IMPORTANCE, Row

PAGE = Path(__file__).with_name("FEATURES.md")
_HEAD = """\
# What is so, and what shows it

What matters to somebody who replaces RabbitMQ in development and tests, whether it must be so, should, or would be
nice, and the tests that show it. Names like `ttl/by-queue` are conversations that were held with RabbitMQ, too, and
compared (`interop/conformance/`). Made by `python -m interop.features` from `table.txt`; a test keeps it so.
"""


def page(rows: list[Row]) -> str:
    parts = [_HEAD, _summary(rows)]
    for section, its_rows in groupby(rows, key=lambda row: row.section):
        lines = [f"## {section}\n", "| | what | shown by |", "|---|---|---|"]
        lines += [f"| {IMPORTANCE[row.importance]} | {_cell(row.text)} | {_shown_by(row)} |" for row in its_rows]
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _summary(rows: list[Row]) -> str:
    lines = ["| | rows | shown | not yet |", "|---|---|---|---|"]
    for letter, word in IMPORTANCE.items():
        its_rows = [row for row in rows if row.importance == letter]
        shown = sum(bool(row.tests) for row in its_rows)
        lines.append(f"| {word} | {len(its_rows)} | {shown} | {len(its_rows) - shown} |")
    return "\n".join(lines) + "\n"


def _shown_by(row: Row) -> str:
    if not row.tests:
        return f"*not yet: {_cell(row.not_yet)}*" if row.not_yet else "*not yet*"
    return "<br>".join(map(_link, row.tests))


def _link(test: str) -> str:
    """A conversation as it is, a test by its name, linked to its file."""
    file, separator, name = test.partition("::")
    if not separator:
        return f"`{test}`"
    return f"[{Path(file).name}](../../{file}) `{name}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("*", "\\*")
