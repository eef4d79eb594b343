"""Stream queues through aio-pika: read from any offset, by many at once, with prefetch as credit."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractQueue
from aio_pika.exceptions import ChannelPreconditionFailed
from aiormq.exceptions import ConnectionNotImplemented
from pamqp.commands import Basic

from interop.clients.aio_pika.programs import Inbox, program, soon

# For what must not come: all else has come within milliseconds.
_SILENCE_S = 0.05


@asynccontextmanager
async def streaming(
    url: str, name: str, prefetch: int = 100, **arguments: Any
) -> AsyncIterator[tuple[AbstractConnection, AbstractChannel, AbstractQueue]]:
    """A connection, a channel with a prefetch, and a stream that is deleted in the end.

    ``arguments`` are the stream's, with underscores for hyphens.
    """
    named = {key.replace("_", "-"): value for key, value in arguments.items()}
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=prefetch)
        stream = await channel.declare_queue(name, durable=True, arguments={"x-queue-type": "stream", **named})
        try:
            yield connection, channel, stream
        finally:
            async with await aio_pika.connect(url) as other:
                await (await other.channel()).queue_delete(name)


async def fill(channel: AbstractChannel, stream: AbstractQueue, *bodies: bytes, **headers: str) -> None:
    """Publish one after the other, each confirmed before the next, so each in a chunk of its own."""
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    for body in bodies:
        confirmation = await channel.default_exchange.publish(aio_pika.Message(body, headers=named), stream.name)
        assert isinstance(confirmation, Basic.Ack)


async def offsets(inbox: Inbox, count: int) -> list[int]:
    """Those of the next messages, of which there must be no more."""
    found = [message.headers["x-stream-offset"] for message in await inbox.take(count)]
    await asyncio.sleep(_SILENCE_S)
    assert inbox.waiting == 0, "more came"
    return found


@pytest.mark.parametrize(
    ("arguments", "first"),
    [
        ({}, 5),
        ({"x-stream-offset": "first"}, 0),
        ({"x-stream-offset": "last"}, 4),
        ({"x-stream-offset": "next"}, 5),
        ({"x-stream-offset": 2}, 2),
        ({"x-stream-offset": "7D"}, 0),
        ({"x-stream-offset": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)}, 0),
        ({"x-stream-offset": dt.datetime(2100, 1, 1, tzinfo=dt.UTC)}, 5),
    ],
    ids=str,
)
@program
async def test_a_reader_begins_where_it_wants(url, unique, arguments, first):
    async with streaming(url, unique("s")) as (_, channel, stream):
        await fill(channel, stream, b"0", b"1", b"2", b"3", b"4")
        inbox = Inbox()
        await stream.consume(inbox, arguments=arguments)
        assert await offsets(inbox, 5 - first) == list(range(first, 5))
        await fill(channel, stream, b"5")
        assert await offsets(inbox, 1) == [5]


@program
async def test_the_iterator_reads_a_stream_and_acks_as_it_goes(url, unique):
    """The prefetch is smaller than the stream: without credit for acks the loop would come to a halt."""
    async with streaming(url, unique("s"), prefetch=4) as (_, channel, stream):
        sent = [str(number).encode() for number in range(50)]
        await fill(channel, stream, *sent)
        seen = []
        async with stream.iterator(arguments={"x-stream-offset": "first"}, timeout=5) as messages:
            async for message in messages:
                async with message.process():
                    seen.append(message.body)
                if len(seen) == 50:
                    break
        assert seen == sent


@program
async def test_a_thousand_publishes_at_once_are_confirmed_and_have_the_offsets_0_to_999(url, unique):
    async with streaming(url, unique("s"), prefetch=1000) as (_, channel, stream):
        sent = [str(number).encode() for number in range(1000)]
        publish = channel.default_exchange.publish
        confirmations = await asyncio.gather(*(publish(aio_pika.Message(body), stream.name) for body in sent))
        assert all(isinstance(each, Basic.Ack) for each in confirmations)
        inbox = Inbox()
        await stream.consume(inbox, arguments={"x-stream-offset": "first"})
        messages = await inbox.take(1000)
        assert [message.headers["x-stream-offset"] for message in messages] == list(range(1000))
        assert [message.body for message in messages] == sent
        assert not any(message.redelivered for message in messages)


@program
async def test_prefetch_is_credit_and_every_answer_gives_it_back(url, unique):
    async with streaming(url, unique("s"), prefetch=2) as (_, channel, stream):
        await fill(channel, stream, *(str(number).encode() for number in range(8)))
        inbox = Inbox()
        await stream.consume(inbox, arguments={"x-stream-offset": "first"})
        first, second = await inbox.take(2)
        await asyncio.sleep(_SILENCE_S)
        assert inbox.waiting == 0, "more than the prefetch was delivered"
        await second.ack(multiple=True)
        third, fourth = await inbox.take(2)
        await third.nack(requeue=True)
        await fourth.reject(requeue=False)
        assert (first.body, third.body) == (b"0", b"2")
        assert await offsets(inbox, 2) == [4, 5], "what was sent back does not come again"


@program
async def test_readers_do_not_take_from_each_other(url, unique):
    async with streaming(url, unique("s")) as (connection, channel, stream):
        await fill(channel, stream, b"0", b"1", b"2")
        inboxes = [Inbox() for _ in range(3)]
        for inbox in inboxes:
            await stream.consume(inbox, arguments={"x-stream-offset": "first"})
        other = await connection.channel()
        await other.set_qos(prefetch_count=1)
        slow = Inbox()
        await (await other.get_queue(stream.name)).consume(slow, arguments={"x-stream-offset": 1})
        await fill(channel, stream, b"3")
        for inbox in inboxes:
            assert await offsets(inbox, 4) == [0, 1, 2, 3]
        assert await offsets(slow, 1) == [1]


@program
async def test_a_filtered_reader_is_spared_what_others_want(url, unique):
    async with streaming(url, unique("s"), x_stream_filter_size_bytes=64) as (_, channel, stream):
        for kind in ("red", "blue", "red"):
            await fill(channel, stream, kind.encode(), x_stream_filter_value=kind)
        await fill(channel, stream, b"plain")
        red, both, plain = Inbox(), Inbox(), Inbox()
        begin = {"x-stream-offset": "first"}
        await stream.consume(red, arguments={**begin, "x-stream-filter": "red"})
        await stream.consume(both, arguments={**begin, "x-stream-filter": ["red", "blue"]})
        await stream.consume(plain, arguments={**begin, "x-stream-filter": "white", "x-stream-match-unfiltered": True})
        assert await offsets(red, 2) == [0, 2]
        assert await offsets(both, 3) == [0, 1, 2]
        assert await offsets(plain, 1) == [3]


@pytest.mark.parametrize(
    ("properties", "arguments", "complaint"),
    [
        ({"durable": False}, {}, "invalid property 'non-durable' for {}"),
        ({"exclusive": True}, {}, "invalid property 'exclusive-owner' for {}"),
        ({"auto_delete": True}, {}, "invalid property 'auto-delete' for {}"),
        ({}, {"x-max-length": 5}, "invalid arg 'x-max-length' for {} of queue type rabbit_stream_queue"),
        ({}, {"x-max-age": "5 days"}, "invalid arg 'x-max-age' for {}: invalid_max_age"),
    ],
)
@program
async def test_what_a_stream_cannot_be_is_refused(url, unique, properties, arguments, complaint):
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        settings = {"durable": True, **properties, "arguments": {"x-queue-type": "stream", **arguments}}
        with pytest.raises(ChannelPreconditionFailed) as refused:
            await channel.declare_queue(unique("s"), **settings)
        assert complaint.format(f"queue '{unique('s')}' in vhost '/'") in str(refused.value)
        await (await connection.channel()).declare_queue(exclusive=True)


@pytest.mark.parametrize(
    ("prefetch", "arguments", "complaint"),
    [
        (0, {}, "consumer prefetch count is not set for stream {}"),
        (5, {"x-priority": 1}, "invalid arg 'x-priority' for {} of queue type rabbit_stream_queue"),
        (5, {"x-stream-offset": "5 days"}, "invalid arg 'x-stream-offset' for {}: {{invalid_stream_offset_arg,"),
    ],
)
@program
async def test_a_consumer_that_a_stream_cannot_serve_is_refused(url, unique, prefetch, arguments, complaint):
    async with streaming(url, unique("s"), prefetch=prefetch) as (_, channel, stream):
        with pytest.raises(ChannelPreconditionFailed) as refused:
            await stream.consume(Inbox(), arguments=arguments)
        assert complaint.format(f"queue '{stream.name}' in vhost '/'") in str(refused.value)
        assert channel.is_closed


@pytest.mark.parametrize(
    ("method", "settings", "complaint"),
    [
        ("get", {}, "basic.get not supported by stream queues {}"),
        ("purge", {}, "queue.purge not supported by stream queues {}"),
        ("consume", {"callback": print, "no_ack": True}, "automatic acknowledgement not supported by stream {}"),
    ],
)
@program
async def test_what_is_not_for_streams_ends_the_connection(url, unique, method, settings, complaint):
    async with streaming(url, unique("s")) as (_, _, stream):
        with pytest.raises(ConnectionNotImplemented) as refused:
            await soon(getattr(stream, method)(**settings), "the refusal")
        assert complaint.format(f"queue '{stream.name}' in vhost '/'") in str(refused.value)


@program
async def test_a_deleted_stream_tells_its_readers(url, unique):
    async with streaming(url, unique("s")) as (connection, channel, stream):
        await fill(channel, stream, b"0")
        cancelled: asyncio.Queue[str] = asyncio.Queue()
        underlay = await channel.get_underlay_channel()
        underlay.on_consumer_cancel_callbacks.add(lambda frame: cancelled.put_nowait(frame.consumer_tag))
        inbox = Inbox()
        tags = [await stream.consume(inbox, arguments={"x-stream-offset": "first"}) for _ in range(2)]
        last = (await inbox.take(2))[-1]
        await (await connection.channel()).queue_delete(stream.name)
        told = [await soon(cancelled.get(), "the broker's basic.cancel") for _ in tags]
        assert sorted(told) == sorted(tags)
        await last.ack()
        await channel.set_qos(prefetch_count=1)  # its answer comes after a refusal of the ack
