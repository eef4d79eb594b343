"""Publishing: confirms, returns, and that a message arrives as it was sent."""

import asyncio
import datetime as dt
import decimal
import hashlib
import random

import aio_pika
import pytest
from aio_pika.exceptions import ChannelNotFoundEntity, DeliveryError, PublishError
from pamqp.commands import Basic

from interop.clients.aio_pika.programs import bodies, program


@program
async def test_a_publish_is_confirmed(url, unique):
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(unique("q"), exclusive=True)
        confirmation = await channel.default_exchange.publish(aio_pika.Message(b"x"), queue.name)
        assert isinstance(confirmation, Basic.Ack)
        assert await bodies(queue) == [b"x"], "it was confirmed, so it must be there"


@program
async def test_a_thousand_publishes_at_once_are_each_confirmed_and_stay_in_order(url, unique):
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(unique("q"), exclusive=True)
        sent = [str(number).encode() for number in range(1000)]
        publishes = [channel.default_exchange.publish(aio_pika.Message(body), queue.name) for body in sent]
        confirmations = await asyncio.gather(*publishes)
        assert all(isinstance(each, Basic.Ack) for each in confirmations)
        assert await bodies(queue) == sent


@program
async def test_a_mandatory_message_nobody_takes_comes_back(url, unique):
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel(on_return_raises=True)
        message = aio_pika.Message(b"lost", message_id="17", headers={"kept": True})
        with pytest.raises(PublishError) as refused:
            await channel.default_exchange.publish(message, unique("nobody"))
        returned = refused.value.message
        assert (returned.delivery.reply_code, returned.delivery.reply_text) == (312, "NO_ROUTE")
        assert (returned.delivery.exchange, returned.delivery.routing_key) == ("", unique("nobody"))
        assert returned.body == b"lost"
        assert returned.header.properties.message_id == "17"
        assert returned.header.properties.headers == {"kept": True}


@program
async def test_without_mandatory_it_is_confirmed_and_forgotten(url, unique):
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        confirmation = await channel.default_exchange.publish(
            aio_pika.Message(b"lost"), unique("nobody"), mandatory=False
        )
        assert isinstance(confirmation, Basic.Ack)


@program
async def test_publishing_to_a_missing_exchange_fails_the_publish_and_the_channel(url, unique):
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        exchange = await channel.get_exchange(unique("missing"), ensure=False)
        with pytest.raises((ChannelNotFoundEntity, DeliveryError)) as refused:
            await exchange.publish(aio_pika.Message(b"x"), "key")
        assert f"no exchange '{unique('missing')}' in vhost '/'" in str(refused.value)
        assert channel.is_closed
        await (await connection.channel()).declare_queue(exclusive=True)


@pytest.mark.parametrize("size", [0, 1, 4096, 131_064, 131_065, 5_000_000])
@program
async def test_a_body_of_any_size_arrives_whole(url, unique, size):
    body = random.Random(size).randbytes(size)  # 131,064 bytes fill one frame of the default frame_max exactly
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(unique("q"), exclusive=True)
        await channel.default_exchange.publish(aio_pika.Message(body), queue.name)
        message = await queue.get(no_ack=True)
        assert len(message.body) == size
        assert hashlib.sha256(message.body).digest() == hashlib.sha256(body).digest()


@program
async def test_every_property_comes_back(url, unique):
    sent = {
        "content_type": "text/plain",
        "content_encoding": "utf-8",
        "delivery_mode": aio_pika.DeliveryMode.PERSISTENT,
        "priority": 7,
        "correlation_id": "correlation",
        "reply_to": "reply",
        "expiration": 3600,
        "message_id": "id",
        "timestamp": dt.datetime(2026, 2, 3, 4, 5, 6, tzinfo=dt.UTC),
        "type": "kind",
        "user_id": "guest",
        "app_id": "tests",
    }
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(unique("q"), exclusive=True)
        await channel.default_exchange.publish(aio_pika.Message(b"x", **sent), queue.name)
        message = await queue.get(no_ack=True)
        assert {name: getattr(message, name) for name in sent} == sent


@pytest.mark.parametrize(
    "value",
    [
        True, False, None, 0, -1, 127, -32_769, 2**31 - 1, -(2**63), 2**63 - 1, 1.5, "text", "ünïcödé ✓", "",
        bytearray(b"\x00\xff"), "long " * 10_000, decimal.Decimal("3.14"),
        dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC),
        [], [1, "two", None, [3.0]], {}, {"deep": {"deeper": [{"deepest": True}]}},
    ],
    ids=lambda value: repr(value)[:30],
)  # fmt: skip
@program
async def test_a_header_of_any_type_comes_back(url, unique, value):
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(unique("q"), exclusive=True)
        await channel.default_exchange.publish(aio_pika.Message(b"x", headers={"value": value}), queue.name)
        message = await queue.get(no_ack=True)
        assert message.headers["value"] == value
        assert type(message.headers["value"]) is type(value)


@program
async def test_hundreds_of_headers_come_back(url, unique):
    headers = {f"header-{number}": number for number in range(500)}
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(unique("q"), exclusive=True)
        await channel.default_exchange.publish(aio_pika.Message(b"x", headers=headers), queue.name)
        assert (await queue.get(no_ack=True)).headers == headers
