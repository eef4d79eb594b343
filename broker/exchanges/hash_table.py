"""Which destination a hash belongs to: a table of slots that destinations take in turns (Maglev hashing).

What the table holds depends on the destinations' names and weights only, not on the order in which they came or on
which others were there before: so it is the same after a restart. Source: Eisenbud and others, "Maglev: A Fast and
Reliable Software Network Load Balancer", 2016, section 3.4; the turns are weighted here.
"""

from collections.abc import Iterable
from heapq import heapify, heapreplace
from typing import Any, Final

from broker.exchanges.choice import hash_of

# Primes. Destinations take whole slots: of 10, each has 1,638 or 1,639 of the small table. It takes 20 ms to fill, the
# large one 0.5 s; where one takes the place of the other, most keys move.
_SLOTS: Final = 16_381
_MANY_SLOTS: Final = 262_139
# From so many destinations on, one slot more or less would be above 5 %.
_MANY: Final = 800

Weighted = tuple[str, Any, int]


def fill(destinations: Iterable[Weighted]) -> list[Any]:
    """The slots for destinations given with a name that no other has, and a weight of 1 or more. At least one is given.

    Each destination prefers slots in an order of its own, and takes the first that is free whenever it is its turn;
    turns come as often as its weight says. So one that goes leaves its slots to all others evenly, and few others move.
    """
    takers = sorted(destinations)
    size = _SLOTS if len(takers) < _MANY else _MANY_SLOTS
    slots: list[Any] = [None] * size
    at = [hash_of(b"offset" + name.encode()) % size for name, _, _ in takers]
    steps = [hash_of(b"step" + name.encode()) % (size - 1) + 1 for name, _, _ in takers]
    turns = [(0.0, number) for number in range(len(takers))]
    heapify(turns)
    for _ in range(size):
        time, taker = turns[0]
        _, destination, weight = takers[taker]
        slot, step = at[taker], steps[taker]
        while slots[slot] is not None:
            slot += step
            if slot >= size:
                slot -= size
        slots[slot] = destination
        at[taker] = slot
        heapreplace(turns, (time + 1 / weight, taker))
    return slots
