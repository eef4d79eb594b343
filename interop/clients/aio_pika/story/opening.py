"""Connections and what is declared; errors and what aio-pika shows of them."""

from __future__ import annotations

import aio_pika
import pytest
from aio_pika import exceptions
from yarl import URL

from interop.clients.aio_pika.story.doors import a_channel, drained, message, publish, two_channels
from interop.clients.story.telling import saw_error


async def connect(url: str) -> None:
    async with await aio_pika.connect_robust(url) as connection:
        underlay = connection.transport.connection
        assert underlay.server_properties["product"] == "RabbitMQ"
        assert underlay.basic_nack
        assert underlay.publisher_confirms
        assert underlay.exchange_exchange_bindings
        assert not connection.is_closed


async def wrong_password(url: str) -> None:
    with pytest.raises(exceptions.ProbableAuthenticationError) as problem:
        await aio_pika.connect_robust(URL(url).with_password("wrong"))
    saw_error(problem.value)


async def wrong_vhost(url: str) -> None:
    with pytest.raises(exceptions.InvalidFrameError) as problem:
        await aio_pika.connect_robust(URL(url).with_path("/story.nowhere"))
    saw_error(problem.value)


async def topology(url: str) -> None:
    # A robust connection would name the queue itself, to find it again.
    async with await aio_pika.connect(url) as connection:
        channel, second = await connection.channel(on_return_raises=True), await connection.channel()
        durable = await channel.declare_queue("story.durable", durable=True)
        named = await channel.declare_queue("", exclusive=True)
        assert named.name.startswith("amq.gen-")
        exchange = await channel.declare_exchange("story.topology", durable=True)
        await channel.get_exchange("story.topology")
        await named.bind(exchange, "key")
        for body in ("one", "two"):
            await exchange.publish(message(body), "key")
        counted = await second.declare_queue(named.name, passive=True)
        assert counted.declaration_result.message_count == 2
        assert (await named.purge()).message_count == 2
        await named.unbind(exchange, "key")
        with pytest.raises(exceptions.PublishError):
            await exchange.publish(message("three"), "key")
        assert await drained(named) == []
        await publish(channel, "story.durable", "kept")
        assert (await durable.delete(if_unused=False, if_empty=False)).message_count == 1
        await exchange.delete()
    await _last_consumer_takes_the_queue_with_it(url)
    await _refuses_to_delete(url)


async def _last_consumer_takes_the_queue_with_it(url: str) -> None:
    async with two_channels(url) as (channel, second):
        passing = await channel.declare_queue("story.passing", auto_delete=True, exclusive=True)
        await passing.cancel(await passing.consume(lambda one: None))
        with pytest.raises(exceptions.ChannelNotFoundEntity):
            await second.get_queue("story.passing")


async def _refuses_to_delete(url: str) -> None:
    async with a_channel(url) as channel:
        full = await channel.declare_queue("story.full", exclusive=True)
        await publish(channel, "story.full", "here")
        with pytest.raises(exceptions.ChannelPreconditionFailed):
            await full.delete(if_unused=False, if_empty=True)
    async with a_channel(url) as channel:
        used = await channel.declare_queue("story.used", exclusive=True)
        await used.consume(lambda one: None)
        with pytest.raises(exceptions.ChannelPreconditionFailed):
            await used.delete(if_unused=True, if_empty=False)


async def error_not_found(url: str) -> None:
    async with a_channel(url) as channel:
        with pytest.raises(exceptions.ChannelNotFoundEntity) as problem:
            await channel.get_queue("story.nowhere")
        saw_error(problem.value)
    async with a_channel(url) as channel:
        exchange = await channel.get_exchange("story.nowhere", ensure=False)
        with pytest.raises(exceptions.ChannelNotFoundEntity) as problem:
            await exchange.publish(message("lost"), "key")
        saw_error(problem.value)


async def error_precondition(url: str) -> None:
    async with two_channels(url) as (channel, other):
        await channel.declare_queue("story.declared", exclusive=True, arguments={"x-max-length": 10})
        with pytest.raises(exceptions.ChannelPreconditionFailed) as problem:
            await other.declare_queue("story.declared", exclusive=True, arguments={"x-max-length": 20})
        saw_error(problem.value)


async def error_access_refused(url: str) -> None:
    async with two_channels(url) as (channel, second), a_channel(url) as other:
        with pytest.raises(exceptions.AMQPChannelError) as problem:
            await (await channel.get_exchange("amq.direct")).delete()
        saw_error(problem.value)
        await second.declare_queue("story.mine", exclusive=True)
        with pytest.raises(exceptions.AMQPChannelError) as problem:
            await other.queue_delete("story.mine")
        saw_error(problem.value)


async def error_unknown_tag(url: str) -> None:
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        underlay = await channel.get_underlay_channel()
        await underlay.basic_ack(17)
        with pytest.raises(exceptions.ChannelPreconditionFailed) as problem:
            await channel.declare_queue(exclusive=True)
        saw_error(problem.value)


async def channel_survives(url: str) -> None:
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        with pytest.raises(exceptions.ChannelNotFoundEntity):
            await channel.get_queue("story.nowhere")
        assert channel.is_closed
        assert not connection.is_closed
        following = await connection.channel()
        queue = await following.declare_queue("story.survivor", exclusive=True)
        await publish(following, "story.survivor", "alive")
        assert await drained(queue) == ["alive"]


async def close(url: str) -> None:
    connection = await aio_pika.connect_robust(url)
    channel = await connection.channel()
    await channel.declare_queue("story.closing", exclusive=True)
    await connection.close()
    assert connection.is_closed
    assert channel.is_closed
    # The broker knows it, too: the exclusive queue's name is free.
    async with a_channel(url) as another:
        await another.declare_queue("story.closing", exclusive=True)
