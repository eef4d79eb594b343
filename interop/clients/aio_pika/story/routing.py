"""Exchanges of every kind."""

from __future__ import annotations

from aio_pika import ExchangeType

from interop.clients.aio_pika.story.doors import a_channel, drained, message, publish


async def default_exchange(url: str) -> None:
    async with a_channel(url) as channel:
        queue = await channel.declare_queue("story.plain", exclusive=True)
        await publish(channel, "story.plain", "hello")
        assert await drained(queue) == ["hello"]


async def direct(url: str) -> None:
    async with a_channel(url) as channel:
        exchange = await channel.declare_exchange("story.direct", ExchangeType.DIRECT, auto_delete=True)
        one = await channel.declare_queue("story.one", exclusive=True)
        two = await channel.declare_queue("story.two", exclusive=True)
        await one.bind(exchange, "red")
        await two.bind(exchange, "blue")
        await exchange.publish(message("r"), "red")
        await exchange.publish(message("b"), "blue")
        await exchange.publish(message("g"), "green", mandatory=False)
        assert await drained(one) == ["r"]
        assert await drained(two) == ["b"]


async def fanout(url: str) -> None:
    async with a_channel(url) as channel:
        exchange = await channel.declare_exchange("story.fanout", ExchangeType.FANOUT, auto_delete=True)
        queues = [await channel.declare_queue(f"story.copy.{number}", exclusive=True) for number in range(3)]
        for queue in queues:
            await queue.bind(exchange)
        await exchange.publish(message("copy"), "any")
        for queue in queues:
            assert await drained(queue) == ["copy"]


async def topic(url: str) -> None:
    async with a_channel(url) as channel:
        exchange = await channel.declare_exchange("story.topic", ExchangeType.TOPIC, auto_delete=True)
        star = await channel.declare_queue("story.star", exclusive=True)
        sharp = await channel.declare_queue("story.hash", exclusive=True)
        await star.bind(exchange, "*.orange.*")
        await sharp.bind(exchange, "lazy.#")
        for key in ("quick.orange.fox", "lazy", "lazy.orange.fox.indeed", "orange", "lazy.orange.elephant"):
            await exchange.publish(message(key), key, mandatory=False)
        assert await drained(star) == ["quick.orange.fox", "lazy.orange.elephant"]
        assert await drained(sharp) == ["lazy", "lazy.orange.fox.indeed", "lazy.orange.elephant"]


async def headers(url: str) -> None:
    async with a_channel(url) as channel:
        exchange = await channel.declare_exchange("story.headers", ExchangeType.HEADERS, auto_delete=True)
        queues = {}
        for match in ("all", "any", "any-with-x"):
            queues[match] = await channel.declare_queue(f"story.{match}", exclusive=True)
            arguments = {"x-match": match, "kind": "report", "pages": 2, "x-source": "press"}
            await queues[match].bind(exchange, arguments=arguments)
        for body, given in {
            "both": {"kind": "report", "pages": 2},
            "one": {"kind": "report", "pages": 3},
            "none": {"kind": "letter"},
            "x": {"x-source": "press"},
        }.items():
            await exchange.publish(message(body, headers=given), "", mandatory=False)
        assert await drained(queues["all"]) == ["both"]
        assert await drained(queues["any"]) == ["both", "one"]
        assert await drained(queues["any-with-x"]) == ["both", "one", "x"]


async def exchange_to_exchange(url: str) -> None:
    async with a_channel(url) as channel:
        source = await channel.declare_exchange("story.source", ExchangeType.TOPIC, auto_delete=True)
        destination = await channel.declare_exchange("story.destination", ExchangeType.FANOUT, auto_delete=True)
        await destination.bind(source, "news.#")
        reader = await channel.declare_queue("story.reader", exclusive=True)
        await reader.bind(destination)
        await source.publish(message("goal"), "news.sports")
        await source.publish(message("rain"), "weather", mandatory=False)
        assert await drained(reader) == ["goal"]
        await destination.unbind(source, "news.#")
        await destination.delete()


async def alternate_exchange(url: str) -> None:
    async with a_channel(url) as channel:
        others = await channel.declare_exchange("story.others", ExchangeType.FANOUT, auto_delete=True)
        main = await channel.declare_exchange(
            "story.main", ExchangeType.DIRECT, auto_delete=True, arguments={"alternate-exchange": "story.others"}
        )
        known = await channel.declare_queue("story.known", exclusive=True)
        unknown = await channel.declare_queue("story.unknown", exclusive=True)
        await known.bind(main, "known")
        await unknown.bind(others)
        await main.publish(message("taken"), "known")
        await main.publish(message("spilled"), "strange")
        assert await drained(known) == ["taken"]
        assert await drained(unknown) == ["spilled"]
