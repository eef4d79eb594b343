"""Deliveries, acks and what comes again."""

from __future__ import annotations

from interop.clients.amqpstorm.story.doors import (
    a_channel,
    drained,
    further_messages,
    next_messages,
    publish,
    two_channels,
    waited_for,
)


def acks(url: str) -> None:
    with two_channels(url) as (channel, second):
        channel.queue.declare("story.acks", exclusive=True)
        publish(channel, "story.acks", *"abcdef")
        messages = [second.basic.get("story.acks") for _ in range(5)]
        messages[0].ack()
        second.basic.ack(messages[2].delivery_tag, multiple=True)
        second.close()
        again = [channel.basic.get("story.acks", no_ack=True) for _ in range(3)]
        assert [(one.body, one.redelivered) for one in again] == [("d", True), ("e", True), ("f", False)]
        assert drained(channel, "story.acks") == []


def nack_requeue(url: str) -> None:
    with a_channel(url) as channel:
        channel.queue.declare("story.nack", exclusive=True)
        publish(channel, "story.nack", "again")
        first = channel.basic.get("story.nack")
        assert not first.redelivered
        first.nack(requeue=True)
        second = waited_for(channel, "story.nack")
        assert (second.redelivered, second.body) == (True, "again")


def reject(url: str) -> None:
    with a_channel(url) as channel:
        channel.queue.declare("story.reject", exclusive=True)
        publish(channel, "story.reject", "bad")
        channel.basic.get("story.reject").reject(requeue=False)
        assert drained(channel, "story.reject") == []


def prefetch(url: str) -> None:
    with a_channel(url) as channel:
        channel.queue.declare("story.prefetch", exclusive=True)
        publish(channel, "story.prefetch", *map(str, range(7)))
        channel.basic.qos(prefetch_count=3)
        channel.basic.consume(queue="story.prefetch")
        came = further_messages(channel)
        assert len(came) == 3
        channel.basic.ack(came[1].delivery_tag, multiple=True)
        assert len(further_messages(channel)) == 2


def get(url: str) -> None:
    with a_channel(url) as channel:
        channel.queue.declare("story.get", exclusive=True)
        publish(channel, "story.get", "one", "two")
        first, second = (channel.basic.get("story.get", no_ack=True) for _ in range(2))
        assert (first.body, first.method["message_count"]) == ("one", 1)
        assert (second.body, second.method["message_count"]) == ("two", 0)
        assert channel.basic.get("story.get") is None


def cancel(url: str) -> None:
    with two_channels(url) as (channel, second):
        channel.queue.declare("story.cancel", exclusive=True)
        tag = channel.basic.consume(queue="story.cancel", no_ack=True)
        publish(channel, "story.cancel", "before")
        assert [one.body for one in next_messages(channel, 1)] == ["before"]
        channel.basic.cancel(tag)
        publish(channel, "story.cancel", "after")
        assert further_messages(channel) == []
        assert drained(channel, "story.cancel") == ["after"]
        # Of a deleted queue amqpstorm only writes into its log, and forgets the consumer.
        tag = channel.basic.consume(queue="story.cancel")
        assert channel.consumer_tags == [tag]
        second.queue.delete("story.cancel")
        assert further_messages(channel) == []
        assert channel.consumer_tags == []


def priorities(url: str) -> None:
    with a_channel(url) as channel:
        channel.queue.declare("story.priorities", exclusive=True, arguments={"x-max-priority": 10})
        for priority in (1, 9, 5, 9):
            publish(channel, "story.priorities", str(priority), priority=priority)
        assert drained(channel, "story.priorities") == ["9", "9", "5", "1"]
