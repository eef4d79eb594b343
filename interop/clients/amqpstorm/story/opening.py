"""Connections and what is declared; errors and what amqpstorm shows of them."""

from __future__ import annotations

import amqpstorm
import pytest
from amqpstorm import AMQPChannelError, AMQPConnectionError, Channel

from interop.clients.amqpstorm.story.doors import a_channel, drained, publish, two_channels
from interop.clients.story.telling import saw, saw_error


def _saw(problem: AMQPChannelError | AMQPConnectionError) -> None:
    """The error has RabbitMQ's number, its name, and what its documentation says about it."""
    saw_error(problem)
    saw(problem.error_code, problem.error_type, problem.documentation)


def connect(url: str) -> None:
    with amqpstorm.UriConnection(url) as connection:
        assert connection.server_properties["product"] == "RabbitMQ"
        assert connection.is_open
        assert not connection.is_blocked


def wrong_password(url: str) -> None:
    with pytest.raises(AMQPConnectionError) as problem:
        amqpstorm.UriConnection(url.replace("guest:guest", "guest:wrong"))
    _saw(problem.value)


def wrong_vhost(url: str) -> None:
    with pytest.raises(AMQPConnectionError) as problem:
        amqpstorm.UriConnection(f"{url}story.nowhere")
    _saw(problem.value)


def topology(url: str) -> None:
    with two_channels(url) as (channel, second):
        assert channel.queue.declare("story.durable", durable=True)["queue"] == "story.durable"
        named = channel.queue.declare("", exclusive=True)["queue"]
        assert named.startswith("amq.gen-")
        channel.exchange.declare("story.topology", durable=True)
        channel.exchange.declare("story.topology", passive=True)
        channel.queue.bind(named, "story.topology", "key")
        channel.confirm_deliveries()
        publish(channel, "key", "one", "two", exchange="story.topology")
        assert channel.queue.declare(named, passive=True)["message_count"] == 2
        assert channel.queue.purge(named)["message_count"] == 2
        channel.queue.unbind(named, "story.topology", "key")
        publish(channel, "key", "three", exchange="story.topology")
        assert drained(channel, named) == []
        publish(channel, "story.durable", "kept")
        assert channel.queue.delete("story.durable")["message_count"] == 1
        channel.exchange.delete("story.topology")
        channel.queue.declare("story.passing", auto_delete=True, exclusive=True)
        channel.basic.cancel(channel.basic.consume(print, "story.passing"))
        with pytest.raises(AMQPChannelError) as problem:
            second.queue.declare("story.passing", passive=True)
        assert problem.value.error_code == 404
    _refuses_to_delete(url)


def _refuses_to_delete(url: str) -> None:
    with two_channels(url) as (channel, second):
        channel.queue.declare("story.full", exclusive=True)
        publish(channel, "story.full", "here")
        with pytest.raises(AMQPChannelError) as problem:
            channel.queue.delete("story.full", if_empty=True)
        assert problem.value.error_code == 406
        second.basic.consume(print, "story.full")
        with pytest.raises(AMQPChannelError) as problem:
            second.queue.delete("story.full", if_unused=True)
        assert problem.value.error_code == 406


def error_not_found(url: str) -> None:
    with two_channels(url) as (channel, second):
        with pytest.raises(AMQPChannelError) as problem:
            channel.queue.declare("story.nowhere", passive=True)
        assert problem.value.error_code == 404
        _saw(problem.value)
        second.confirm_deliveries()
        with pytest.raises(AMQPChannelError) as problem:
            publish(second, "key", "lost", exchange="story.nowhere")
        _saw(problem.value)


def error_precondition(url: str) -> None:
    with a_channel(url) as channel:
        channel.queue.declare("story.declared", exclusive=True, arguments={"x-max-length": 10})
        with pytest.raises(AMQPChannelError) as problem:
            channel.queue.declare("story.declared", exclusive=True, arguments={"x-max-length": 20})
        assert problem.value.error_code == 406
        _saw(problem.value)


def error_access_refused(url: str) -> None:
    with two_channels(url) as (channel, second), a_channel(url) as other:
        with pytest.raises(AMQPChannelError) as problem:
            channel.exchange.delete("amq.direct")
        assert problem.value.error_code == 403
        _saw(problem.value)
        second.queue.declare("story.mine", exclusive=True)
        with pytest.raises(AMQPChannelError) as problem:
            other.queue.delete("story.mine")
        assert problem.value.error_code == 405
        _saw(problem.value)


def error_unknown_tag(url: str) -> None:
    with a_channel(url) as channel:
        channel.basic.ack(17)
        with pytest.raises(AMQPChannelError) as problem:
            channel.queue.declare("", exclusive=True)
        assert problem.value.error_code == 406
        _saw(problem.value)


def channel_survives(url: str) -> None:
    with amqpstorm.UriConnection(url) as connection:
        channel: Channel = connection.channel()
        with pytest.raises(AMQPChannelError):
            channel.queue.declare("story.nowhere", passive=True)
        assert channel.is_closed
        assert connection.is_open
        # amqpstorm opens the same channel again.
        channel.open()
        channel.queue.declare("story.survivor", exclusive=True)
        publish(channel, "story.survivor", "alive")
        assert drained(channel, "story.survivor") == ["alive"]


def close(url: str) -> None:
    connection = amqpstorm.UriConnection(url)
    channel = connection.channel()
    channel.queue.declare("story.closing", exclusive=True)
    connection.close()
    assert connection.is_closed
    assert channel.is_closed
    with pytest.raises(AMQPConnectionError):
        connection.channel()
    # The broker knows it, too: the exclusive queue's name is free.
    with a_channel(url) as another:
        another.queue.declare("story.closing", exclusive=True)
