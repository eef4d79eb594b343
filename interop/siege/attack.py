"""A process of hostile clients: `python -m interop.siege.attack KIND COUNT PORT TLS_PORT`. Its input says when.

``go`` begins the attack, ``halt`` ends it, and the end of the input the process. Every
connection that ends is made anew.
"""

import gc
import json
import os
import sys
import time

import trio

from interop.bench.process import allow_open_files
from interop.siege.hostile.victim import Tally, Victim
from interop.siege.kinds import KINDS, Kind

_NICE = 19
# A broker that takes no connections is asked again after this.
_REFUSED_PAUSE_S = 0.05


async def main(kind: Kind, count: int, victim: Victim) -> None:
    print("ready", flush=True)
    async with trio.open_nursery() as nursery:
        scope, tally, began = trio.CancelScope(), Tally(), 0.0
        while word := (await trio.to_thread.run_sync(sys.stdin.readline)).strip():
            if word == "go":
                scope, tally, began = trio.CancelScope(), Tally(), time.perf_counter()
                nursery.start_soon(attack, kind, count, victim, tally, scope)
            else:
                scope.cancel()
                done = {"units": tally.units, "lives": tally.lives, "ended": tally.ended}
                print(json.dumps({**done, "seconds": time.perf_counter() - began}), flush=True)
        nursery.cancel_scope.cancel()


async def attack(kind: Kind, count: int, victim: Victim, tally: Tally, scope: trio.CancelScope) -> None:
    """``count`` connections, one life after the other, until ``scope`` is cancelled."""
    with scope:
        async with trio.open_nursery() as nursery:
            for _ in range(count):
                nursery.start_soon(_live, kind, victim, tally)


async def _live(kind: Kind, victim: Victim, tally: Tally) -> None:
    while True:
        tally.lives += 1
        try:
            await kind.life(victim, tally)
        except* (OSError, trio.BrokenResourceError, trio.ClosedResourceError):
            if tally.units == 0:
                await trio.sleep(_REFUSED_PAUSE_S)
        tally.ended += 1
        # A life may end without a checkpoint.
        await trio.lowlevel.checkpoint()


def _stand_back() -> None:
    """Take only what broker and pair leave of the machine."""
    try:
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    except (AttributeError, OSError):
        # Not on every system; the next best.
        os.nice(_NICE - os.nice(0))


if __name__ == "__main__":
    name, connections, port, tls_port = sys.argv[1:]
    _stand_back()
    allow_open_files(4096)
    gc.disable()
    trio.run(main, KINDS[name], int(connections), Victim(int(port), int(tls_port)))
