"""The broker these tests use: one leveret for the whole run, or whatever INTEROP_URL names (say, a RabbitMQ)."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from interop.leveret import Leveret

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def url() -> Iterator[str]:
    """The broker of all tests that leave it running."""
    if given := os.environ.get("INTEROP_URL"):
        yield given
        return
    with Leveret() as leveret:
        yield leveret.url
        # A traceback in the log is a bug of the broker, even where no client noticed.
        assert "Traceback" not in leveret.log, leveret.log


@pytest.fixture
def leveret() -> Iterator[Leveret]:
    """A broker of the test's own, to stop and to start again."""
    if "INTEROP_URL" in os.environ:
        pytest.skip("stops and restarts its broker; INTEROP_URL's is not ours to stop")
    with Leveret() as broker:
        yield broker


@pytest.fixture
def lasting(tmp_path: Path) -> Iterator[Leveret]:
    """A broker of the test's own that keeps its data over stops and kills, confirms meaning that it is on the disk."""
    if "INTEROP_URL" in os.environ:
        pytest.skip("stops and kills its broker; INTEROP_URL's is not ours to stop")
    with Leveret(0, "--data-dir", str(tmp_path / "data"), "--durability", "fsync") as broker:
        yield broker
        assert "Traceback" not in broker.log, broker.log


@pytest.fixture
def unique(request: pytest.FixtureRequest) -> Callable[[str], str]:
    """Names that no other test and no earlier run has used: ``unique("orders")``."""
    # The function's name, not the test's: pamqp refuses the brackets of a parametrised one.
    prefix = f"{request.function.__name__}-{os.getpid()}-{next(_numbers)}"
    return lambda name: f"{prefix}-{name}"
