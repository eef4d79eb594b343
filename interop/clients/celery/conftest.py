"""Workers for the tests of Celery, and the broker's URL where Celery looks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from interop.clients.process import Program


@pytest.fixture(scope="module", autouse=True)
def broker_url(url: str) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CELERY_BROKER_URL", url)
        yield url


@pytest.fixture
def work(broker_url: str) -> Iterator[Callable[..., Program]]:
    """Start a worker of an application by ``work("tasks", "name", "--flag")``; it ends with the test."""
    with ExitStack() as workers:
        yield lambda application, name, *flags: workers.enter_context(worker(broker_url, application, name, *flags))


def worker(url: str, application: str, name: str, *flags: str) -> Program:
    """A worker with Celery's defaults, but of two processes: the default is one a core."""
    return Program(
        "celery", "-A", f"interop.clients.celery.{application}", "worker", "--loglevel", "INFO", "--hostname",
        f"{name}@localhost", "--concurrency", "2", *flags,
        ready=f"{name}@localhost ready.", environment={"CELERY_BROKER_URL": url},
    )  # fmt: skip
