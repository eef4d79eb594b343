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


class ReplyQueue:
    """``consumer`` is set right after both were made: each needs the other."""

    __slots__ = ("consumer", "deleted", "name")

    message_count = 0
    consumer_count = 1

    def __init__(self, name: str) -> None:
        self.name = name
        self.deleted = False
        self.consumer: Consumer | None = None

    def enqueue(self, messages: list[Message], size_bytes: int, turn: "Turn") -> None:  # noqa: ARG002
        """Deliver at once. A requester that is gone, or does not read, loses its replies: nothing is held for it."""
        if self.consumer is not None and not self.deleted and not self.consumer.outbox.full:
            self.consumer.deliver(messages, 0, 1, redelivered=False)

    @property
    def tag(self) -> str:
        """The consumer's."""
        return "" if self.consumer is None else self.consumer.tag

    def handed_over(self, count: int) -> None:
        """Nothing was held."""


def check_consume(no_ack: bool, *, already: bool) -> None:
    """Refuse a second reply consumer of a channel, or one that wants to ack. Raises SoftError 406."""
    if not no_ack:
        raise precondition_failed("reply consumer cannot acknowledge")
    if already:
        raise precondition_failed("reply consumer already set")
