"""Connections and what is declared; errors and what pika shows of them."""

from __future__ import annotations

import pika
import pytest
from pika import exceptions

from interop.clients.pika.story.doors import a_channel, drained, publish
from interop.clients.story.telling import saw_error


def connect(url: str) -> None:
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        # BlockingConnection keeps what the server said of itself in the connection below.
        server = connection._impl.server_properties
        assert server["product"] == "RabbitMQ"
        assert connection.is_open
        assert connection.basic_nack_supported
        assert connection.publisher_confirms_supported


def wrong_password(url: str) -> None:
    parameters = pika.URLParameters(url)
    parameters.credentials = pika.PlainCredentials("guest", "wrong")
    with pytest.raises(exceptions.ProbableAuthenticationError) as problem:
        pika.BlockingConnection(parameters)
    saw_error(problem.value)


def wrong_vhost(url: str) -> None:
    parameters = pika.URLParameters(url)
    parameters.virtual_host = "story.nowhere"
    with pytest.raises(exceptions.ProbableAccessDeniedError) as problem:
        pika.BlockingConnection(parameters)
    saw_error(problem.value)


def topology(url: str) -> None:
    with a_channel(url) as channel:
        assert channel.queue_declare("story.durable", durable=True).method.queue == "story.durable"
        channel.queue_declare("story.exclusive", exclusive=True)
        channel.queue_declare("story.passing", auto_delete=True, exclusive=True)
        named = channel.queue_declare("", exclusive=True).method.queue
        assert named.startswith("amq.gen-")
        channel.exchange_declare("story.topology", "direct", durable=True)
        channel.exchange_declare("story.topology", passive=True)
        channel.queue_bind(named, "story.topology", "key")
        channel.confirm_delivery()
        publish(channel, "key", "one", "two", exchange="story.topology")
        assert channel.queue_declare(named, passive=True).method.message_count == 2
        assert channel.queue_purge(named).method.message_count == 2
        channel.queue_unbind(named, "story.topology", "key")
        publish(channel, "key", "three", exchange="story.topology")
        assert drained(channel, named) == []
        publish(channel, "story.durable", "kept")
        assert channel.queue_delete("story.durable").method.message_count == 1
        channel.exchange_delete("story.topology")
        _last_consumer_takes_the_queue_with_it(channel)
    _refuses_to_delete(url)


def _last_consumer_takes_the_queue_with_it(channel: object) -> None:
    channel.basic_cancel(channel.basic_consume("story.passing", lambda *message: None))
    with pytest.raises(exceptions.ChannelClosedByBroker) as problem:
        channel.queue_declare("story.passing", passive=True)
    assert problem.value.reply_code == 404


def _refuses_to_delete(url: str) -> None:
    with a_channel(url) as channel:
        channel.queue_declare("story.full", exclusive=True)
        publish(channel, "story.full", "here")
        with pytest.raises(exceptions.ChannelClosedByBroker) as problem:
            channel.queue_delete("story.full", if_empty=True)
        assert problem.value.reply_code == 406
        following = channel.connection.channel()
        following.basic_consume("story.full", lambda *message: None)
        with pytest.raises(exceptions.ChannelClosedByBroker) as problem:
            following.queue_delete("story.full", if_unused=True)
        assert problem.value.reply_code == 406


def error_not_found(url: str) -> None:
    with a_channel(url) as channel:
        with pytest.raises(exceptions.ChannelClosedByBroker) as problem:
            channel.queue_declare("story.nowhere", passive=True)
        assert problem.value.reply_code == 404
        saw_error(problem.value)
        with pytest.raises(exceptions.ChannelWrongStateError) as afterwards:
            channel.queue_declare("story.nowhere")
        saw_error(afterwards.value)
    with a_channel(url) as channel:
        channel.basic_publish("story.nowhere", "key", b"")
        with pytest.raises(exceptions.ChannelClosedByBroker) as problem:
            channel.queue_declare("", exclusive=True)
        saw_error(problem.value)


def error_precondition(url: str) -> None:
    with a_channel(url) as channel:
        channel.queue_declare("story.declared", exclusive=True, arguments={"x-max-length": 10})
        with pytest.raises(exceptions.ChannelClosedByBroker) as problem:
            channel.queue_declare("story.declared", exclusive=True, arguments={"x-max-length": 20})
        assert problem.value.reply_code == 406
        saw_error(problem.value)


def error_access_refused(url: str) -> None:
    with a_channel(url) as channel, a_channel(url) as other:
        with pytest.raises(exceptions.ChannelClosedByBroker) as problem:
            channel.exchange_delete("amq.direct")
        assert problem.value.reply_code == 403
        saw_error(problem.value)
        channel.connection.channel().queue_declare("story.mine", exclusive=True)
        with pytest.raises(exceptions.ChannelClosedByBroker) as problem:
            other.queue_delete("story.mine")
        assert problem.value.reply_code == 405
        saw_error(problem.value)


def error_unknown_tag(url: str) -> None:
    with a_channel(url) as channel:
        channel.basic_ack(17)
        with pytest.raises(exceptions.ChannelClosedByBroker) as problem:
            channel.queue_declare("", exclusive=True)
        assert problem.value.reply_code == 406
        saw_error(problem.value)


def channel_survives(url: str) -> None:
    with a_channel(url) as channel:
        with pytest.raises(exceptions.ChannelClosedByBroker):
            channel.queue_declare("story.nowhere", passive=True)
        assert channel.is_closed
        assert channel.connection.is_open
        following = channel.connection.channel()
        following.queue_declare("story.survivor", exclusive=True)
        publish(following, "story.survivor", "alive")
        assert drained(following, "story.survivor") == ["alive"]


def close(url: str) -> None:
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    channel.queue_declare("story.closing", exclusive=True)
    connection.close()
    assert connection.is_closed
    assert channel.is_closed
    with pytest.raises(exceptions.ConnectionWrongStateError):
        connection.channel()
    # The broker knows it, too: the exclusive queue's name is free.
    with a_channel(url) as another:
        another.queue_declare("story.closing", exclusive=True)
