"""The one task that measures: what memory the process takes up, and what is free on the data directory's disk."""

import os
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

import trio

from broker.alarms import Alarms
from broker.server.memory import give_back_unused_memory, process_memory_bytes
from broker.server.shell import Shell
from broker.turn import Turn

_T = TypeVar("_T")
_LOOK_S = 1.0
# The disk is looked at more seldom the more is free: no faster than this it fills up.
_DISK_BYTES_S = 1e9
_DISK_SELDOM_S = 10.0


async def watch(shell: Shell, alarms: Alarms, folder: str | None) -> None:
    """Measure for ever; a turn is run where it makes a difference. ``folder`` is on the disk; None where there is none.

    What cannot be measured is taken for enough.
    """
    until_disk_s = 0.0
    while True:
        alarms.process_takes(process_memory_bytes())
        if alarms.process_bytes > alarms.process_limit_bytes:
            # It is not Python's to give back what the allocator keeps: after messages of 1,000 bytes 145 MB stayed, of
            # which this gave back 104. It takes milliseconds, all others waiting.
            await _in_thread(give_back_unused_memory)
        until_disk_s -= _LOOK_S
        if folder is not None and until_disk_s <= 0:
            alarms.disk_free_bytes = await _in_thread(lambda: free_bytes(folder))
            until_disk_s = _until_next(alarms)
        if alarms.would_change:
            shell.act(_nothing)
        await trio.sleep(_LOOK_S)


def free_bytes(folder: str) -> int | None:
    """What others than root may still write there; None where that cannot be known. May block."""
    with suppress(OSError, AttributeError):
        found = os.statvfs(folder)
        return found.f_bavail * found.f_frsize
    return None


def _until_next(alarms: Alarms) -> float:
    above = (alarms.disk_free_bytes or 0) - alarms.disk_free_limit_bytes
    return 0.0 if alarms.disk else min(max(above, 0) / _DISK_BYTES_S, _DISK_SELDOM_S)


async def _in_thread(work: Callable[[], _T]) -> _T:
    # A disk that never answers must not keep the broker from ending.
    return await trio.to_thread.run_sync(work, abandon_on_cancel=True)


def _nothing(_turn: Turn) -> None:
    """The end of each turn looks at the alarms."""
