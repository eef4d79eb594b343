"""What becomes of messages: dead letters, expiry, quorum queues, a broker that is restarted."""

from __future__ import annotations

import itertools
import time

import amqpstorm
import pytest
from amqpstorm import AMQPConnectionError, Channel, Message

from interop.clients.amqpstorm.story.doors import a_channel, drained, next_messages, publish, waited_for
from interop.clients.story.telling import restart_the_broker, saw_error

_DEAD = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "story.dead"}


def _death(message: Message) -> tuple[str, int, str]:
    death = message.properties["headers"]["x-death"][0]
    return death["reason"], death["count"], death["queue"]


def dead_letter(url: str) -> None:
    with a_channel(url) as channel:
        channel.queue.declare("story.dead", exclusive=True)
        channel.queue.declare("story.living", exclusive=True, arguments=_DEAD)
        publish(channel, "story.living", "poison")
        channel.basic.get("story.living").reject(requeue=False)
        found = waited_for(channel, "story.dead")
        assert found.body == "poison"
        assert _death(found) == ("rejected", 1, "story.living")
        assert found.properties["headers"]["x-first-death-queue"] == "story.living"


def message_ttl(url: str) -> None:
    with a_channel(url) as channel:
        channel.queue.declare("story.dead", exclusive=True)
        channel.queue.declare("story.brief", exclusive=True, arguments={**_DEAD, "x-message-ttl": 100})
        channel.queue.declare("story.patient", exclusive=True, arguments=_DEAD)
        for queue, options in (("story.brief", {}), ("story.patient", {"expiration": "100"})):
            began = time.monotonic()
            publish(channel, queue, "late", **options)
            found = waited_for(channel, "story.dead")
            assert found.body == "late"
            assert _death(found) == ("expired", 1, queue)
            assert time.monotonic() - began >= 0.1
            assert drained(channel, queue) == []


def quorum(url: str) -> None:
    with a_channel(url) as channel:
        arguments = {"x-queue-type": "quorum", "x-delivery-limit": 2}
        channel.queue.declare("story.quorum", durable=True, arguments=arguments)
        try:
            publish(channel, "story.quorum", "heavy")
            tag = channel.basic.consume(queue="story.quorum")
            counts = []
            for message in channel.build_inbound_messages(break_on_empty=True, empty_timeout=0.5):
                counts.append((message.properties.get("headers") or {}).get("x-delivery-count", 0))
                message.nack(requeue=True)
            channel.basic.cancel(tag)
            assert counts == [0, 1, 2]
            assert drained(channel, "story.quorum") == []
        finally:
            channel.queue.delete("story.quorum")


def _consume_on(channel: Channel) -> None:
    for message in channel.build_inbound_messages():
        message.ack()
    # The loop ends where the channel does; why is to be asked for.
    channel.check_for_errors()


def restart(url: str) -> None:
    """Its examples catch AMQPConnectionError and connect again; the same Connection can be opened anew."""
    connection = amqpstorm.UriConnection(url)
    channel = connection.channel()
    channel.queue.declare("story.restart", durable=True)
    channel.confirm_deliveries()
    publish(channel, "story.restart", "kept", "too", delivery_mode=2)
    publish(channel, "story.restart", "forgotten", delivery_mode=1)
    channel.basic.qos(prefetch_count=1)
    channel.basic.consume(queue="story.restart")
    came = next_messages(channel, 1)
    restart_the_broker()
    with pytest.raises(AMQPConnectionError) as problem:
        _consume_on(channel)
    saw_error(problem.value)
    connection.open()
    channel = connection.channel()
    channel.confirm_deliveries()
    publish(channel, "story.restart", "new", delivery_mode=2)
    channel.basic.consume(queue="story.restart")
    for message in itertools.islice(channel.build_inbound_messages(), 3):
        came.append(message)
        message.ack()
    assert [one.body for one in came] == ["kept", "kept", "too", "new"]
    assert came[1].redelivered
    channel.queue.delete("story.restart")
    connection.close()
