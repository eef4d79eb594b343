"""ClassicQueue: messages in order, each to one consumer, kept until it is settled. In memory, until the durable log
stands.
"""

from typing import TYPE_CHECKING, Any

from broker.message import Message
from broker.queues.ready import Entry, Ready
from broker.queues.subscribers import Subscriber, Subscribers

if TYPE_CHECKING:
    from broker.turn import Turn

# What a queued message costs beside its content: the object, its place in the deque, the bytes' own head (measured:
# 234-250 bytes in all for a 16-byte message, whose content is 46).
MESSAGE_OVERHEAD_BYTES = 200
# Deliveries are handed over in pieces of about this size, as an outbox only says that it is full afterwards; whoever
# takes part in one piece may share an outbox with all the others.
_PIECE_BYTES = 256 * 1024


class MemoryGauge:
    """What all queues of a node hold, in bytes: an estimate that costs nothing per message."""

    __slots__ = ("bytes",)

    def __init__(self) -> None:
        self.bytes = 0.0


class ClassicQueue:
    """A queue. ``held`` counts what waits and what is out with consumers, ``held_bytes`` estimates its size.

    The size of a message that leaves is taken to be the mean, so nothing is counted once a message; an empty queue
    counts 0.
    """

    def __init__(
        self,
        name: str,
        *,
        durable: bool,
        auto_delete: bool,
        exclusive_owner: object | None,
        arguments: dict[str, Any],
        gauge: MemoryGauge,
    ) -> None:
        self.name = name
        self.durable = durable
        self.auto_delete = auto_delete
        self.exclusive_owner = exclusive_owner
        self.arguments = arguments
        self.deleted = False
        self.ever_consumed = False
        self.held = 0
        self.held_bytes = 0.0
        self._ready = Ready()
        self._subscribers = Subscribers()
        self._gauge = gauge

    @property
    def message_count(self) -> int:
        """How many messages wait; those out with consumers do not count."""
        return len(self._ready)

    @property
    def consumer_count(self) -> int:
        return len(self._subscribers)

    @property
    def has_exclusive_consumer(self) -> bool:
        return self._subscribers.has_exclusive()

    # -- messages ------------------------------------------------------------------------------------------------------

    def enqueue(self, messages: list[Message], size_bytes: int, turn: "Turn") -> None:
        """Add messages at the end. ``size_bytes`` is that of their contents together."""
        count = len(messages)
        size = size_bytes + count * MESSAGE_OVERHEAD_BYTES
        self.held += count
        self.held_bytes += size
        self._gauge.bytes += size
        self._ready.push(messages)
        turn.touch(self)

    def dispatch(self, turn: "Turn", budget: int) -> int:
        """Hand waiting messages to consumers with room, in turn. See ``turn.Dispatcher``."""
        ready, subscribers = self._ready, self._subscribers
        given = 0
        if not subscribers:
            return 0
        while ready.returned or ready.fresh:
            if given >= budget:
                turn.touch(self)
                break
            wanted = 1 if ready.returned else min(self._piece(), budget - given, len(ready.fresh))
            takers, each = subscribers.with_room(wanted)
            if not takers:
                break
            if ready.returned:
                sequence, message = ready.take_returned()
                takers[0].deliver([message], sequence, 1, redelivered=True)
            else:
                self._deal(takers, each)
            subscribers.served(takers)
            given += each * len(takers)
        return given

    def _piece(self) -> int:
        return max(1, int(_PIECE_BYTES * self.held / self.held_bytes)) if self.held_bytes else 1

    def _deal(self, takers: list[Subscriber], each: int) -> None:
        ready, k = self._ready, len(takers)
        sequence = ready.head
        messages = ready.take_fresh(each * k)
        for i, taker in enumerate(takers):
            taker.deliver(messages[i::k] if k > 1 else messages, sequence + i, k, redelivered=False)

    def take(self) -> tuple[int, Message, bool] | None:
        """The next message for a basic.get: its number, itself, whether it was handed out before; None for none."""
        ready = self._ready
        if ready.returned:
            return *ready.take_returned(), True
        if not ready.fresh:
            return None
        return ready.head, ready.take_fresh(1)[0], False

    def settle(self, count: int, turn: "Turn") -> None:  # noqa: ARG002 - a durable queue will have its log to touch
        """``count`` messages that were handed out are done with. Whoever has room again for it says ``reconsider``."""
        self._let_go(count)

    def handed_over(self, count: int) -> None:
        """``count`` messages were given to a consumer that does not ack: they are done with."""
        self._let_go(count)

    def put_back(self, entries: list[Entry], turn: "Turn") -> None:
        """Messages that were handed out come back to their old places, to be redelivered."""
        if self.deleted:
            self._let_go(len(entries))
            return
        self._ready.put_back(entries)
        turn.touch(self)

    def purge(self, turn: "Turn") -> int:  # noqa: ARG002 - a durable queue will have its log to touch
        """Drop what waits; how many there were. What is out with consumers stays with them."""
        count = self._ready.clear()
        self._let_go(count)
        return count

    def _let_go(self, count: int) -> None:
        size = self.held_bytes if count >= self.held else self.held_bytes * count / self.held
        self.held -= count
        self.held_bytes -= size
        self._gauge.bytes -= size

    # -- consumers -----------------------------------------------------------------------------------------------------

    def subscribe(self, subscriber: Subscriber, turn: "Turn") -> None:
        self._subscribers.add(subscriber)
        self.ever_consumed = True
        turn.touch(self)

    def unsubscribe(self, subscriber: Subscriber) -> None:
        """It gets no more; what it was given stays with it until settled."""
        self._subscribers.remove(subscriber)

    def reconsider(self, subscriber: Subscriber, turn: "Turn") -> None:
        """It may have room again."""
        self._subscribers.reconsider(subscriber)
        turn.touch(self)

    # -- end -----------------------------------------------------------------------------------------------------------

    def delete(self, turn: "Turn") -> int:
        """Drop what waits, tell the consumers; how many messages waited.

        What is out with clients counts on: it takes up memory until they settle it or go.
        """
        count = self.purge(turn)
        self.deleted = True
        subscribers, self._subscribers = self._subscribers, Subscribers()
        for subscriber in subscribers:
            subscriber.queue_gone(turn)
        return count
