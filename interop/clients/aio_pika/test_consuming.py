"""Consuming: who gets what, how much of it at a time, and what becomes of a message that is not acked."""

import asyncio
from collections import Counter

import aio_pika
import pytest
from aio_pika.exceptions import ChannelPreconditionFailed, DuplicateConsumerTag, QueueEmpty
from aiormq.exceptions import ChannelAccessRefused

from interop.clients.aio_pika.programs import Inbox, bodies, program, soon


async def filled(channel, name, count):
    """An exclusive queue with the messages b"0", b"1" ..."""
    queue = await channel.declare_queue(name, exclusive=True)
    for number in range(count):
        await channel.default_exchange.publish(aio_pika.Message(str(number).encode()), name)
    return queue


async def ready(connection, queue):
    """Messages ready in the queue; asked on a channel of its own."""
    async with connection.channel() as channel:
        return (await channel.declare_queue(queue.name, passive=True)).declaration_result.message_count


@program
async def test_a_consumer_gets_what_waits_and_what_comes_in_order(url, unique):
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        queue = await filled(channel, unique("q"), 3)
        inbox = Inbox()
        await queue.consume(inbox)
        await channel.default_exchange.publish(aio_pika.Message(b"3"), queue.name)
        messages = await inbox.take(4)
        assert [message.body for message in messages] == [b"0", b"1", b"2", b"3"]
        assert [message.delivery_tag for message in messages] == [1, 2, 3, 4]
        assert not any(message.redelivered for message in messages)
        assert messages[0].routing_key == queue.name
        assert messages[0].exchange == ""


@program
async def test_the_iterator_acks_as_it_goes(url, unique):
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        queue = await filled(channel, unique("q"), 5)
        seen = []
        async with queue.iterator() as messages:
            async for message in messages:
                async with message.process():
                    seen.append(message.body)
                if len(seen) == 5:
                    break
        assert seen == [b"0", b"1", b"2", b"3", b"4"]
        assert await ready(connection, queue) == 0


@program
async def test_unacked_messages_return_to_their_places_when_the_channel_closes(url, unique):
    async with await aio_pika.connect(url) as connection:
        queue = await filled(await connection.channel(), unique("q"), 4)
        async with connection.channel() as channel:
            inbox = Inbox()
            await (await channel.get_queue(queue.name)).consume(inbox)
            messages = await inbox.take(4)
            await messages[1].ack()
        again = [await queue.get(no_ack=True) for _ in range(3)]
        assert [message.body for message in again] == [b"0", b"2", b"3"]
        assert all(message.redelivered for message in again)


@pytest.mark.parametrize("refuse", ["nack", "reject"])
@pytest.mark.parametrize("requeue", [True, False])
@program
async def test_a_refused_message_is_requeued_or_gone(url, unique, refuse, requeue):
    async with await aio_pika.connect(url) as connection:
        queue = await filled(await connection.channel(), unique("q"), 2)
        message = await queue.get()
        await getattr(message, refuse)(requeue=requeue)
        assert await bodies(queue) == ([b"0", b"1"] if requeue else [b"1"])


@program
async def test_a_multiple_ack_settles_all_up_to_it(url, unique):
    async with await aio_pika.connect(url) as connection:
        queue = await filled(await connection.channel(), unique("q"), 4)
        async with connection.channel() as channel:
            inbox = Inbox()
            await (await channel.get_queue(queue.name)).consume(inbox)
            messages = await inbox.take(4)
            await messages[2].ack(multiple=True)
        assert await bodies(queue) == [b"3"]


@program
async def test_a_multiple_nack_requeues_all_up_to_it_in_order(url, unique):
    async with await aio_pika.connect(url) as connection:
        queue = await filled(await connection.channel(), unique("q"), 4)
        messages = [await queue.get() for _ in range(4)]
        await messages[2].nack(multiple=True, requeue=True)
        assert await bodies(queue) == [b"0", b"1", b"2"]


