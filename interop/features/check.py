"""Holds the table against the tests there are: what is wrong with it, one sentence each."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from interop.features.rows import Row, matching

_ROOT = Path(__file__).parents[2]


class CollectionFailed(Exception):
    """pytest could not collect the tests; carries what it said."""


def collect() -> list[str]:
    """The ids of all the project's tests. Takes some seconds. Raises CollectionFailed."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"],
        cwd=_ROOT, capture_output=True, text=True, check=False,
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")},
    )  # fmt: skip
    if done.returncode:
        raise CollectionFailed(done.stdout[-4000:] + done.stderr[-2000:])
    return [line for line in done.stdout.splitlines() if "::" in line]


def complaints(rows: list[Row], ids: list[str]) -> Iterator[str]:
    """Rows that must have a test and have none, tests that do not exist, rows that stand there twice."""
    seen = set()
    for row in rows:
        where = f"{row.section}: {row.text}"
        if (row.section, row.text) in seen:
            yield f"{where}: stands there twice"
        seen.add((row.section, row.text))
        if row.wanted and not row.tests:
            yield f"{where}: no test shows it"
        if row.not_yet and row.tests:
            yield f"{where}: has tests and is not yet so"
        for test in row.tests:
            if not matching(test, ids):
                yield f"{where}: there is no test {test}"
