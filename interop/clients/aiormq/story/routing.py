"""Exchanges of every kind."""

from __future__ import annotations

from aiormq.abc import AbstractChannel

from interop.clients.aiormq.story.doors import a_channel, drained, publish


async def _bound(
    channel: AbstractChannel, name: str, exchange: str, key: str = "", arguments: dict | None = None
) -> None:
    await channel.queue_declare(name, exclusive=True)
    await channel.queue_bind(name, exchange, key, arguments=arguments)


async def default_exchange(url: str) -> None:
    async with a_channel(url) as channel:
        await channel.queue_declare("story.plain", exclusive=True)
        await publish(channel, "story.plain", "hello")
        assert await drained(channel, "story.plain") == ["hello"]


async def direct(url: str) -> None:
    async with a_channel(url) as channel:
        await channel.exchange_declare("story.direct", exchange_type="direct", auto_delete=True)
        await _bound(channel, "story.one", "story.direct", "red")
        await _bound(channel, "story.two", "story.direct", "blue")
        for key in ("red", "blue", "green"):
            await publish(channel, key, key, exchange="story.direct")
        assert await drained(channel, "story.one") == ["red"]
        assert await drained(channel, "story.two") == ["blue"]


async def fanout(url: str) -> None:
    async with a_channel(url) as channel:
        await channel.exchange_declare("story.fanout", exchange_type="fanout", auto_delete=True)
        names = ("story.one", "story.two", "story.three")
        for name in names:
            await _bound(channel, name, "story.fanout")
        await publish(channel, "any", "copy", exchange="story.fanout")
        for name in names:
            assert await drained(channel, name) == ["copy"]


async def topic(url: str) -> None:
    async with a_channel(url) as channel:
        await channel.exchange_declare("story.topic", exchange_type="topic", auto_delete=True)
        await _bound(channel, "story.star", "story.topic", "*.orange.*")
        await _bound(channel, "story.hash", "story.topic", "lazy.#")
        for key in ("quick.orange.fox", "lazy", "lazy.orange.fox.indeed", "orange", "lazy.orange.elephant"):
            await publish(channel, key, key, exchange="story.topic")
        assert await drained(channel, "story.star") == ["quick.orange.fox", "lazy.orange.elephant"]
        assert await drained(channel, "story.hash") == ["lazy", "lazy.orange.fox.indeed", "lazy.orange.elephant"]


async def headers(url: str) -> None:
    async with a_channel(url) as channel:
        await channel.exchange_declare("story.headers", exchange_type="headers", auto_delete=True)
        for match in ("all", "any", "any-with-x"):
            arguments = {"x-match": match, "kind": "report", "pages": 2, "x-source": "press"}
            await _bound(channel, f"story.{match}", "story.headers", arguments=arguments)
        for body, given in {
            "both": {"kind": "report", "pages": 2},
            "one": {"kind": "report", "pages": 3},
            "none": {"kind": "letter"},
            "x": {"x-source": "press"},
        }.items():
            await publish(channel, "", body, exchange="story.headers", headers=given)
        assert await drained(channel, "story.all") == ["both"]
        assert await drained(channel, "story.any") == ["both", "one"]
        assert await drained(channel, "story.any-with-x") == ["both", "one", "x"]


async def exchange_to_exchange(url: str) -> None:
    async with a_channel(url) as channel:
        await channel.exchange_declare("story.source", exchange_type="topic", auto_delete=True)
        await channel.exchange_declare("story.destination", exchange_type="fanout", auto_delete=True)
        await channel.exchange_bind("story.destination", "story.source", "news.#")
        await _bound(channel, "story.reader", "story.destination")
        await publish(channel, "news.sports", "goal", exchange="story.source")
        await publish(channel, "weather", "rain", exchange="story.source")
        assert await drained(channel, "story.reader") == ["goal"]
        await channel.exchange_unbind("story.destination", "story.source", "news.#")
        await channel.exchange_delete("story.destination")


async def alternate_exchange(url: str) -> None:
    async with a_channel(url) as channel:
        await channel.exchange_declare("story.others", exchange_type="fanout", auto_delete=True)
        arguments = {"alternate-exchange": "story.others"}
        await channel.exchange_declare("story.main", exchange_type="direct", auto_delete=True, arguments=arguments)
        await _bound(channel, "story.known", "story.main", "known")
        await _bound(channel, "story.unknown", "story.others")
        await publish(channel, "known", "taken", exchange="story.main")
        await publish(channel, "strange", "spilled", exchange="story.main")
        assert await drained(channel, "story.known") == ["taken"]
        assert await drained(channel, "story.unknown") == ["spilled"]
