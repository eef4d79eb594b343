"""What a suite's run came to, read from pytest's JUnit report, and how that differs from what is expected."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"


class Outcome:
    """Each test's result by name, and for the failed ones the first lines of what went wrong."""

    def __init__(self, results: dict[str, str], messages: dict[str, str]) -> None:
        self.results = results
        self.messages = messages

    def count(self, result: str) -> int:
        return Counter(self.results.values())[result]

    def failures(self) -> list[str]:
        return [name for name, result in self.results.items() if result == FAILED]


class Verdict:
    """Failures by whether the list knows them, and what on the list no longer fails or no longer exists."""

    def __init__(self, outcome: Outcome, known: Mapping[str, str]) -> None:
        self.known = [name for name in outcome.failures() if _entry(name, known)]
        self.unexpected = [name for name in outcome.failures() if not _entry(name, known)]
        matched = {name: entry for name in outcome.results if (entry := _entry(name, known))}
        self.outlived = [name for name in matched if outcome.results[name] == PASSED]
        self.outlived += [entry for entry in known if entry not in matched.values()]


def read_report(path: Path) -> Outcome:
    """Read a JUnit report. A test that passed but whose teardown failed stands in it twice: it counts as failed."""
    results: dict[str, str] = {}
    messages: dict[str, str] = {}
    for case in ET.parse(path).iter("testcase"):
        name = f"{case.get('classname')}::{case.get('name')}"
        problem = next((child for child in case if child.tag in {"failure", "error"}), None)
        if problem is not None:
            results[name] = FAILED
            messages.setdefault(name, problem.get("message", ""))
        elif results.get(name) != FAILED:
            results[name] = SKIPPED if case.find("skipped") is not None else PASSED
    return Outcome(results, messages)


def _entry(name: str, known: Mapping[str, str]) -> str | None:
    """The list's entry for a test: ``function`` or ``Class::function``, whatever the parameters."""
    function = name.partition("[")[0]
    return next((entry for entry in known if function.endswith((f"::{entry}", f".{entry}"))), None)
