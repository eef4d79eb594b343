"""Dramatiq's workers come and go: a backlog with priorities, one killed at work."""

import pytest

from interop.clients.dramatiq.conftest import worker
from interop.clients.dramatiq.looking import lines, waiting
from interop.clients.process import INSTALL, eventually

pytest.importorskip("dramatiq", reason=INSTALL)


def test_the_highest_priority_is_done_first(actors, path, url):
    for number, priority in enumerate([0, 9, 3, 9, 0, 5, 10]):
        actors.write.send_with_options(args=(str(path), f"{priority} {number}"), broker_priority=priority)
    with worker(url, "--threads", "1"):
        eventually(lambda: len(lines(path)) == 7, "all lines")
    assert lines(path) == ["10 6", "9 1", "9 3", "5 5", "3 2", "0 0", "0 4"]


def test_a_killed_workers_message_is_done_by_another(actors, path, url):
    # A worker here is killed at the end of its block.
    with worker(url):
        actors.write.send_with_options(args=(str(path), "delayed"), delay=2000)
        eventually(lambda: waiting(url, "warren.DQ") == 0, "the worker to hold it")
    assert lines(path) == []
    with worker(url):
        eventually(lambda: lines(path) == ["delayed"], "another worker to do it")
