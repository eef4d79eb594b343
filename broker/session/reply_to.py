"""Direct reply-to: a channel's volatile queue, which holds nothing and passes replies straight to their requester.

A client consumes from ``amq.rabbitmq.reply-to`` and publishes requests with that name as reply_to; the broker puts a
name of its own there, which nobody can guess, and what is published to that name goes to the requester's consumer.
Source: https://www.rabbitmq.com/docs/direct-reply-to
"""

from typing import TYPE_CHECKING

from broker.message import Message
from protocol.amqp.errors import precondition_failed

if TYPE_CHECKING:
    from broker.session.consumer import Consumer
    from broker.turn import Turn

PSEUDO_QUEUE = "amq.rabbitmq.reply-to"
KIND = "reply-to"
# What may wait for a requester that reads slowly. Replies come as fast as they were asked for, so this is far more than
# deliveries get (256 KiB would lose the second of two large replies), and still bounded.
_UNREAD_MAX_BYTES = 16 * 1024 * 1024


class ReplyQueue:
    """``consumer`` is set right after both were made, as each needs the other; None when it is gone.

    Responders may remember their way here for long: nothing of the requester may be held from here then.
    """

    __slots__ = ("consumer", "name")

    kind = KIND
    message_count = 0
    consumer_count = 1
    # It cannot make a transaction partial: replies may get lost.
    deleted = False

    def __init__(self, name: str) -> None:
        self.name = name
        self.consumer: Consumer | None = None

    def enqueue(
        self,
        messages: list[Message],
        size_bytes: int,  # noqa: ARG002
        turn: "Turn",  # noqa: ARG002
        *,
        persistent: bool = False,  # noqa: ARG002
    ) -> None:
        """Deliver at once. A requester that is gone, or does not read at all, loses its replies."""
        if self.consumer is not None and self.consumer.outbox.size < _UNREAD_MAX_BYTES:
            self.consumer.deliver(messages, 0, 1, redelivered=False)

    @property
    def tag(self) -> str:
        """The consumer's."""
        return "" if self.consumer is None else self.consumer.tag


def check_consume(no_ack: bool, *, already: bool) -> None:
    """Refuse a second reply consumer of a channel, or one that wants to ack. Raises SoftError 406."""
    if not no_ack:
        raise precondition_failed("reply consumer cannot acknowledge")
    if already:
        raise precondition_failed("reply consumer already set")
