"""Committer: one thread for the broker's life that writes and syncs each batch, and wakes the node when it is done.

A thread of its own and ``run_sync_soon`` take 60 µs there and back; ``to_thread.run_sync`` takes 165 (measured, two
shared cores). One batch is under way at a time, so the queue never holds two.
"""

import logging
import threading
from contextlib import suppress
from queue import SimpleQueue

import trio

from broker.server.shell import Shell
from broker.store.committing import Batch
from broker.turn import Turn

log = logging.getLogger("leveret")


class CommitterFailed(Exception):
    """A batch ended with something other than an OSError, a bug of ours: what it carried must not be taken for safe."""

    def __init__(self) -> None:
        super().__init__("internal error in the committer: nothing can be written any more, so the broker stops")


class Committer:
    """The thread begins with the first batch; ``finish`` waits for the one under way and ends it.

    ``failure`` is what has ended the thread too early; None when all is well.
    """

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._batches: SimpleQueue[Batch | None] = SimpleQueue()
        self._token = trio.lowlevel.current_trio_token()
        self._thread: threading.Thread | None = None
        self._idle = trio.Event()
        self._idle.set()
        self.failure: CommitterFailed | None = None
        self._failed = trio.Event()
        shell.commit = self._commit

    def _commit(self, batch: Batch) -> None:
        if self._thread is None:
            # A daemon: a disk that never answers must not keep the process from ending.
            self._thread = threading.Thread(target=self._work, name="leveret committer", daemon=True)
            self._thread.start()
        self._idle = trio.Event()
        self._batches.put(batch)

    def _work(self) -> None:
        # When the broker has ended, nobody is there to be told.
        with suppress(trio.RunFinishedError):
            while (batch := self._batches.get()) is not None:
                try:
                    batch.perform()
                except Exception as error:
                    # Only OSErrors are expected, and those it keeps.
                    log.exception("internal error in the committer; the broker stops")
                    self._token.run_sync_soon(self._fail, error)
                    return
                self._token.run_sync_soon(self._done, batch)

    def _fail(self, error: Exception) -> None:
        self.failure = CommitterFailed()
        self.failure.__cause__ = error
        self._idle.set()
        self._failed.set()

    async def end_with(self, everything: trio.CancelScope) -> None:
        """Cancel everything when the thread has failed: clients would wait for confirms for ever."""
        await self._failed.wait()
        everything.cancel()

    def _done(self, batch: Batch) -> None:
        self._idle.set()

        def tell(turn: Turn) -> None:
            self._shell.node.batch_done(batch, turn)

        self._shell.disk_done(tell)

    async def finish(self) -> None:
        """Until no batch is under way, none of those that the end of one brings either."""
        while not self._idle.is_set():
            await self._idle.wait()
        self._batches.put(None)
