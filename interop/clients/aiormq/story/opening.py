"""Connections and what is declared; errors and what aiormq shows of them."""

from __future__ import annotations

import aiormq
import pytest
from aiormq import exceptions
from yarl import URL

from interop.clients.aiormq.story.doors import Inbox, a_channel, a_connection, drained, publish
from interop.clients.story.telling import saw, saw_error


def _saw(problem: BaseException) -> None:
    saw_error(problem)
    saw(repr(problem))


async def connect(url: str) -> None:
    async with a_connection(url) as connection:
        assert connection.server_properties["product"] == "RabbitMQ"
        assert connection.basic_nack
        assert connection.consumer_cancel_notify
        assert connection.exchange_exchange_bindings
        assert connection.publisher_confirms
        assert connection.is_opened


async def wrong_password(url: str) -> None:
    with pytest.raises(exceptions.ProbableAuthenticationError) as problem:
        await aiormq.connect(URL(url).with_password("wrong"))
    _saw(problem.value)


async def wrong_vhost(url: str) -> None:
    with pytest.raises(exceptions.InvalidFrameError) as problem:
        await aiormq.connect(URL(url).with_path("/story.nowhere"))
    _saw(problem.value)


async def topology(url: str) -> None:
    async with a_connection(url) as connection:
        channel, second = await connection.channel(), await connection.channel()
        assert (await channel.queue_declare("story.durable", durable=True)).queue == "story.durable"
        named = (await channel.queue_declare(exclusive=True)).queue
        assert named.startswith("amq.gen-")
        await channel.exchange_declare("story.topology", durable=True)
        await channel.exchange_declare("story.topology", passive=True)
        await channel.queue_bind(named, "story.topology", "key")
        await publish(channel, "key", "one", "two", exchange="story.topology")
        assert (await channel.queue_declare(named, passive=True)).message_count == 2
        assert (await channel.queue_purge(named)).message_count == 2
        await channel.queue_unbind(named, "story.topology", "key")
        await publish(channel, "key", "three", exchange="story.topology")
        assert await drained(channel, named) == []
        await publish(channel, "story.durable", "kept")
        assert (await channel.queue_delete("story.durable")).message_count == 1
        await channel.exchange_delete("story.topology")
        await channel.queue_declare("story.passing", auto_delete=True, exclusive=True)
        consuming = await channel.basic_consume("story.passing", Inbox().take)
        await channel.basic_cancel(consuming.consumer_tag)
        with pytest.raises(exceptions.ChannelNotFoundEntity):
            await second.queue_declare("story.passing", passive=True)
    await _refuses_to_delete(url)


async def _refuses_to_delete(url: str) -> None:
    async with a_connection(url) as connection:
        channel, second = await connection.channel(), await connection.channel()
        await channel.queue_declare("story.full", exclusive=True)
        await publish(channel, "story.full", "here")
        with pytest.raises(exceptions.ChannelPreconditionFailed):
            await channel.queue_delete("story.full", if_empty=True)
        await second.basic_consume("story.full", Inbox().take)
        with pytest.raises(exceptions.ChannelPreconditionFailed):
            await second.queue_delete("story.full", if_unused=True)


async def error_not_found(url: str) -> None:
    async with a_connection(url) as connection:
        channel, second = await connection.channel(), await connection.channel()
        with pytest.raises(exceptions.ChannelNotFoundEntity) as problem:
            await channel.queue_declare("story.nowhere", passive=True)
        _saw(problem.value)
        with pytest.raises(exceptions.ChannelNotFoundEntity) as problem:
            await publish(second, "key", "lost", exchange="story.nowhere")
        _saw(problem.value)


async def error_precondition(url: str) -> None:
    async with a_channel(url) as channel:
        await channel.queue_declare("story.declared", exclusive=True, arguments={"x-max-length": 10})
        with pytest.raises(exceptions.ChannelPreconditionFailed) as problem:
            await channel.queue_declare("story.declared", exclusive=True, arguments={"x-max-length": 20})
        _saw(problem.value)


async def error_access_refused(url: str) -> None:
    async with a_connection(url) as connection, a_channel(url) as other:
        channel, second = await connection.channel(), await connection.channel()
        with pytest.raises(exceptions.ChannelAccessRefused) as problem:
            await channel.exchange_delete("amq.direct")
        _saw(problem.value)
        await second.queue_declare("story.mine", exclusive=True)
        with pytest.raises(exceptions.ChannelLockedResource) as problem:
            await other.queue_delete("story.mine")
        _saw(problem.value)


async def error_unknown_tag(url: str) -> None:
    async with a_channel(url) as channel:
        await channel.basic_ack(17)
        with pytest.raises(exceptions.ChannelPreconditionFailed) as problem:
            await channel.queue_declare(exclusive=True)
        _saw(problem.value)


async def channel_survives(url: str) -> None:
    async with a_connection(url) as connection:
        channel = await connection.channel()
        with pytest.raises(exceptions.ChannelNotFoundEntity):
            await channel.queue_declare("story.nowhere", passive=True)
        assert channel.is_closed
        assert not connection.is_closed
        following = await connection.channel()
        await following.queue_declare("story.survivor", exclusive=True)
        await publish(following, "story.survivor", "alive")
        assert await drained(following, "story.survivor") == ["alive"]


async def close(url: str) -> None:
    connection = await aiormq.connect(url)
    channel = await connection.channel()
    await channel.queue_declare("story.closing", exclusive=True)
    await connection.close()
    assert connection.is_closed
    assert channel.is_closed
    # The broker knows it, too: the exclusive queue's name is free.
    async with a_channel(url) as another:
        await another.queue_declare("story.closing", exclusive=True)
