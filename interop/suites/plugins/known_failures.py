"""A pytest plugin: tests that are known to fail get little time, as most of them fail by waiting for what never comes.

$SUITE_KNOWN_FAILURES holds them, as in suites.py: ``function`` or ``Class::function``, separated by spaces. On a broker
that has what they need the slowest is done in half a second, so one that passes by now still shows itself.
"""

from __future__ import annotations

import os

import pytest

_TIMEOUT_S = 5


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    known = os.environ["SUITE_KNOWN_FAILURES"].split()
    for item in items:
        if item.nodeid.partition("[")[0].endswith(tuple(f"::{entry}" for entry in known)):
            # The function alone: an alarm while pytest writes down the failure, which takes seconds on a busy machine,
            # would be the end of the whole run.
            item.add_marker(pytest.mark.timeout(_TIMEOUT_S, func_only=True))