@pytest.mark.parametrize("prefetch", [1, 5])
@program
async def test_prefetch_is_held_exactly(url, unique, prefetch):
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=prefetch)
        queue = await filled(channel, unique("q"), 20)
        inbox = Inbox()
        await queue.consume(inbox)
        messages = await inbox.take(prefetch)
        # The answer to a request comes after all that was sent before it: no more deliveries can be on their way.
        assert await ready(connection, queue) == 20 - prefetch
        assert inbox.waiting == 0, "more than the prefetch was delivered"
        await messages[0].ack()
        assert (await inbox.next()).body == str(prefetch).encode()
        assert await ready(connection, queue) == 20 - prefetch - 1


@program
async def test_consumers_take_turns(url, unique):
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=1)
        queue = await filled(channel, unique("q"), 0)
        served: Counter[int] = Counter()
        done = asyncio.Event()

        def consumer(number):
            async def serve(message):
                served[number] += 1
                await message.ack()
                if served.total() == 30:
                    done.set()

            return serve

        for number in range(3):
            await queue.consume(consumer(number))
        for _ in range(30):
            await channel.default_exchange.publish(aio_pika.Message(b"x"), queue.name)
        await soon(done.wait(), f"thirty deliveries; so far {served}")
        assert served == {0: 10, 1: 10, 2: 10}


@program
async def test_get_tells_an_empty_queue(url, unique):
    async with await aio_pika.connect(url) as connection:
        queue = await filled(await connection.channel(), unique("q"), 2)
        message = await queue.get()
        assert message.message_count == 1, "one is left behind the one that was got"
        await message.ack()
        await queue.get(no_ack=True)
        assert await queue.get(fail=False) is None
        with pytest.raises(QueueEmpty):
            await queue.get()


@program
async def test_after_cancel_nothing_comes_and_nothing_is_lost(url, unique):
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        queue = await filled(channel, unique("q"), 1)
        inbox = Inbox()
        tag = await queue.consume(inbox)
        await (await inbox.next()).ack()
        await queue.cancel(tag)
        await channel.default_exchange.publish(aio_pika.Message(b"later"), queue.name)
        assert inbox.waiting == 0
        assert await bodies(queue) == [b"later"]


@program
async def test_a_consumer_learns_that_its_queue_is_deleted(url, unique):
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(unique("q"))
        cancelled = asyncio.get_running_loop().create_future()
        underlay = await channel.get_underlay_channel()
        underlay.on_consumer_cancel_callbacks.add(lambda frame: cancelled.set_result(frame.consumer_tag))
        tag = await queue.consume(Inbox())
        async with connection.channel() as other:
            await (await other.get_queue(queue.name)).delete(if_unused=False, if_empty=False)
        assert await soon(cancelled, "the broker's basic.cancel") == tag


@program
async def test_an_exclusive_consumer_is_alone(url, unique):
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(unique("q"), exclusive=True)
        await queue.consume(Inbox(), exclusive=True)
        other = await (await connection.channel()).get_queue(queue.name)
        with pytest.raises(ChannelAccessRefused, match="in exclusive use"):
            await other.consume(Inbox())


@program
async def test_a_message_is_not_acked_twice(url, unique):
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel(publisher_confirms=False)
        closed = asyncio.get_running_loop().create_future()
        channel.close_callbacks.add(lambda _, reason: closed.done() or closed.set_result(reason))
        queue = await filled(channel, unique("q"), 1)
        message = await queue.get()
        underlay = await channel.get_underlay_channel()
        await underlay.basic_ack(message.delivery_tag)
        await underlay.basic_ack(message.delivery_tag)
        reason = await soon(closed, "the channel's end")
        assert isinstance(reason, ChannelPreconditionFailed)
        assert f"unknown delivery tag {message.delivery_tag}" in str(reason)
        async with connection.channel() as next_channel:
            await next_channel.get_queue(queue.name)


@program
async def test_a_consumer_tag_is_used_once(url, unique):
    async with await aio_pika.connect(url) as connection:
        queue = await filled(await connection.channel(), unique("q"), 0)
        await queue.consume(Inbox(), consumer_tag="mine")
        with pytest.raises(DuplicateConsumerTag):
            await queue.consume(Inbox(), consumer_tag="mine")
