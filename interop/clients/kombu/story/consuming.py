"""Deliveries, acks and what comes again."""

from __future__ import annotations

import kombu

from interop.clients.kombu.story.doors import (
    a_queue,
    connected,
    consuming,
    drain_for_a_while,
    drained,
    send,
    until,
    waited_for,
)


def acks(url: str) -> None:
    with connected(url) as connection:
        queue = a_queue(connection, "story.acks")
        send(connection, "story.acks", *"abcdef")
        second = connection.channel()
        messages = [queue(second).get() for _ in range(5)]
        messages[0].ack()
        messages[2].ack(multiple=True)
        second.close()
        again = [queue.get(no_ack=True) for _ in range(3)]
        assert [(one.payload, one.delivery_info["redelivered"]) for one in again] == [
            ("d", True), ("e", True), ("f", False),
        ]  # fmt: skip
        assert drained(queue) == []


def nack_requeue(url: str) -> None:
    """A message's requeue() is a reject; a nack is the channel's."""
    with connected(url) as connection:
        queue = a_queue(connection, "story.nack")
        send(connection, "story.nack", "again")
        first = queue.get()
        assert not first.delivery_info["redelivered"]
        first.requeue()
        second = queue.get()
        assert second.delivery_info["redelivered"]
        second.channel.basic_reject(second.delivery_tag, requeue=True)
        third = waited_for(connection, queue)
        assert (third.payload, third.delivery_info["redelivered"]) == ("again", True)


def reject(url: str) -> None:
    with connected(url) as connection:
        queue = a_queue(connection, "story.reject")
        send(connection, "story.reject", "bad", "poor")
        queue.get().reject()
        queue.get().reject_log_error(lambda *words: None, (ValueError,))
        assert drained(queue) == []


def prefetch(url: str) -> None:
    with connected(url) as connection:
        queue = a_queue(connection, "story.prefetch")
        send(connection, "story.prefetch", *range(7))
        with consuming(connection, queue, prefetch_count=3) as (consumer, came):
            until(connection, lambda: len(came) >= 3, "three deliveries")
            drain_for_a_while(connection)
            assert len(came) == 3
            came[1].ack(multiple=True)
            until(connection, lambda: len(came) >= 5, "two more")
            drain_for_a_while(connection)
            assert len(came) == 5
            consumer.recover(requeue=True)
            until(connection, lambda: len(came) >= 8, "the three unacked ones again")


def get(url: str) -> None:
    with connected(url) as connection:
        queue = a_queue(connection, "story.get")
        send(connection, "story.get", "one", "two")
        first, second = (queue.get(no_ack=True) for _ in range(2))
        assert (first.payload, first.delivery_info["message_count"]) == ("one", 1)
        assert (second.payload, second.delivery_info["message_count"]) == ("two", 0)
        assert queue.get() is None


def cancel(url: str) -> None:
    with connected(url) as connection:
        # No exclusive one: kombu has these go with their last consumer.
        queue = kombu.Queue("story.cancel")(connection.default_channel)
        queue.declare()
        with consuming(connection, queue, no_ack=True) as (consumer, came):
            send(connection, "story.cancel", "before")
            until(connection, lambda: came, "the delivery")
            consumer.cancel()
            send(connection, "story.cancel", "after")
            drain_for_a_while(connection)
            assert [one.payload for one in came] == ["before"]
        assert drained(queue) == ["after"]
        told: list[str] = []
        queue(connection.channel()).consume("story.tag", print, on_cancel=told.append)
        queue.delete()
        until(connection, lambda: told, "the cancel")
        assert told == ["story.tag"]


def priorities(url: str) -> None:
    with connected(url) as connection:
        queue = a_queue(connection, "story.priorities", max_priority=10)
        for priority in (1, 9, 5, 9):
            send(connection, "story.priorities", priority, priority=priority)
        assert drained(queue) == [9, 9, 5, 1]
