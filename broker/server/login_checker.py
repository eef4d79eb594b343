"""LoginChecker: has passwords hashed in a thread, so that whoever floods the broker with logins stalls nobody.

One thread at a time: what it computes cannot take more than one core, and waits in line. A hop costs 60 µs of latency,
which a handshake of four round trips does not notice.
"""

import trio

from broker.server.governor import NEWCOMERS, Account
from broker.server.shell import Shell
from broker.turn import Asked, Turn

# What the hop takes of the broker's own thread.
_HOP_S = 0.0001


class LoginChecker:
    """``tasks`` lives as long as the node."""

    def __init__(self, shell: Shell, tasks: trio.Nursery) -> None:
        self._shell = shell
        self._tasks = tasks
        self._limiter = trio.CapacityLimiter(1)
        self._account = Account()
        shell.check = self._start

    def _start(self, asked: Asked) -> None:
        self._tasks.start_soon(self._check, asked)

    async def _check(self, asked: Asked) -> None:
        await trio.to_thread.run_sync(asked.check.perform, limiter=self._limiter)

        def tell(turn: Turn) -> None:
            asked.then(asked.check, turn)

        governor = self._shell.governor
        waits = governor.messages_flow
        if waits:
            # What else the client has sent comes next.
            await governor.admitted(self._account, NEWCOMERS)
        try:
            with governor.charged():
                self._shell.act(tell)
        finally:
            if waits:
                governor.done()
        governor.charge(_HOP_S)
