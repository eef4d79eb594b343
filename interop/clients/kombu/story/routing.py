"""Exchanges of every kind."""

from __future__ import annotations

from interop.clients.kombu.story.doors import a_queue, an_exchange, connected, drained, send


def default_exchange(url: str) -> None:
    with connected(url) as connection:
        plain = a_queue(connection, "story.plain")
        send(connection, "story.plain", "hello")
        assert drained(plain) == ["hello"]


def direct(url: str) -> None:
    with connected(url) as connection:
        exchange = an_exchange(connection, "story.direct", "direct")
        red = a_queue(connection, "story.one", exchange, routing_key="red")
        blue = a_queue(connection, "story.two", exchange, routing_key="blue")
        for key in ("red", "blue", "green"):
            send(connection, key, key, exchange=exchange)
        assert drained(red) == ["red"]
        assert drained(blue) == ["blue"]


def fanout(url: str) -> None:
    with connected(url) as connection:
        exchange = an_exchange(connection, "story.fanout", "fanout")
        queues = [a_queue(connection, f"story.{name}", exchange) for name in ("one", "two", "three")]
        send(connection, "any", "copy", exchange=exchange)
        assert [drained(queue) for queue in queues] == [["copy"]] * 3


def topic(url: str) -> None:
    with connected(url) as connection:
        exchange = an_exchange(connection, "story.topic", "topic")
        star = a_queue(connection, "story.star", exchange, routing_key="*.orange.*")
        several = a_queue(connection, "story.hash", exchange, routing_key="lazy.#")
        for key in ("quick.orange.fox", "lazy", "lazy.orange.fox.indeed", "orange", "lazy.orange.elephant"):
            send(connection, key, key, exchange=exchange)
        assert drained(star) == ["quick.orange.fox", "lazy.orange.elephant"]
        assert drained(several) == ["lazy", "lazy.orange.fox.indeed", "lazy.orange.elephant"]


def headers(url: str) -> None:
    with connected(url) as connection:
        exchange = an_exchange(connection, "story.headers", "headers")
        every, some, with_x = (
            a_queue(
                connection, f"story.{match}", exchange,
                binding_arguments={"x-match": match, "kind": "report", "pages": 2, "x-source": "press"},
            )
            for match in ("all", "any", "any-with-x")
        )  # fmt: skip
        for body, given in {
            "both": {"kind": "report", "pages": 2},
            "one": {"kind": "report", "pages": 3},
            "none": {"kind": "letter"},
            "x": {"x-source": "press"},
        }.items():
            send(connection, "", body, exchange=exchange, headers=given)
        assert drained(every) == ["both"]
        assert drained(some) == ["both", "one"]
        assert drained(with_x) == ["both", "one", "x"]


def exchange_to_exchange(url: str) -> None:
    with connected(url) as connection:
        source = an_exchange(connection, "story.source", "topic")
        destination = an_exchange(connection, "story.destination", "fanout")
        destination.bind_to(source, routing_key="news.#")
        reader = a_queue(connection, "story.reader", destination)
        send(connection, "news.sports", "goal", exchange=source)
        send(connection, "weather", "rain", exchange=source)
        assert drained(reader) == ["goal"]
        destination.unbind_from(source, routing_key="news.#")
        destination.delete()


def alternate_exchange(url: str) -> None:
    with connected(url) as connection:
        others = an_exchange(connection, "story.others", "fanout")
        main = an_exchange(connection, "story.main", "direct", arguments={"alternate-exchange": "story.others"})
        known = a_queue(connection, "story.known", main, routing_key="known")
        unknown = a_queue(connection, "story.unknown", others)
        send(connection, "known", "taken", exchange=main)
        send(connection, "strange", "spilled", exchange=main)
        assert drained(known) == ["taken"]
        assert drained(unknown) == ["spilled"]
