"""DiskReader: reads the blocks that queues and streams wait for, in threads, a few at a time.

A block of 256 KiB holds some 2,600 small messages, so the 150 µs of a thread's hop cost 0.06 µs a message.
"""

import trio

from broker.server.shell import Shell
from broker.turn import Read, Turn

# Enough to keep a disk busy; more would only take memory.
_AT_A_TIME = 4


class DiskReader:
    """``tasks`` lives as long as the node."""

    def __init__(self, shell: Shell, tasks: trio.Nursery) -> None:
        self._shell = shell
        self._tasks = tasks
        self._limiter = trio.CapacityLimiter(_AT_A_TIME)
        shell.read = self._start

    def _start(self, read: Read) -> None:
        self._tasks.start_soon(self._read, read)

    async def _read(self, read: Read) -> None:
        await trio.to_thread.run_sync(read.block.perform, limiter=self._limiter)

        def tell(turn: Turn) -> None:
            read.then(read.block, turn)

        self._shell.disk_done(tell)
