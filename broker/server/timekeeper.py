"""The one task that waits for time: it sleeps until the node's next deadline and ticks.

Deadlines are on trio's clock. Under a virtual clock these are the peers' alone: ``advancing`` sees to the others.
"""

import trio

from broker.server.shell import Shell

# A deadline that a tick does not clear would spin; so two ticks are never closer than a millisecond.
_SHORTEST_NAP_S = 0.001


async def keep_time(shell: Shell) -> None:
    """Tick for ever. ``Shell.run`` cuts the nap short when a turn brings an earlier deadline."""
    while True:
        deadline = shell.next_deadline()
        await _nap(shell, float("inf") if deadline is None else max(deadline, trio.current_time() + _SHORTEST_NAP_S))
        shell.act(shell.node.tick)


async def _nap(shell: Shell, until: float) -> None:
    with trio.CancelScope(deadline=until) as scope:

        def shorten(deadline: float) -> None:
            scope.deadline = shell.nap_until = deadline

        shell.nap_until = until
        shell.deadline_moved = shorten
        await trio.sleep_forever()
