"""Overdue: how long each consumer's deliveries may wait for their acks, and what happens when that is over.

Up to RabbitMQ 4.2 the channel is closed. From 4.3 on quorum queues alone have a time-out: they take back what is
overdue and cancel the consumer, unless its client cannot be told so.
"""

from functools import partial
from typing import TYPE_CHECKING, Any

from broker.message import Message
from broker.queues.arguments import CONSUMER_TIMEOUT, is_integer
from broker.session.ack_timer import RELEASED, AckTimer
from broker.session.consumer import Getter
from broker.session.settling import give_back
from protocol.amqp.errors import precondition_failed
from protocol.amqp.methods import Basic

if TYPE_CHECKING:
    from broker.session.channel import Channel
    from broker.session.subscription import Subscription
    from broker.turn import Turn

# What RabbitMQ 4.3 gives for the time-out where it closes the channel.
_UNKNOWN_MS = -1
# Stands for a message that was taken back: its tag is all that is kept.
_NOTHING = Message(b"", b"")


def watch(channel: "Channel", consumer: "Subscription") -> None:
    """Have a consumer's batches of deliveries timed, if there is a time-out for them."""
    timeout_s = timeout_of(channel, consumer)
    consumer.timed = None if timeout_s is None else partial(_delivered, channel, timeout_s)


def got(channel: "Channel", getter: Getter, tag: int) -> None:
    """The same for what a basic.get was given."""
    timeout_s = timeout_of(channel, getter)
    if timeout_s is not None:
        _delivered(channel, timeout_s, tag)


def policies_changed(channel: "Channel") -> None:
    """What its queues say of time-outs may have changed. For what was delivered before it counts from now on."""
    for consumer in channel.consumers.values():
        was = consumer.timed
        watch(channel, consumer)
        if was is None and consumer.timed is not None and channel.unsettled:
            consumer.timed(channel.unsettled.next_tag)
    look_soon(channel)


def look_soon(channel: "Channel") -> None:
    """More may be overdue than was: time-outs are shorter, or a transaction has given acks back."""
    if channel.ack_timer is not None:
        node = channel.owner.node
        channel.ack_timer.look_soon(node.clock(), node.backlog.timetable)


def timeout_of(channel: "Channel", holder: Any) -> float | None:
    """How many seconds what was delivered to ``holder`` may wait for acks; None for ever."""
    node = channel.owner.node
    queue, profile = holder.queue, node.profile
    if holder is RELEASED or queue.kind not in profile.consumer_timeout_queues:
        return None
    asked = holder.arguments.get(CONSUMER_TIMEOUT) if profile.consumer_timeout_arguments else None
    if asked is None:
        asked = queue.effective.get(CONSUMER_TIMEOUT, node.consumer_timeout_ms or None)
    return asked / 1000 if is_integer(asked) else None


def _delivered(channel: "Channel", timeout_s: float, tag: int) -> None:
    node = channel.owner.node
    if channel.ack_timer is None:
        channel.ack_timer = AckTimer(
            channel.unsettled,
            timeout_s=partial(timeout_of, channel),
            on_overdue=partial(_act, channel),
            oldest_only=not node.profile.consumer_timeout_cancels,
        )
    channel.ack_timer.delivered(tag, timeout_s, node.clock(), node.backlog.timetable)


def _act(channel: "Channel", tags: list[int], turn: "Turn") -> None:
    by_tag = channel.unsettled.by_tag
    deliveries = {tag: by_tag[tag] for tag in tags}
    holders = dict.fromkeys(holder for holder, _, _ in deliveries.values())
    if not channel.owner.node.profile.consumer_timeout_cancels:
        (holder,) = holders
        _close(channel, round(1000 * (timeout_of(channel, holder) or 0)), turn)
    elif not all(_may_be_cancelled(channel, holder) for holder in holders):
        _close(channel, _UNKNOWN_MS, turn)
    else:
        give_back(deliveries.values(), turn)
        by_tag |= dict.fromkeys(tags, (RELEASED, 0, _NOTHING))
        for tag in [consumer.tag for consumer in channel.consumers.values() if consumer in holders]:
            channel.drop_consumer(tag, turn)
            channel.send(Basic.Cancel(tag, nowait=True))


def _may_be_cancelled(channel: "Channel", holder: Any) -> bool:
    able = channel.owner.connection.capabilities.get("consumer_cancel_notify") is True
    return able and not isinstance(holder, Getter)


def _close(channel: "Channel", timeout_ms: int, turn: "Turn") -> None:
    error = precondition_failed(
        f"delivery acknowledgement on channel {channel.number} timed out. Timeout value used: {timeout_ms} ms. This "
        "timeout value can be configured, see consumers doc guide to learn more"
    )
    channel.owner.close_channel(channel.number, error, turn)
