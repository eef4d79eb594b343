"""Rules: what a queue does that looks into its messages: time to live, length limits, priorities, delivery limits.

A queue without any of that has no rules, and its messages cost it nothing of this. Messages expire at the head only, as
in RabbitMQ: one behind another that lives longer waits, and counts. Sources: https://www.rabbitmq.com/docs/ttl,
maxlength, priority.
"""

from itertools import islice
from typing import TYPE_CHECKING

from broker.message import (
    NEVER_MS,
    ExpiringMessage,
    Message,
    QueuedMessage,
    body_bytes,
    expiration_ms,
)
from broker.queues.dead_letter import EXPIRED, MAXLEN
from broker.queues.ready import Entry, Ready
from broker.queues.settings import Settings

if TYPE_CHECKING:
    from broker.queues.classic import ClassicQueue
    from broker.turn import Turn

# Messages that leave in one piece: 0.1 ms, and 1 to 2 where they become dead letters.
_PIECE = 256


class Rules:
    """Of one queue."""

    __slots__ = ("_queue",)

    def __init__(self, queue: "ClassicQueue") -> None:
        self._queue = queue

    @property
    def settings(self) -> Settings:
        return self._queue.settings

    @property
    def whole(self) -> bool:
        """Whether all that waits must be in memory: the next message may be any of it, or each one's size counts."""
        return self.settings.max_priority > 0 or self.settings.max_bytes is not None

    # -- in ------------------------------------------------------------------------------------------------------------

    def received(self, messages: list[Message], now_ms: int) -> list[Message]:
        """Messages just published, as the queue keeps them."""
        ttl_ms = self.settings.message_ttl_ms
        deadline = NEVER_MS if ttl_ms is None else now_ms + ttl_ms
        if isinstance(messages[0], ExpiringMessage):
            return [self._kept(message, min(deadline, now_ms + (message.ttl_ms or 0))) for message in messages]
        return [self._kept(message, deadline) for message in messages]

    def read(self, messages: list[Message], arrived_ms: int) -> list[Message]:
        """The same for messages that were read from the log, where they have been since ``arrived_ms``."""
        ttl_ms = self.settings.message_ttl_ms
        longest = NEVER_MS if ttl_ms is None else arrived_ms + ttl_ms
        kept: list[Message] = []
        for message in messages:
            own_ms = None if isinstance(message, QueuedMessage) else expiration_ms(message.content)
            if isinstance(message, QueuedMessage):
                kept.append(message)
            else:
                kept.append(self._kept(message, longest if own_ms is None else min(longest, arrived_ms + own_ms)))
        return kept

    def _kept(self, message: Message, deadline_ms: int) -> QueuedMessage:
        return QueuedMessage(message, deadline_ms, self._queue.urgency(message.content))

    @property
    def refuses(self) -> bool:
        """Whether the queue takes no more when it is full."""
        return self.settings.rejects and self.settings.limited

    def has_room(self, message: Message) -> bool:
        """Whether a queue that refuses would take this one."""
        settings, queue = self.settings, self._queue
        if settings.max_length is not None and queue.message_count >= settings.max_length:
            return False
        return settings.max_bytes is None or queue.ready.body_bytes + body_bytes(message.content) <= settings.max_bytes

    def take_turns(self, kept: list[Message], now_ms: int) -> bool:
        """Whether it matters what has become of each of these messages before the next one comes."""
        settings = self.settings
        if self.refuses:
            return True
        if not (settings.limited or settings.max_priority):
            return False
        due = any(message.deadline_ms <= now_ms for message in kept)
        if due and settings.limited:
            return True
        if not settings.max_priority or not (due or settings.limited or self._queue.consumer_count):
            return False
        # One may overtake others.
        return any(message.priority != kept[0].priority for message in kept)

    @property
    def is_over(self) -> bool:
        """Whether there is more in the queue than should be."""
        settings, queue = self.settings, self._queue
        if settings.max_length is not None and queue.message_count > settings.max_length:
            return True
        return settings.max_bytes is not None and queue.ready.body_bytes > settings.max_bytes

    # -- out -----------------------------------------------------------------------------------------------------------

    def expire(self, before_ms: int, budget: int, turn: "Turn", *, at_once: bool = False) -> int:
        """Drop what has outlived its time, from the head on; what that cost. Where dead letters wait in crowds the rest
        does so in the queue, unless it has to go ``at_once``.

        As in RabbitMQ the less urgent levels of a queue with priorities wait for the more urgent ones to be empty.
        """
        cost = 0
        burials = self._queue.burials
        while cost < budget and (at_once or not burials.full):
            entries = _expired(self._queue.ready.level, before_ms)
            if not entries:
                break
            cost += self._queue.bury(entries, EXPIRED, turn)
        return cost

    def expire_returned(self, now_ms: int, turn: "Turn") -> None:
        """The same for what came back, as far as it stands at the head."""
        while entries := _expired_returned(self._queue.ready.level, now_ms):
            self._queue.bury(entries, EXPIRED, turn)

    def deliverable(self, level: Ready, wanted: int, now_ms: int) -> int:
        """How many of the ``wanted`` next ones are still good."""
        if level.returned:
            return int(level.returned[0][1].deadline_ms > now_ms)
        return level.fresh_before(now_ms, wanted)

    def trim(self, budget: int, turn: "Turn") -> int:
        """Drop what is over the limits, from the head on; what that cost.

        In RabbitMQ's queues with priorities, too, that is the most urgent message.
        """
        queue, settings = self._queue, self.settings
        cost = 0
        if settings.rejects or not settings.limited:
            return 0
        while cost < budget and not queue.burials.full:
            entries = self._excess()
            if not entries:
                break
            cost += queue.bury(entries, MAXLEN, turn)
        return cost

    def _excess(self) -> list[Entry]:
        queue, settings = self._queue, self.settings
        over = 0 if settings.max_length is None else queue.message_count - settings.max_length
        over_bytes = 0 if settings.max_bytes is None else queue.ready.body_bytes - settings.max_bytes
        entries: list[Entry] = []
        while len(queue.ready) and len(entries) < _PIECE and (over > 0 or over_bytes > 0):
            entry = taken(queue.ready.level)
            entries.append(entry)
            over -= 1
            over_bytes -= body_bytes(entry[1].content)
        return entries

    def is_due(self, now_ms: int) -> bool:
        """Whether the head has outlived its time."""
        head = self._queue.ready.level.head_message()
        return head is not None and head.deadline_ms <= now_ms

    def next_deadline_ms(self) -> int | None:
        """When the head will have outlived its time, unless the queue is touched before."""
        head = self._queue.ready.level.head_message()
        if head is None or head.deadline_ms >= NEVER_MS or self._queue.burials.full:
            return None
        return head.deadline_ms


def taken(level: Ready) -> Entry:
    """The next message of a level, with its number."""
    if level.returned:
        return level.take_returned()
    number = level.head
    return number, level.take_fresh(1)[0]


def _expired(level: Ready, before_ms: int) -> list[Entry]:
    """Those at the head that have outlived their time, up to a piece."""
    entries = _expired_returned(level, before_ms)
    if entries or level.returned:
        return entries
    count = 0
    for message in islice(level.fresh, _PIECE):
        if message.deadline_ms > before_ms:
            break
        count += 1
    head = level.head
    return list(enumerate(level.take_fresh(count), head)) if count else []


def _expired_returned(level: Ready, before_ms: int) -> list[Entry]:
    entries: list[Entry] = []
    while level.returned and level.returned[0][1].deadline_ms <= before_ms and len(entries) < _PIECE:
        entries.append(level.take_returned())
    return entries
