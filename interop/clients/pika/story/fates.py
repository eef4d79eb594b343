"""What becomes of messages: dead letters, expiry, quorum queues, a broker that is restarted."""

from __future__ import annotations

import time

import pika
import pytest
from pika import exceptions
from pika.adapters.blocking_connection import BlockingChannel

from interop.clients.pika.story.doors import a_channel, drained, publish, waited_for
from interop.clients.story.telling import restart_the_broker, saw_error

_DEAD = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "story.dead"}


def _death(properties: pika.BasicProperties) -> tuple[str, int, str]:
    death = properties.headers["x-death"][0]
    return death["reason"], death["count"], death["queue"]


def dead_letter(url: str) -> None:
    with a_channel(url) as channel:
        channel.queue_declare("story.dead", exclusive=True)
        channel.queue_declare("story.living", exclusive=True, arguments=_DEAD)
        for times in (1, 2):
            publish(channel, "story.living", "poison")
            method, _, _ = channel.basic_get("story.living")
            channel.basic_reject(method.delivery_tag, requeue=False)
            _, properties, body = waited_for(channel, "story.dead")
            assert body == b"poison"
            assert _death(properties) == ("rejected", 1, "story.living")
            assert properties.headers["x-first-death-queue"] == "story.living"
            if times == 1:
                _dies_a_second_time(channel, properties)


def _dies_a_second_time(channel: BlockingChannel, properties: pika.BasicProperties) -> None:
    """With the headers of its first death: the count goes up."""
    publish(channel, "story.living", "twice", headers=properties.headers)
    method, _, _ = channel.basic_get("story.living")
    channel.basic_nack(method.delivery_tag, requeue=False)
    _, again, _ = waited_for(channel, "story.dead")
    assert _death(again)[0] == "rejected"


def message_ttl(url: str) -> None:
    with a_channel(url) as channel:
        channel.queue_declare("story.dead", exclusive=True)
        channel.queue_declare("story.brief", exclusive=True, arguments={**_DEAD, "x-message-ttl": 100})
        channel.queue_declare("story.patient", exclusive=True, arguments=_DEAD)
        for queue, options in (("story.brief", {}), ("story.patient", {"expiration": "100"})):
            began = time.monotonic()
            publish(channel, queue, "late", **options)
            _, properties, body = waited_for(channel, "story.dead")
            assert body == b"late"
            assert _death(properties) == ("expired", 1, queue)
            assert time.monotonic() - began >= 0.1
            assert drained(channel, queue) == []


def quorum(url: str) -> None:
    with a_channel(url) as channel:
        channel.queue_declare("story.quorum", durable=True, arguments={"x-queue-type": "quorum", "x-delivery-limit": 2})
        try:
            publish(channel, "story.quorum", "heavy")
            counts = []
            for _ in range(3):
                for method, properties, body in channel.consume("story.quorum", inactivity_timeout=5):
                    assert body == b"heavy"
                    counts.append((properties.headers or {}).get("x-delivery-count"))
                    channel.basic_nack(method.delivery_tag, requeue=True)
                    break
            channel.cancel()
            assert counts == [None, 1, 2] or counts == [0, 1, 2], counts
            assert drained(channel, "story.quorum") == []
        finally:
            channel.queue_delete("story.quorum")


def restart(url: str) -> None:
    """pika does not recover by itself: its documentation connects again, in a loop."""
    parameters = pika.URLParameters(url)
    connection = pika.BlockingConnection(parameters)
    channel = connection.channel()
    channel.queue_declare("story.restart", durable=True)
    channel.confirm_delivery()
    publish(channel, "story.restart", "kept", "too", delivery_mode=2)
    publish(channel, "story.restart", "forgotten", delivery_mode=1)
    tag = channel.basic_consume("story.restart", lambda *message: None)
    assert tag
    restart_the_broker()
    with pytest.raises(exceptions.AMQPConnectionError) as problem:
        _work_on(connection)
    saw_error(problem.value)
    with a_channel(url) as following:
        came = []
        for method, _, body in following.consume("story.restart", inactivity_timeout=5):
            assert method is not None, f"only {came} came"
            came.append((body, method.redelivered))
            following.basic_ack(method.delivery_tag)
            if len(came) == 2:
                publish(following, "story.restart", "new")
            elif len(came) == 3:
                break
        following.cancel()
        following.queue_delete("story.restart")
        assert [body for body, _ in came] == [b"kept", b"too", b"new"]


def _work_on(connection: pika.BlockingConnection) -> None:
    while True:
        connection.process_data_events(time_limit=1)
