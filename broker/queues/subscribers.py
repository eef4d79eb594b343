"""Subscribers: who takes messages from one queue, and whose turn it is.

Round robin, exact to the message: after m messages to k subscribers with room the next one begins with the m-mod-k-th.
It is dealt in batches all the same: of a run of messages the i-th subscriber gets every k-th, from the i-th on.
"""

from collections import deque
from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING, Protocol

from broker.message import Message

if TYPE_CHECKING:
    from broker.turn import Turn


class Subscriber(Protocol):
    """A consumer, as its queue sees it."""

    exclusive: bool
    # The higher, the sooner served.
    priority: int

    @property
    def shares_room(self) -> bool:
        """Whether taking a message may also use up another subscriber's room (a limit of their channel)."""

    def room(self) -> int:
        """How many messages it can take now."""

    def deliver(self, messages: list[Message], sequence: int, step: int, redelivered: bool) -> None:
        """Take messages; the first one's number in the queue is ``sequence``, each next one's ``step`` higher."""

    def queue_gone(self, turn: "Turn") -> None:
        """The queue was deleted."""


class Subscribers:
    """One rotation for each priority, the highest first; in a rotation the first subscriber is next.

    A lower priority gets only what no higher one has room for (https://www.rabbitmq.com/docs/consumer-priority).
    """

    __slots__ = ("_rotations",)

    def __init__(self) -> None:
        self._rotations: dict[int, deque[Subscriber]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._rotations.values()))

    def __bool__(self) -> bool:
        return bool(self._rotations)

    def __iter__(self) -> Iterator[Subscriber]:
        return chain.from_iterable(self._rotations.values())

    def add(self, subscriber: Subscriber) -> None:
        priority = subscriber.priority
        if priority not in self._rotations:
            rotations = {**self._rotations, priority: deque[Subscriber]()}
            self._rotations = {level: rotations[level] for level in sorted(rotations, reverse=True)}
        self._rotations[priority].append(subscriber)

    def remove(self, subscriber: Subscriber) -> None:
        rotation = self._rotations[subscriber.priority]
        rotation.remove(subscriber)
        if not rotation:
            del self._rotations[subscriber.priority]

    def has_exclusive(self) -> bool:
        return any(subscriber.exclusive for subscriber in self)

    def with_room(self, wanted: int) -> tuple[list[Subscriber], int]:
        """Those who can take a message now, in turn, and how many each of them may be given.

        All are of one priority. As soon as one shares its room with others, only one message may be given before the
        question is asked again.
        """
        for rotation in self._rotations.values():
            takers, each = _with_room(rotation, wanted)
            if takers:
                return takers, each
        return [], 0

    def served(self, last: Subscriber) -> None:
        """``last`` was given a message and goes to the end, with all who stood before it."""
        rotation = self._rotations[last.priority]
        if len(rotation) > 1:
            rotation.rotate(-1 - rotation.index(last))


def _with_room(rotation: deque[Subscriber], wanted: int) -> tuple[list[Subscriber], int]:
    if len(rotation) == 1:
        room = rotation[0].room()
        return ([rotation[0]], min(room, wanted)) if room > 0 else ([], 0)
    found = []
    least = wanted
    for subscriber in rotation:
        room = subscriber.room()
        if room > 0:
            found.append(subscriber)
            if subscriber.shares_room:
                return [found[0]], 1
            least = min(least, room)
    return found, least
