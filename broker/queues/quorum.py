"""QuorumQueue: RabbitMQ's quorum queue as a cluster of one serves it.

It is a durable queue that counts how often each message came back: the consumer sees the count in ``x-delivery-count``,
and beyond ``x-delivery-limit`` the message is dropped or dead-lettered. What comes back is handed out before what was
never handed out, in the order in which it came; where there is no limit, what a client gives back goes to the end.
Source: https://www.rabbitmq.com/docs/quorum-queues
"""

from typing import TYPE_CHECKING, Any

from broker.message import Message, QueuedMessage, has_priority, priority_of
from broker.queues.arguments import QUORUM
from broker.queues.classic import ClassicQueue
from broker.queues.dead_letter import DELIVERY_LIMIT
from broker.queues.ready import Entry
from broker.queues.ready_kinds import PriorityReturnsFirst, ReturnsFirst, TwoSpeeds, Waiting
from broker.queues.settings import DROP_HEAD, REJECT_TO_DEAD_LETTERS, Settings
from broker.queues.subscribers import SingleActive, Subscribers
from broker.store.queue_log import QueueLog
from protocol.amqp import properties
from protocol.amqp.content import properties_of, with_properties
from protocol.amqp.tables import Long

if TYPE_CHECKING:
    from broker.turn import Turn

_TWO = 2
# The priority of a message that has none, where there are more than two; where there are two, the highest usual one.
_USUAL = 4
_DELIVERY_COUNT = "x-delivery-count"
_ACQUIRED_COUNT = "x-acquired-count"


class QuorumQueue(ClassicQueue):
    """``delivery_limit`` is that of a queue that asks for none. ``tells_acquired``: as RabbitMQ 4.3 does.

    ``priorities``: how many there are. With two, a message of a priority above 4 is urgent; with more, the higher go
    first, and a message without one has 4. What waits on disk has no say in who is first.
    """

    kind = QUORUM
    heeds_exclusive = False
    prefetch_usual = 2000

    def __init__(
        self,
        name: str,
        *,
        delivery_limit: int | None,
        tells_acquired: bool = False,
        priorities: int = 1,
        **settings: Any,
    ) -> None:
        """``settings`` are ClassicQueue's."""
        self._priorities = priorities
        self._default_limit = delivery_limit
        self._tells_acquired = tells_acquired
        super().__init__(name, **settings)

    def _settings(self) -> Settings:
        settings = Settings(self.effective, delivery_limit=self._default_limit)
        if settings.overflow == REJECT_TO_DEAD_LETTERS:
            # Taken, and not known: RabbitMQ logs a warning.
            settings.overflow = DROP_HEAD
        return settings

    def _make_ready(self) -> Waiting:
        if self._priorities == _TWO:
            return TwoSpeeds()
        return ReturnsFirst() if self._priorities == 1 else PriorityReturnsFirst()

    def urgency(self, content: bytes) -> int:
        if self._priorities == 1:
            return 0
        said = priority_of(content) if has_priority(content) else _USUAL
        return int(said > _USUAL) if self._priorities == _TWO else min(said, self._priorities - 1)

    def _make_subscribers(self) -> Subscribers:
        return SingleActive(yields=True) if self.settings.single_active else Subscribers()

    def _looks_into_messages(self) -> bool:
        return True

    def put_back(self, entries: list[Entry], turn: "Turn", *, failed: bool = True, ended: bool = False) -> None:
        if self.deleted:
            super().put_back(entries, turn)
            return
        limit, log = self.settings.delivery_limit, self._log
        spent: list[Entry] = []
        kept: list[Entry] = []
        for number, message in entries:
            assert isinstance(message, QueuedMessage)
            message.attempts += failed
            message.acquired += 1
            if limit is not None and message.attempts > limit:
                spent.append((number, message))
                continue
            self._stamp(message)
            kept.append((number, message))
            if log is not None and failed:
                log.note_attempts(number, message.attempts, turn)
        if spent:
            self.bury(spent, DELIVERY_LIMIT, turn)
        if limit is None and not ended:
            assert isinstance(self.ready, ReturnsFirst | PriorityReturnsFirst | TwoSpeeds)
            self.ready.put_last(kept)
            kept = []
        super().put_back(kept, turn)

    def _take_in(self, head: int, messages: list[Message], arrived_ms: int, log: QueueLog) -> None:
        if log.attempts and self.rules is not None:
            messages = self.rules.read(messages, arrived_ms)
            for number, message in enumerate(messages, head):
                attempts = log.attempts.get(number, 0)
                if attempts and isinstance(message, QueuedMessage):
                    message.attempts = message.acquired = attempts
                    self._stamp(message)
        super()._take_in(head, messages, arrived_ms, log)

    def _stamp(self, message: QueuedMessage) -> None:
        """Have the consumer see how often it came back."""
        raw = properties_of(message.original)
        headers = properties.headers(raw) or {}
        headers[_DELIVERY_COUNT] = Long(message.attempts)
        if self._tells_acquired:
            headers[_ACQUIRED_COUNT] = Long(message.acquired)
        message.content = with_properties(message.original, properties.with_headers(raw, dict(sorted(headers.items()))))
