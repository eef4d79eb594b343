"""Connections and what is declared; errors and what kombu shows of them."""

from __future__ import annotations

import kombu
import pytest
from amqp import exceptions

from interop.clients.kombu.story.doors import a_queue, connected, consuming, drained, send
from interop.clients.story.telling import saw, saw_error


def _saw(problem: exceptions.AMQPError) -> None:
    """What it prints, and what it carries."""
    saw_error(problem)
    saw(problem.reply_code, problem.reply_text, problem.method_name)


def connect(url: str) -> None:
    with connected(url) as connection:
        connection.ensure_connection(max_retries=1)
        assert connection.connection.server_properties["product"] == "RabbitMQ"
        assert connection.connected
        assert connection.supports_heartbeats
        assert connection.get_heartbeat_interval() == 0


def wrong_password(url: str) -> None:
    with connected(url) as connection:
        connection.password = "wrong"
        with pytest.raises(exceptions.AccessRefused) as problem:
            connection.connect()
        assert problem.value.reply_code == 403
        _saw(problem.value)


def wrong_vhost(url: str) -> None:
    with kombu.Connection(url, virtual_host="story.nowhere") as connection:
        with pytest.raises(exceptions.NotAllowed) as problem:
            connection.connect()
        assert problem.value.reply_code == 530
        _saw(problem.value)


def topology(url: str) -> None:
    with connected(url, confirm_publish=True) as connection:
        channel = connection.default_channel
        exchange = kombu.Exchange("story.topology", durable=True)(channel)
        lasting = kombu.Queue("story.durable", exchange, routing_key="key", durable=True)(channel)
        lasting.declare()  # with its exchange and its binding
        assert (lasting.name, lasting.exclusive) == ("story.durable", False)
        named = a_queue(connection, "")
        assert named.name.startswith("amq.gen-")
        exchange.declare(passive=True)
        named.bind_to(exchange, routing_key="key")
        send(connection, "key", "one", "two", exchange=exchange)
        assert named.queue_declare(passive=True).message_count == 2
        assert named.purge() == 2
        named.unbind_from(exchange, routing_key="key")
        send(connection, "key", "three", exchange=exchange)
        assert drained(named) == []
        assert lasting.delete() == 3
        exchange.delete(if_unused=True)
        _last_consumer_takes_the_queue_with_it(connection)
        _refuses_to_delete(connection)


def _last_consumer_takes_the_queue_with_it(connection: kombu.Connection) -> None:
    passing = kombu.Queue("story.passing", durable=False, auto_delete=True)(connection.default_channel)
    passing.declare()
    with consuming(connection, passing):
        pass
    with pytest.raises(exceptions.NotFound):
        passing(connection.channel()).queue_declare(passive=True)


def _refuses_to_delete(connection: kombu.Connection) -> None:
    full = a_queue(connection, "story.full")
    send(connection, "story.full", "here")
    with pytest.raises(exceptions.PreconditionFailed):
        full(connection.channel()).delete(if_empty=True)
    with consuming(connection, full), pytest.raises(exceptions.PreconditionFailed):
        full(connection.channel()).delete(if_unused=True)


def error_not_found(url: str) -> None:
    with connected(url, confirm_publish=True) as connection:
        with pytest.raises(exceptions.NotFound) as problem:
            kombu.Queue("story.nowhere")(connection.channel()).queue_declare(passive=True)
        assert problem.value.reply_code == 404
        _saw(problem.value)
        with pytest.raises(exceptions.NotFound) as problem:
            send(connection, "key", "lost", exchange="story.nowhere")
        _saw(problem.value)


def error_precondition(url: str) -> None:
    with connected(url) as connection:
        a_queue(connection, "story.declared", max_length=10)
        with pytest.raises(exceptions.PreconditionFailed) as problem:
            a_queue(connection, "story.declared", max_length=20)
        assert problem.value.reply_code == 406
        _saw(problem.value)


def error_access_refused(url: str) -> None:
    with connected(url) as connection, connected(url) as another:
        with pytest.raises(exceptions.AccessRefused) as problem:
            kombu.Exchange("amq.direct")(connection.channel()).delete()
        assert problem.value.reply_code == 403
        _saw(problem.value)
        mine = a_queue(connection, "story.mine")
        with pytest.raises(exceptions.ResourceLocked) as problem:
            mine(another.channel()).delete()
        assert problem.value.reply_code == 405
        _saw(problem.value)


def error_unknown_tag(url: str) -> None:
    with connected(url) as connection:
        connection.default_channel.basic_ack(17)
        with pytest.raises(exceptions.PreconditionFailed) as problem:
            connection.drain_events(timeout=5)
        assert problem.value.reply_code == 406
        _saw(problem.value)


def channel_survives(url: str) -> None:
    with connected(url) as connection:
        channel = connection.default_channel
        with pytest.raises(connection.channel_errors):
            kombu.Queue("story.nowhere")(channel).queue_declare(passive=True)
        # py-amqp opens such a channel anew, under its number.
        assert channel.is_open
        assert connection.connected
        survivor = a_queue(connection, "story.survivor")
        assert survivor.channel is channel
        send(connection, "story.survivor", "alive")
        assert drained(survivor) == ["alive"]


def close(url: str) -> None:
    connection = kombu.Connection(url)
    a_queue(connection, "story.closing")
    below = connection.connection
    connection.release()
    assert not connection.connected
    assert not below.connected
    # The broker knows it, too: the exclusive queue's name is free.
    with connected(url) as another:
        a_queue(another, "story.closing")
