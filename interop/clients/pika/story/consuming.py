"""Deliveries, acks and what comes again."""

from __future__ import annotations

from pika.adapters.blocking_connection import BlockingChannel

from interop.clients.pika.story.doors import a_channel, drained, publish, until, waited_for


def acks(url: str) -> None:
    with a_channel(url) as channel:
        name = channel.queue_declare("story.acks", exclusive=True).method.queue
        publish(channel, name, *"abcdef")
        second = channel.connection.channel()
        tags = [second.basic_get(name)[0].delivery_tag for _ in range(5)]
        second.basic_ack(tags[0])
        second.basic_ack(tags[2], multiple=True)
        second.close()
        again = [channel.basic_get(name, auto_ack=True) for _ in range(3)]
        assert [(body, method.redelivered) for method, _, body in again] == [
            (b"d", True), (b"e", True), (b"f", False),
        ]  # fmt: skip
        assert drained(channel, name) == []


def nack_requeue(url: str) -> None:
    with a_channel(url) as channel:
        channel.queue_declare("story.nack", exclusive=True)
        publish(channel, "story.nack", "again")
        method, _, _ = channel.basic_get("story.nack")
        assert not method.redelivered
        channel.basic_nack(method.delivery_tag, requeue=True)
        method, _, body = waited_for(channel, "story.nack")
        assert (method.redelivered, body) == (True, b"again")


def reject(url: str) -> None:
    with a_channel(url) as channel:
        channel.queue_declare("story.reject", exclusive=True)
        publish(channel, "story.reject", "bad")
        method, _, _ = channel.basic_get("story.reject")
        channel.basic_reject(method.delivery_tag, requeue=False)
        assert drained(channel, "story.reject") == []


def prefetch(url: str) -> None:
    with a_channel(url) as channel:
        channel.queue_declare("story.prefetch", exclusive=True)
        publish(channel, "story.prefetch", *map(str, range(7)))
        channel.basic_qos(prefetch_count=3)
        came: list[int] = []
        channel.basic_consume("story.prefetch", lambda ch, method, properties, body: came.append(method.delivery_tag))
        until(channel, lambda: len(came) >= 3, "three deliveries")
        # Everything that had come before this answer would be there.
        channel.connection.channel().queue_declare("", exclusive=True)
        channel.connection.process_data_events(time_limit=0.2)
        assert len(came) == 3
        channel.basic_ack(came[1], multiple=True)
        until(channel, lambda: len(came) >= 5, "two more")
        channel.connection.process_data_events(time_limit=0.2)
        assert len(came) == 5


def get(url: str) -> None:
    with a_channel(url) as channel:
        channel.queue_declare("story.get", exclusive=True)
        publish(channel, "story.get", "one", "two")
        method, _, body = channel.basic_get("story.get", auto_ack=True)
        assert (method.message_count, body) == (1, b"one")
        method, _, body = channel.basic_get("story.get", auto_ack=True)
        assert (method.message_count, body) == (0, b"two")
        assert channel.basic_get("story.get") == (None, None, None)


def cancel(url: str) -> None:
    with a_channel(url) as channel:
        channel.queue_declare("story.cancel", exclusive=True)
        came: list[bytes] = []
        tag = channel.basic_consume("story.cancel", lambda ch, method, properties, body: came.append(body), True)
        publish(channel, "story.cancel", "before")
        until(channel, lambda: came, "the delivery")
        channel.basic_cancel(tag)
        publish(channel, "story.cancel", "after")
        channel.connection.process_data_events(time_limit=0.2)
        assert came == [b"before"]
        assert drained(channel, "story.cancel") == ["after"]
        _told_of_a_deleted_queue(channel)


def _told_of_a_deleted_queue(channel: BlockingChannel) -> None:
    told: list[str] = []
    channel.add_on_cancel_callback(lambda frame: told.append(frame.method.consumer_tag))
    tag = channel.basic_consume("story.cancel", lambda *message: None)
    channel.connection.channel().queue_delete("story.cancel")
    until(channel, lambda: told, "the cancel")
    assert told == [tag]


def priorities(url: str) -> None:
    with a_channel(url) as channel:
        channel.queue_declare("story.priorities", exclusive=True, arguments={"x-max-priority": 10})
        for priority in (1, 9, 5, 9):
            publish(channel, "story.priorities", str(priority), priority=priority)
        assert drained(channel, "story.priorities") == ["9", "9", "5", "1"]
