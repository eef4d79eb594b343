"""Unsettled: what was delivered on one channel and not settled yet, by delivery tag.

Tags are given out in a row and mostly settled in a row, so "all up to a tag" walks the tags themselves from the lowest
one outstanding; each tag is passed once in a channel's life. (Iterating a dict from its front instead would pass over
the holes that settled tags leave there, again and again.) Where few are left of a long row, those few are sorted.
"""

from collections.abc import Sequence
from typing import Any

from broker.message import Message
from protocol.amqp.errors import precondition_failed

# The consumer (or what stands for one in a basic.get), the message's number in its queue, the message.
Delivery = tuple[Any, int, Message]
# A row this many times as long as what is outstanding costs more to walk than to sort what there is.
_SPARSE = 4


class Unsettled:
    """``next_tag`` is the tag of the next delivery; tags start at 1 and are never reset (AMQP 0-9-1, delivery-tag)."""

    __slots__ = ("by_tag", "lowest", "next_tag")

    def __init__(self) -> None:
        self.by_tag: dict[int, Delivery] = {}
        self.next_tag = 1
        # No outstanding tag is lower.
        self.lowest = 1

    def __len__(self) -> int:
        return len(self.by_tag)

    def take(self, tag: int) -> Delivery:
        """Settle one. Raises SoftError 406 where the tag is not outstanding."""
        delivery = self.by_tag.pop(tag, None)
        if delivery is None:
            raise precondition_failed(f"unknown delivery tag {tag}")
        return delivery

    def take_each(self, tags: list[int], taken: list[Delivery]) -> None:
        """Settle these, in order, into ``taken``. Raises SoftError 406 where one is not outstanding; those before it
        have been taken then.
        """
        by_tag: dict[int, Delivery] = self.by_tag
        for tag in tags:
            delivery = by_tag.pop(tag, None)
            if delivery is None:
                raise precondition_failed(f"unknown delivery tag {tag}")
            taken.append(delivery)

    def take_some_through(self, tag: int, most: int) -> list[Delivery]:
        """As ``take_through``, but perhaps only the first of them, from a row of ``most`` tags: then ``tag`` itself is
        outstanding still.
        """
        by_tag: dict[int, Delivery] = self.by_tag
        begin = self.lowest
        if tag == 0 or tag - begin >= _SPARSE * len(by_tag):
            return list(self.take_through(tag).values())
        if tag not in by_tag:
            raise precondition_failed(f"unknown delivery tag {tag}")
        self.lowest = end = min(tag + 1, begin + most)
        return [delivery for t in range(begin, end) if (delivery := by_tag.pop(t, None)) is not None]

    def take_through(self, tag: int) -> dict[int, Delivery]:
        """Settle all up to and including ``tag``, in order, by tag; 0 means all there are.

        Raises SoftError 406 where the tag itself is not outstanding; nothing is settled then.
        """
        if tag == 0:
            return self.take_all()
        if tag not in self.by_tag:
            raise precondition_failed(f"unknown delivery tag {tag}")
        tags: Sequence[int] = range(self.lowest, tag + 1)
        if len(tags) > _SPARSE * len(self.by_tag):
            tags = sorted(t for t in self.by_tag if t <= tag)
        pop = self.by_tag.pop
        taken = {t: delivery for t in tags if (delivery := pop(t, None)) is not None}
        self.lowest = tag + 1
        return taken

    def take_all(self) -> dict[int, Delivery]:
        """Settle everything, in the order of the tags, by tag."""
        taken = {tag: self.by_tag[tag] for tag in sorted(self.by_tag)}
        self.by_tag.clear()
        self.lowest = self.next_tag
        return taken

    def put_back(self, deliveries: dict[int, Delivery]) -> None:
        """Make settled ones outstanding again (a transaction rolled back)."""
        self.by_tag.update(deliveries)
        self.lowest = min(self.lowest, *deliveries, self.next_tag)
