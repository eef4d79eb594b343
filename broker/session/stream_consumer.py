"""StreamConsumer: one basic.consume of a stream. Its prefetch is its credit, and every delivery bears its offset."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from broker.message import Message
from broker.queues.stream import StreamQueue
from broker.session.subscription import Subscription
from broker.store.records import read
from protocol.amqp import basic
from protocol.amqp.offset_header import OffsetStamp

if TYPE_CHECKING:
    from broker.turn import Turn

# Stands in Unsettled for what was delivered: a stream takes nothing back.
_NOTHING = Message(b"", b"")


class StreamConsumer(Subscription):
    """As ``session.consumer.Consumer``, for a stream. A limit of the whole channel is none for it, as in RabbitMQ."""

    __slots__ = ("_stamp",)

    def __init__(self, tag: str, queue: StreamQueue, *, channel: int, frame_max: int, **settings: Any) -> None:
        """``settings`` are Subscription's."""
        super().__init__(tag, queue, **settings)
        self._stamp = OffsetStamp(channel, basic.short_string(tag), frame_max)

    def room(self) -> int:
        return 0 if self.outbox.full else self.limit.room()

    def deliver_records(self, records: Sequence[bytes], first_offset: int) -> None:
        """Write deliveries of neighbouring records."""
        unsettled, count = self._unsettled, len(records)
        tag = unsettled.next_tag
        self.outbox.append(self._stamp.deliveries(records, tag, first_offset))
        if self.tap.vhost.firehose is not None:
            self.tap.delivered(self.queue.name, read(records), redelivered=False)
        place = (self, first_offset, _NOTHING)
        unsettled.by_tag.update(dict.fromkeys(range(tag, tag + count), place))
        unsettled.next_tag = tag + count
        self.last_tag = tag + count - 1
        self.limit.outstanding += count
        self.shared.outstanding += count
        if self.timed is not None:
            self.timed(tag)

    def settled(self, count: int, turn: "Turn") -> None:
        """Deliveries were settled, so there is credit again."""
        self.limit.outstanding -= count
        self.shared.outstanding -= count
        self.queue.reconsider(self, turn)
