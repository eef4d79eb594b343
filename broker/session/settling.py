"""Settling: what happens to deliveries that a client acked, sent back or refused, or that a channel left behind.

Deliveries of one consumer mostly stand next to each other, so each step is taken once for such a group.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from broker.queues.ready import Entry
from broker.session.unsettled import Delivery

if TYPE_CHECKING:
    from broker.turn import Turn

_holder_of = itemgetter(0)


def settle(deliveries: Iterable[Delivery], turn: "Turn") -> None:
    """Done with: acked."""
    sequences: list[int] = []
    last: Any = None
    for holder, sequence, _ in deliveries:
        if holder is not last:
            if sequences:
                last.settled(len(sequences), turn)
                last.queue.settle(sequences, turn)
                sequences = []
            last = holder
        sequences.append(sequence)
    if sequences:
        last.settled(len(sequences), turn)
        last.queue.settle(sequences, turn)


def discard(deliveries: Iterable[Delivery], turn: "Turn") -> None:
    """Refused for good: dead letters, where the queue has a place for them."""
    for holder, entries in _by_holder(deliveries):
        holder.settled(len(entries), turn)
        holder.queue.discard(entries, turn)


def requeue(deliveries: Iterable[Delivery], turn: "Turn") -> None:
    """Back to their old places in their queues, having failed."""
    for holder, entries in _by_holder(deliveries):
        holder.settled(len(entries), turn)
        holder.queue.put_back(entries, turn)


def recall(deliveries: Iterable[Delivery], turn: "Turn") -> None:
    """The same because their channel ended."""
    for holder, entries in _by_holder(deliveries):
        holder.settled(len(entries), turn)
        holder.queue.put_back(entries, turn, ended=True)


def give_back(deliveries: Iterable[Delivery], turn: "Turn") -> None:
    """The same without having failed."""
    for holder, entries in _by_holder(deliveries):
        holder.settled(len(entries), turn)
        holder.queue.put_back(entries, turn, failed=False)


def _by_holder(deliveries: Iterable[Delivery]) -> Iterator[tuple[Any, list[Entry]]]:
    for holder, group in groupby(deliveries, _holder_of):
        yield holder, [(sequence, message) for _, sequence, message in group]
