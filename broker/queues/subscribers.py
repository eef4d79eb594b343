"""Subscribers: who takes messages from one queue, and whose turn it is.

Round robin, exact to the message: after m messages to k subscribers with room the next one begins with the m-mod-k-th.
It is dealt in batches all the same: of a run of messages the i-th subscriber gets every k-th, from the i-th on.

Who was found without room is not asked again before ``reconsider``, so that a message costs the same with ten
thousand busy workers as with ten.
"""

from bisect import bisect_left, insort
from collections import OrderedDict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from broker.message import Message

if TYPE_CHECKING:
    from broker.turn import Turn


class Subscriber(Protocol):
    """A consumer, as its queue sees it."""

    exclusive: bool
    # What it is given is done with at once.
    no_ack: bool
    # The higher, the sooner served.
    priority: int
    # Whoever has the same one is to be given messages in the queue's order (AMQP 0-9-1, section 4.7: on one channel).
    lane: object

    @property
    def shares_room(self) -> bool:
        """Whether taking a message may also use up another subscriber's room (a limit of their channel)."""

    @property
    def outstanding(self) -> int:
        """How many messages it was given and has not settled."""

    def room(self) -> int:
        """How many messages it can take now."""

    def deliver(self, messages: list[Message], sequence: int, step: int, redelivered: bool) -> None:
        """Take messages; the first one's number in the queue is ``sequence``, each next one's ``step`` higher."""

    def queue_gone(self, turn: "Turn") -> None:
        """The queue was deleted."""


# Linked, since whoever is served goes from the front to the end: a dict's front fills with holes.
Rotation = OrderedDict[Subscriber, None]


class Subscribers:
    """One rotation for each priority, the highest first; in a rotation the first subscriber is next.

    A lower priority gets only what no higher one has room for (https://www.rabbitmq.com/docs/consumer-priority).
    """

    __slots__ = ("_in_rotation", "_levels", "_rotations")

    def __init__(self) -> None:
        # All of them, in the order they came; False for those without room, who stand in no rotation.
        self._in_rotation: dict[Subscriber, bool] = {}
        self._rotations: dict[int, Rotation] = {}
        # The negated priorities that have a rotation, so the highest priority first.
        self._levels: list[int] = []

    def __len__(self) -> int:
        return len(self._in_rotation)

    def __iter__(self) -> Iterator[Subscriber]:
        return iter(self._in_rotation)

    def has_exclusive(self) -> bool:
        """An exclusive subscriber never has company."""
        return len(self) == 1 and next(iter(self)).exclusive

    def add(self, subscriber: Subscriber) -> None:
        self._in_rotation[subscriber] = False
        self.reconsider(subscriber)

    def remove(self, subscriber: Subscriber) -> None:
        if self._in_rotation[subscriber]:
            self._set_aside(subscriber)
        del self._in_rotation[subscriber]

    def reconsider(self, subscriber: Subscriber) -> None:
        """It may have room again. One that was set aside goes to the end, as in RabbitMQ; one that left stays away."""
        if self._in_rotation.get(subscriber) is False:
            self._in_rotation[subscriber] = True
            priority = subscriber.priority
            rotation = self._rotations.get(priority)
            if rotation is None:
                rotation = self._rotations[priority] = OrderedDict()
                insort(self._levels, -priority)
            rotation[subscriber] = None

    def _set_aside(self, subscriber: Subscriber) -> None:
        self._in_rotation[subscriber] = False
        priority = subscriber.priority
        rotation = self._rotations[priority]
        del rotation[subscriber]
        if not rotation:
            del self._rotations[priority]
            del self._levels[bisect_left(self._levels, -priority)]

    def with_room(self, wanted: int) -> tuple[list[Subscriber], int]:
        """Those who are to be given a message now, in turn, and how many each: ``wanted`` at most in all.

        All are of one priority. One that shares its room with others is given one message by itself, before the
        question is asked again.
        """
        while self._levels:
            takers, each = self._ask(self._rotations[-self._levels[0]], wanted)
            if takers:
                return takers, each
        return [], 0

    def _ask(self, rotation: Rotation, wanted: int) -> tuple[list[Subscriber], int]:
        takers: list[Subscriber] = []
        full: list[Subscriber] = []
        least = wanted
        for subscriber in rotation:
            room = subscriber.room()
            if room <= 0:
                full.append(subscriber)
                continue
            if subscriber.shares_room:
                least = 1
                if takers:
                    break  # those before it take one each, then it is next
                wanted = 1
            takers.append(subscriber)
            least = min(least, room)
            if len(takers) == wanted:
                break
        for subscriber in full:
            self._set_aside(subscriber)
        if len(takers) > 1:
            one_each = len({taker.lane for taker in takers}) < len(takers)
            least = 1 if one_each else min(least, wanted // len(takers))
        return takers, least

    def served(self, takers: list[Subscriber]) -> None:
        """Who was given messages goes to the end, in this order."""
        rotation = self._rotations[takers[0].priority]
        for subscriber in takers:
            rotation.move_to_end(subscriber)


class SingleActive(Subscribers):
    """Only one subscriber, the active one, is given anything; the others wait for it to go.

    The first who came is the active one; when it goes, the one of the highest priority that came first. ``yields``: it
    goes, too, when one of a higher priority comes, as soon as it has settled all it was given, and of equals the one
    that may hold more follows (quorum queues of RabbitMQ 4.0: rabbit_fifo:sort_waiting/1). Source: https://www.rabbitmq.com/docs/consumers#single-active-consumer
    """

    __slots__ = ("_active", "_yields")

    def __init__(self, *, yields: bool) -> None:
        super().__init__()
        self._active: Subscriber | None = None
        self._yields = yields

    @property
    def active(self) -> Subscriber | None:
        """The one that is served."""
        return self._active

    def add(self, subscriber: Subscriber) -> None:
        self._in_rotation[subscriber] = False
        if self._active is None:
            self._activate(subscriber)
        else:
            self._hand_over()

    def remove(self, subscriber: Subscriber) -> None:
        super().remove(subscriber)
        if subscriber is self._active:
            self._active = None
            if self._in_rotation:
                self._activate(self._next())

    def reconsider(self, subscriber: Subscriber) -> None:
        if subscriber is self._active:
            super().reconsider(subscriber)
            self._hand_over()

    def _next(self) -> Subscriber:
        return max(self._in_rotation, key=_claim if self._yields else _priority_of)

    def _activate(self, subscriber: Subscriber) -> None:
        self._active = subscriber
        super().reconsider(subscriber)

    def _hand_over(self) -> None:
        """To one of a higher priority, if there is any: the active one is given no more until it has settled all."""
        active = self._active
        if not self._yields or active is None or self._next().priority <= active.priority:
            return
        if self._in_rotation[active]:
            self._set_aside(active)
        if not active.outstanding:
            self._activate(self._next())


def _priority_of(subscriber: Subscriber) -> int:
    return subscriber.priority


def _claim(subscriber: Subscriber) -> tuple[int, int]:
    return subscriber.priority, subscriber.room()
