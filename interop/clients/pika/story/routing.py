"""Exchanges of every kind."""

from __future__ import annotations

from pika.adapters.blocking_connection import BlockingChannel

from interop.clients.pika.story.doors import a_channel, drained, publish


def _queue(channel: BlockingChannel, name: str) -> str:
    return channel.queue_declare(name, exclusive=True).method.queue


def default_exchange(url: str) -> None:
    with a_channel(url) as channel:
        _queue(channel, "story.plain")
        publish(channel, "story.plain", "hello")
        assert drained(channel, "story.plain") == ["hello"]


def direct(url: str) -> None:
    with a_channel(url) as channel:
        channel.exchange_declare("story.direct", "direct", auto_delete=True)
        channel.queue_bind(_queue(channel, "story.one"), "story.direct", "red")
        channel.queue_bind(_queue(channel, "story.two"), "story.direct", "blue")
        publish(channel, "red", "r", exchange="story.direct")
        publish(channel, "blue", "b", exchange="story.direct")
        publish(channel, "green", "g", exchange="story.direct")
        assert drained(channel, "story.one") == ["r"]
        assert drained(channel, "story.two") == ["b"]


def fanout(url: str) -> None:
    with a_channel(url) as channel:
        channel.exchange_declare("story.fanout", "fanout", auto_delete=True)
        for name in ("story.one", "story.two", "story.three"):
            channel.queue_bind(_queue(channel, name), "story.fanout")
        publish(channel, "any", "copy", exchange="story.fanout")
        for name in ("story.one", "story.two", "story.three"):
            assert drained(channel, name) == ["copy"]


def topic(url: str) -> None:
    with a_channel(url) as channel:
        channel.exchange_declare("story.topic", "topic", auto_delete=True)
        channel.queue_bind(_queue(channel, "story.star"), "story.topic", "*.orange.*")
        channel.queue_bind(_queue(channel, "story.hash"), "story.topic", "lazy.#")
        for key in ("quick.orange.fox", "lazy", "lazy.orange.fox.indeed", "orange", "lazy.orange.elephant"):
            publish(channel, key, key, exchange="story.topic")
        assert drained(channel, "story.star") == ["quick.orange.fox", "lazy.orange.elephant"]
        assert drained(channel, "story.hash") == ["lazy", "lazy.orange.fox.indeed", "lazy.orange.elephant"]


def headers(url: str) -> None:
    with a_channel(url) as channel:
        channel.exchange_declare("story.headers", "headers", auto_delete=True)
        for match in ("all", "any", "any-with-x"):
            arguments = {"x-match": match, "kind": "report", "pages": 2, "x-source": "press"}
            channel.queue_bind(_queue(channel, f"story.{match}"), "story.headers", arguments=arguments)
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
        channel.exchange_declare("story.source", "topic", auto_delete=True)
        channel.exchange_declare("story.destination", "fanout", auto_delete=True)
        channel.exchange_bind("story.destination", "story.source", "news.#")
        channel.queue_bind(_queue(channel, "story.reader"), "story.destination")
        publish(channel, "news.sports", "goal", exchange="story.source")
        publish(channel, "weather", "rain", exchange="story.source")
        assert drained(channel, "story.reader") == ["goal"]
        channel.exchange_unbind("story.destination", "story.source", "news.#")
        channel.exchange_delete("story.destination")


def alternate_exchange(url: str) -> None:
    with a_channel(url) as channel:
        channel.exchange_declare("story.others", "fanout", auto_delete=True)
        channel.exchange_declare(
            "story.main", "direct", auto_delete=True, arguments={"alternate-exchange": "story.others"}
        )
        channel.queue_bind(_queue(channel, "story.known"), "story.main", "known")
        channel.queue_bind(_queue(channel, "story.unknown"), "story.others")
        publish(channel, "known", "taken", exchange="story.main")
        publish(channel, "strange", "spilled", exchange="story.main")
        assert drained(channel, "story.known") == ["taken"]
        assert drained(channel, "story.unknown") == ["spilled"]
