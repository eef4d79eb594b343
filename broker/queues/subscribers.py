"""Subscribers: who takes messages from one queue, and whose turn it is.

Round robin, exact to the message: after m messages to k subscribers with room the next one begins with the m-mod-k-th.
It is dealt in batches all the same: of a run of messages the i-th subscriber gets every k-th, from the i-th on.
"""

from collections import deque
from typing import TYPE_CHECKING, Protocol

from broker.message import Message

if TYPE_CHECKING:
    from broker.turn import Turn


class Subscriber(Protocol):
    """A consumer, as its queue sees it."""

    exclusive: bool

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
    """In the order of their turns: the first is next."""

    __slots__ = ("rotation",)

    def __init__(self) -> None:
        self.rotation: deque[Subscriber] = deque()

    def __len__(self) -> int:
        return len(self.rotation)

    def add(self, subscriber: Subscriber) -> None:
        self.rotation.append(subscriber)

    def remove(self, subscriber: Subscriber) -> None:
        self.rotation.remove(subscriber)

    def has_exclusive(self) -> bool:
        return any(subscriber.exclusive for subscriber in self.rotation)

    def with_room(self, wanted: int) -> tuple[list[Subscriber], int]:
        """Those that can take a message now, in turn, and how many each of them may be given.

        As soon as one shares its room with others, each may be given but one before the question is asked again.
        """
        if len(self.rotation) == 1:
            subscriber = self.rotation[0]
            room = subscriber.room()
            return ([subscriber], min(room, wanted)) if room > 0 else ([], 0)
        found = []
        least = wanted
        for subscriber in self.rotation:
            room = subscriber.room()
            if room > 0:
                found.append(subscriber)
                if subscriber.shares_room:
                    return [found[0]], 1
                least = min(least, room)
        return found, least

    def served(self, last: Subscriber) -> None:
        """``last`` was given a message and goes to the end, with all who stood before it."""
        rotation = self.rotation
        if len(rotation) > 1:
            rotation.rotate(-1 - rotation.index(last))
