"""The accepted differences as a list to read, and how many written conversations agree, theme by theme."""

from collections import Counter
from collections.abc import Iterator

from interop.conformance import judge, record
from interop.conformance.accepted import ACCEPTED, Accepted, Case
from interop.conformance.conversations import ALL


def conversations_by_entry() -> dict[Accepted, list[str]]:
    """The names of the written conversations in which each entry explains a line, in the order they are held."""
    owners = {case: accepted for accepted in ACCEPTED for case in accepted.cases}
    found: dict[Accepted, list[str]] = {accepted: [] for accepted in ACCEPTED}
    for name, cases in _cases().items():
        for accepted in {owners[case]: None for case in cases}:
            found[accepted].append(name)
    return found


def entries() -> Iterator[str]:
    """The list with the conversations of each entry, a paragraph an entry."""
    for number, (accepted, names) in enumerate(conversations_by_entry().items(), 1):
        yield f"{number}. {accepted.name}: {accepted.reason}\n   {len(names)}: {', '.join(names)}\n"


def entries_table() -> str:
    """The list as the README shows it."""
    rows = ["| | what differs | how, and why | conversations |", "|---|---|---|---|"]
    for number, (accepted, names) in enumerate(conversations_by_entry().items(), 1):
        rows.append(f"| {number} | {accepted.name} | {accepted.reason} | {len(names)} |")
    return "\n".join(rows)


def total() -> tuple[int, int]:
    """How many conversations are written, and how many of them agree word for word."""
    return len(ALL), len(ALL) - sum(1 for cases in _cases().values() if cases)


def themes_table() -> str:
    """Written conversations by theme: how many there are, agree word for word, agree but for an entry's lines."""
    written = Counter(one.theme for one in ALL)
    other = Counter(name.partition("/")[0] for name, cases in _cases().items() if cases)
    rows = ["| theme | written | agree word for word | but for accepted lines |", "|---|---|---|---|"]
    rows += [f"| {theme} | {count} | {count - other[theme]} | {other[theme]} |" for theme, count in written.items()]
    total = written.total()
    return "\n".join([*rows, f"| all | {total} | {total - other.total()} | {other.total()} |"])


def _cases() -> dict[str, set[Case]]:
    """By conversation the cases that take part in it."""
    found: dict[str, set[Case]] = {}
    for name, lines in record.load().items():
        judge.expected(name, lines, found.setdefault(name, set()))
    return found
