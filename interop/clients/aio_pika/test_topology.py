"""Queues and exchanges: declared, found again, refused when they differ, gone when they should be."""

import aio_pika
import pytest
from aio_pika.exceptions import ChannelNotFoundEntity, ChannelPreconditionFailed
from aiormq.exceptions import ChannelAccessRefused, ChannelLockedResource

from interop.clients.aio_pika.programs import Inbox, bodies, program


async def exists(connection, queue_name):
    """Ask on a channel of its own: a missing queue costs the channel."""
    channel = await connection.channel()
    try:
        await channel.declare_queue(queue_name, passive=True)
    except ChannelNotFoundEntity:
        return False
    await channel.close()
    return True


@program
async def test_a_queue_without_a_name_gets_one(url):
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        first, second = [await channel.declare_queue(exclusive=True) for _ in range(2)]
        assert first.name.startswith("amq.gen-")
        assert first.name != second.name


@program
async def test_declaring_again_tells_what_is_in_the_queue(url, unique):
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(unique("q"), exclusive=True)
        for _ in range(3):
            await channel.default_exchange.publish(aio_pika.Message(b"x"), queue.name)
        again = await channel.declare_queue(queue.name, passive=True)
        assert again.declaration_result.message_count == 3
        assert again.declaration_result.consumer_count == 0


@program
async def test_a_queue_is_not_declared_otherwise_than_it_is(url, unique):
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(unique("q"), durable=True)
        name = f"queue '{queue.name}' in vhost '/'"
        try:
            with pytest.raises(ChannelPreconditionFailed) as refusal:
                await (await connection.channel()).declare_queue(queue.name, durable=True, auto_delete=True)
            expected = f"inequivalent arg 'auto_delete' for {name}: received 'true' but current is 'false'"
            assert expected in str(refusal.value)
        finally:
            await queue.delete()


@program
async def test_what_is_missing_is_named(url, unique):
    async with await aio_pika.connect(url) as connection:
        queue, exchange = unique("queue"), unique("exchange")
        with pytest.raises(ChannelNotFoundEntity, match=r"no queue '.*queue' in vhost '/'"):
            await (await connection.channel()).declare_queue(queue, passive=True)
        with pytest.raises(ChannelNotFoundEntity, match=r"no exchange '.*exchange' in vhost '/'"):
            await (await connection.channel()).declare_exchange(exchange, passive=True)
        with pytest.raises(ChannelAccessRefused, match="contains reserved prefix 'amq"):
            await (await connection.channel()).declare_queue("amq.mine")


@program
async def test_an_exclusive_queue_is_its_connections_alone(url, unique):
    async with await aio_pika.connect(url) as other:
        async with await aio_pika.connect(url) as owner:
            channel = await owner.channel()
            queue = await channel.declare_queue(unique("q"), exclusive=True)
            with pytest.raises(ChannelLockedResource, match="cannot obtain exclusive access to locked queue"):
                await (await other.channel()).declare_queue(queue.name, exclusive=True)
        assert not await exists(other, queue.name), "it outlived the connection that declared it"


@program
async def test_an_auto_delete_queue_goes_with_its_last_consumer(url, unique):
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(unique("q"), auto_delete=True)
        first, second = [await queue.consume(Inbox()) for _ in range(2)]
        await queue.cancel(first)
        assert await exists(connection, queue.name), "a consumer is left"
        await queue.cancel(second)
        assert not await exists(connection, queue.name)


@program
async def test_an_auto_delete_exchange_goes_with_its_last_binding(url, unique):
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        exchange = await channel.declare_exchange(unique("x"), auto_delete=True)
        queue = await channel.declare_queue(unique("q"), exclusive=True)
        await queue.bind(exchange, "key")
        await queue.unbind(exchange, "key")
        with pytest.raises(ChannelNotFoundEntity):
            await channel.declare_exchange(exchange.name, passive=True)


@program
async def test_purge_and_delete_tell_how_many_messages_went(url, unique):
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(unique("q"))
        for count in (3, 2):
            for _ in range(count):
                await channel.default_exchange.publish(aio_pika.Message(b"x"), queue.name)
            gone = await (queue.purge() if count == 3 else queue.delete(if_empty=False))
            assert gone.message_count == count


@program
async def test_a_queue_in_use_or_not_empty_is_kept_when_asked_to(url, unique):
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(unique("q"))
        try:
            await channel.default_exchange.publish(aio_pika.Message(b"x"), queue.name)
            careful = await connection.channel()
            with pytest.raises(ChannelPreconditionFailed, match="not empty"):
                await (await careful.get_queue(queue.name)).delete(if_empty=True)
            await queue.consume(Inbox())
            careful = await connection.channel()
            with pytest.raises(ChannelPreconditionFailed, match="in use"):
                await (await careful.get_queue(queue.name)).delete(if_unused=True, if_empty=False)
        finally:
            await queue.delete(if_unused=False, if_empty=False)


@program
async def test_exchanges_are_bound_to_exchanges(url, unique):
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        source = await channel.declare_exchange(unique("source"), "topic", auto_delete=True)
        target = await channel.declare_exchange(unique("target"), "fanout", auto_delete=True)
        queue = await channel.declare_queue(exclusive=True)
        await target.bind(source, "hare.#")
        await queue.bind(target)
        for key in ("hare.brown", "fox.red", "hare"):
            await source.publish(aio_pika.Message(key.encode()), key, mandatory=False)
        assert await bodies(queue) == [b"hare.brown", b"hare"]
        await target.unbind(source, "hare.#")


@program
async def test_what_an_exchange_cannot_route_goes_to_its_alternate(url, unique):
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        lost = await channel.declare_exchange(unique("lost"), "fanout", auto_delete=True)
        queue = await channel.declare_queue(exclusive=True)
        await queue.bind(lost)
        main = await channel.declare_exchange(unique("main"), arguments={"alternate-exchange": lost.name})
        try:
            await main.publish(aio_pika.Message(b"strayed"), "nobody")
            assert await bodies(queue) == [b"strayed"]
        finally:
            await main.delete()
