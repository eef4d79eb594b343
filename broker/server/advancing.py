"""Advancing: moves a virtual clock, from one deadline to the next, and waits until all is done that was due at each."""

from collections.abc import Callable

import trio

from broker.server.clocks import VirtualClock
from broker.server.shell import Shell

# A deadline that a tick does not clear would stop the clock for ever.
_SHORTEST_STEP_S = 0.001


class Advancing:
    """One broker's clock, and the shell that works under it."""

    __slots__ = ("_clock", "_one_at_a_time", "_shell")

    def __init__(self, clock: VirtualClock, shell: Shell) -> None:
        self._clock = clock
        self._shell = shell
        self._one_at_a_time = trio.Lock()

    async def advance(self, seconds: float, *, peers: bool) -> None:
        """See ``Broker.advance``."""
        clock, shell = self._clock, self._shell
        async with self._one_at_a_time:
            # What clients have sent until now came before.
            await self._settled()
            until = clock.now + seconds
            last = None
            while (deadline := self._next_deadline(peers=peers)) <= until:
                now = max(deadline, clock.now)
                if now == last:
                    now = min(now + _SHORTEST_STEP_S, until)
                clock.move_to(now, peers=peers)
                shell.act(shell.node.tick)
                await self._settled()
                if now == last:
                    break
                last = now
            clock.move_to(until, peers=peers)

    def _next_deadline(self, *, peers: bool) -> float:
        """On the clock that moves; infinity for none."""
        node, clock = self._shell.node, self._clock
        deadlines = [node.next_deadline()]
        if peers and (deadline := node.next_peer_deadline()) is not None:
            deadlines.append(clock.now + deadline - clock.peer())
        return min((deadline for deadline in deadlines if deadline is not None), default=float("inf"))

    async def _settled(self) -> None:
        """Until the broker has read all that is in its sockets, and has nothing left to do, on the disk neither.

        Every other task of the same trio program has then done what it could, too: a client there has read what it was
        sent, and answered.
        """
        # Here, as trio.testing imports all of pytest: 10 MB and 0.1 s of every start.
        from trio.testing import wait_all_tasks_blocked

        while True:
            await wait_all_tasks_blocked()
            if not self._shell.on_disk:
                return
            await self._shell.disk_idle()


def real_deadline(shell: Shell, clock: VirtualClock) -> Callable[[], float | None]:
    """The next moment, on trio's clock, that comes by itself: only peers have such."""

    def next_deadline() -> float | None:
        deadline = shell.node.next_peer_deadline()
        return None if deadline is None else deadline - clock.peers_ahead

    return next_deadline
