"""Exchanges of every kind."""

from __future__ import annotations

from amqpstorm import Channel

from interop.clients.amqpstorm.story.doors import a_channel, drained, publish


def _bound(channel: Channel, name: str, exchange: str, key: str = "", arguments: dict | None = None) -> None:
    channel.queue.declare(name, exclusive=True)
    channel.queue.bind(name, exchange, key, arguments)


def default_exchange(url: str) -> None:
    with a_channel(url) as channel:
        channel.queue.declare("story.plain", exclusive=True)
        publish(channel, "story.plain", "hello")
        assert drained(channel, "story.plain") == ["hello"]


def direct(url: str) -> None:
    with a_channel(url) as channel:
        channel.exchange.declare("story.direct", "direct", auto_delete=True)
        _bound(channel, "story.one", "story.direct", "red")
        _bound(channel, "story.two", "story.direct", "blue")
        for key in ("red", "blue", "green"):
            publish(channel, key, key, exchange="story.direct")
        assert drained(channel, "story.one") == ["red"]
        assert drained(channel, "story.two") == ["blue"]


def fanout(url: str) -> None:
    with a_channel(url) as channel:
        channel.exchange.declare("story.fanout", "fanout", auto_delete=True)
        names = ("story.one", "story.two", "story.three")
        for name in names:
            _bound(channel, name, "story.fanout")
        publish(channel, "any", "copy", exchange="story.fanout")
        for name in names:
            assert drained(channel, name) == ["copy"]


def topic(url: str) -> None:
    with a_channel(url) as channel:
        channel.exchange.declare("story.topic", "topic", auto_delete=True)
        _bound(channel, "story.star", "story.topic", "*.orange.*")
        _bound(channel, "story.hash", "story.topic", "lazy.#")
        for key in ("quick.orange.fox", "lazy", "lazy.orange.fox.indeed", "orange", "lazy.orange.elephant"):
            publish(channel, key, key, exchange="story.topic")
        assert drained(channel, "story.star") == ["quick.orange.fox", "lazy.orange.elephant"]
        assert drained(channel, "story.hash") == ["lazy", "lazy.orange.fox.indeed", "lazy.orange.elephant"]


def headers(url: str) -> None:
    with a_channel(url) as channel:
        channel.exchange.declare("story.headers", "headers", auto_delete=True)
        for match in ("all", "any", "any-with-x"):
            arguments = {"x-match": match, "kind": "report", "pages": 2, "x-source": "press"}
            _bound(channel, f"story.{match}", "story.headers", arguments=arguments)
        for body, given in {
            "both": {"kind": "report", "pages": 2},
            "one": {"kind": "report", "pages": 3},
            "none": {"kind": "letter"},
            "x": {"x-source": "press"},
        }.items():
            publish(channel, "", body, exchange="story.headers", headers=given)
        assert drained(channel, "story.all") == ["both"]
        assert drained(channel, "story.any") == ["both", "one"]
        assert drained(channel, "story.any-with-x") == ["both", "one", "x"]


def exchange_to_exchange(url: str) -> None:
    with a_channel(url) as channel:
        channel.exchange.declare("story.source", "topic", auto_delete=True)
        channel.exchange.declare("story.destination", "fanout", auto_delete=True)
        channel.exchange.bind("story.destination", "story.source", "news.#")
        _bound(channel, "story.reader", "story.destination")
        publish(channel, "news.sports", "goal", exchange="story.source")
        publish(channel, "weather", "rain", exchange="story.source")
        assert drained(channel, "story.reader") == ["goal"]
        channel.exchange.unbind("story.destination", "story.source", "news.#")
        channel.exchange.delete("story.destination")


def alternate_exchange(url: str) -> None:
    with a_channel(url) as channel:
        channel.exchange.declare("story.others", "fanout", auto_delete=True)
        arguments = {"alternate-exchange": "story.others"}
        channel.exchange.declare("story.main", "direct", auto_delete=True, arguments=arguments)
        _bound(channel, "story.known", "story.main", "known")
        _bound(channel, "story.unknown", "story.others")
        publish(channel, "known", "taken", exchange="story.main")
        publish(channel, "strange", "spilled", exchange="story.main")
        assert drained(channel, "story.known") == ["taken"]
        assert drained(channel, "story.unknown") == ["spilled"]
