"""The four kinds of exchange: which messages reach which queues."""

import aio_pika
import pytest

from interop.clients.aio_pika.programs import bodies, program


async def routed(channel, exchange, keys):
    """A queue, bound by these keys."""
    queue = await channel.declare_queue(exclusive=True)
    for key in keys:
        await queue.bind(exchange, key)
    return queue


async def publish_each(exchange, keys):
    """Messages whose bodies are their routing keys; nothing says they must be routed."""
    for key in keys:
        await exchange.publish(aio_pika.Message(key.encode()), key, mandatory=False)


@program
async def test_the_default_exchange_knows_every_queue_by_its_name(url, unique):
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(unique("q"), exclusive=True)
        await channel.default_exchange.publish(aio_pika.Message(b"x"), queue.name)
        assert await bodies(queue) == [b"x"]


@program
async def test_direct_asks_for_the_same_key(url, unique):
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        exchange = await channel.declare_exchange(unique("x"), "direct", auto_delete=True)
        one = await routed(channel, exchange, ["a"])
        both = await routed(channel, exchange, ["a", "b"])
        await publish_each(exchange, ["a", "b", "c"])
        assert (await bodies(one), await bodies(both)) == ([b"a"], [b"a", b"b"])


@program
async def test_fanout_asks_for_nothing(url, unique):
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        exchange = await channel.declare_exchange(unique("x"), "fanout", auto_delete=True)
        queues = [await routed(channel, exchange, [key]) for key in ("", "ignored", "a")]
        await publish_each(exchange, ["a", "b"])
        assert [await bodies(queue) for queue in queues] == [[b"a", b"b"]] * 3


@pytest.mark.parametrize(
    ("pattern", "matching"),
    [
        ("#", ["", "hare", "hare.brown", "hare.brown.north"]),
        ("*", ["hare"]),
        ("hare.#", ["hare", "hare.brown", "hare.brown.north"]),
        ("hare.*", ["hare.brown"]),
        ("*.brown.*", ["hare.brown.north"]),
        ("#.north", ["hare.brown.north"]),
        ("hare.#.north", ["hare.brown.north"]),
        ("hare.brown", ["hare.brown"]),
    ],
)
@program
async def test_topic_matches_words(url, unique, pattern, matching):
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        exchange = await channel.declare_exchange(unique("x"), "topic", auto_delete=True)
        queue = await routed(channel, exchange, [pattern])
        await publish_each(exchange, ["", "hare", "hare.brown", "hare.brown.north"])
        assert await bodies(queue) == [key.encode() for key in matching]


@program
async def test_a_queue_gets_a_message_once_however_many_bindings_match(url, unique):
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        exchange = await channel.declare_exchange(unique("x"), "topic", auto_delete=True)
        queue = await routed(channel, exchange, ["#", "hare.*", "hare.brown"])
        await publish_each(exchange, ["hare.brown"])
        assert await bodies(queue) == [b"hare.brown"]


@pytest.mark.parametrize(
    ("binding", "matching"),
    [
        ({"x-match": "all", "fur": "brown", "legs": 4}, ["brown hare"]),
        ({"x-match": "any", "fur": "brown", "legs": 4}, ["brown hare", "white hare", "brown bird"]),
        ({"fur": "brown"}, ["brown hare", "brown bird"]),
        ({"x-match": "all", "x-secret": "yes", "fur": "brown"}, ["brown hare", "brown bird"]),
        ({"x-match": "any-with-x", "x-secret": "yes"}, ["white hare"]),
    ],
)
@program
async def test_headers_match_names_and_values(url, unique, binding, matching):
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        exchange = await channel.declare_exchange(unique("x"), "headers", auto_delete=True)
        queue = await channel.declare_queue(exclusive=True)
        await queue.bind(exchange, arguments=binding)
        animals = {
            "brown hare": {"fur": "brown", "legs": 4},
            "white hare": {"fur": "white", "legs": 4, "x-secret": "yes"},
            "brown bird": {"fur": "brown", "legs": 2},
            "nothing": {},
        }
        for animal, headers in animals.items():
            await exchange.publish(aio_pika.Message(animal.encode(), headers=headers), "", mandatory=False)
        assert await bodies(queue) == [animal.encode() for animal in matching]


@pytest.mark.parametrize("name", ["amq.direct", "amq.fanout", "amq.topic", "amq.headers", "amq.match"])
@program
async def test_the_predeclared_exchanges_are_there(url, unique, name):
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        exchange = await channel.get_exchange(name)
        queue = await routed(channel, exchange, [unique("key")])
        await publish_each(exchange, [unique("key")])
        assert await bodies(queue) == [unique("key").encode()]
