"""The program burrow.py runs; others publish to it and ask it."""

import asyncio
from collections.abc import Awaitable, Callable

import aio_pika
import pytest

from interop.clients.aio_pika.programs import program
from interop.clients.process import INSTALL, Program

pytest.importorskip("faststream", reason=INSTALL)
from faststream.rabbit import RabbitBroker

_PATIENCE_S = 20.0


@pytest.fixture(scope="module", autouse=True)
def burrow(url):
    with Program(
        "interop.clients.faststream.burrow", ready="FastStream app started", environment={"BROKER_URL": url}
    ) as running:
        yield running
        assert running.stop() == 0


async def heard(url: str, queue: str, act: Callable[[RabbitBroker], Awaitable[object]], count: int = 1):
    """What arrives in a queue that was empty before ``act``."""
    found: asyncio.Queue[aio_pika.abc.AbstractIncomingMessage] = asyncio.Queue()
    async with await aio_pika.connect(url) as connection, RabbitBroker(url) as broker:
        channel = await connection.channel()
        declared = await channel.declare_queue(queue, durable=True)
        await declared.purge()
        await declared.consume(found.put, no_ack=True)
        await act(broker)
        return [await asyncio.wait_for(found.get(), _PATIENCE_S) for _ in range(count)]


@program
async def test_a_request_is_answered(url):
    async with RabbitBroker(url) as broker:
        replies = [await broker.request(number, "burrow.square", timeout=_PATIENCE_S) for number in range(5)]
        assert [await reply.decode() for reply in replies] == [0, 1, 4, 9, 16]


@program
async def test_requests_side_by_side_get_each_its_own_reply(url):
    async with RabbitBroker(url) as broker:
        asked = [broker.request(number, "burrow.square", timeout=_PATIENCE_S) for number in range(20)]
        assert [await reply.decode() for reply in await asyncio.gather(*asked)] == [n * n for n in range(20)]


@program
async def test_what_a_subscriber_returns_is_published(url):
    (message,) = await heard(url, "burrow.out", lambda broker: broker.publish("hare", "burrow.in"))
    assert (message.body, message.content_type) == (b"HARE", "text/plain")
    assert message.correlation_id


@program
async def test_a_topic_is_subscribed_to(url):
    async def speak(broker):
        # Nothing tells a publisher that a key leads nowhere, unless it asks to be told.
        await broker.publish("nobody hears", exchange="burrow.news", routing_key="sports.north", mandatory=False)
        await broker.publish("rain", exchange="burrow.news", routing_key="weather.north.coast")

    (message,) = await heard(url, "burrow.out", speak)
    assert message.body == b"weather.north.coast: rain"


@program
async def test_what_is_nacked_comes_again(url):
    (message,) = await heard(url, "burrow.out", lambda broker: broker.publish("twice", "burrow.digging"))
    assert message.body == b"dug twice, redelivered True"


@program
async def test_an_error_gives_the_message_back_where_the_policy_says_so(url):
    (message,) = await heard(url, "burrow.out", lambda broker: broker.publish("text", "burrow.strict"))
    assert message.body == b"strict text"


@program
async def test_what_is_rejected_goes_to_the_dead_letter_queue(url):
    (message,) = await heard(url, "burrow.graves", lambda broker: broker.publish("reject", "burrow.digging"))
    assert message.body == b"reject"
    (death,) = message.headers["x-death"]
    assert (death["queue"], death["reason"], death["count"]) == ("burrow.digging", "rejected", 1)


@program
async def test_what_expires_goes_there_too(url):
    async def wait_there(broker):
        async with await aio_pika.connect(url) as connection:
            channel = await connection.channel()
            arguments = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "burrow.in", "x-message-ttl": 200}
            await channel.declare_queue("burrow.delay", durable=True, arguments=arguments)
        await broker.publish("later", "burrow.delay")

    (message,) = await heard(url, "burrow.out", wait_there)
    assert message.body == b"LATER"
