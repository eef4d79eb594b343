"""Publishers: one with many publishes in flight, one that waits for each confirm, one with transactions."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from typing import Any

import pika
from pika.channel import Channel
from pika.exceptions import ConnectionClosed, ConnectionClosedByClient
from pika.spec import Basic

from interop.crash import letters
from interop.crash.clients import Client, Ending, Tally, connected, forgiving, parameters
from interop.crash.ledger import Violation
from interop.crash.letters import MessageId
from interop.crash.routes import Route, Routes

_TRANSIENT_SHARE = 0.15
# So that a run of a second leaves no gigabytes: kept by the whole publisher.
_MOST_BYTES = 24 * 1024 * 1024


class Writer:
    """What one publisher sends next: ``publisher`` is its number, ``large`` says that it fills segments."""

    def __init__(self, publisher: int, routes: Routes, chance: random.Random, *, large: bool) -> None:
        self.publisher = publisher
        self._routes = routes.some(chance)
        self._chance = chance
        self._large = large
        self._number = 0
        self._left = _MOST_BYTES

    def next(self) -> tuple[MessageId, Route, bytes, pika.BasicProperties] | None:
        """None when it has sent enough."""
        size = letters.size(self._chance, large=self._large)
        self._left -= size
        if self._left < 0:
            return None
        message = (self.publisher, self._number)
        self._number += 1
        persistent = self._chance.random() >= _TRANSIENT_SHARE
        properties = pika.BasicProperties(delivery_mode=2 if persistent else 1)
        if self._chance.random() < 0.5:
            properties.message_id = f"{message[0]}-{message[1]}"
            properties.headers = {"number": message[1], "fur": "brown"}
        return message, self._chance.choice(self._routes), letters.write(message, size), properties


def note(route: Route, message: MessageId, body: bytes, properties: pika.BasicProperties) -> None:
    """About to be sent."""
    route.published(message, len(body), persistent=properties.delivery_mode == 2)


class Windowed(Client):
    """With up to ``window`` publishes that are not confirmed yet, on a SelectConnection."""

    def __init__(self, url: str, ending: Ending, tally: Tally, writer: Writer, window: int) -> None:
        super().__init__(url, ending, tally)
        self._writer = writer
        self._window = window
        self._stopping = False
        self._tag = 0
        self._unconfirmed: dict[int, tuple[MessageId, Route]] = {}
        self._connection: pika.SelectConnection
        self._channel: Channel
        self._made = threading.Event()
        self._reason: BaseException | None = None

    def live(self) -> None:
        self._connection = pika.SelectConnection(
            parameters(self.url),
            on_open_callback=lambda connection: connection.channel(on_open_callback=self._opened),
            on_open_error_callback=self._ended,
            on_close_callback=self._ended,
        )
        self._made.set()
        try:
            self._connection.ioloop.start()
        finally:
            self._connection.ioloop.close()
        if self._reason is not None and not isinstance(self._reason, ConnectionClosedByClient):
            raise self._reason

    def stop(self) -> None:
        self._made.wait(60)
        with forgiving(self.ending):
            self._connection.ioloop.add_callback_threadsafe(self._finish)

    def _ended(self, _connection: object, reason: BaseException | str) -> None:
        self._reason = reason if isinstance(reason, BaseException) else ConnectionClosed(0, reason)
        self._connection.ioloop.stop()

    def _opened(self, channel: Channel) -> None:
        self._channel = channel
        channel.add_on_close_callback(self._channel_closed)
        channel.confirm_delivery(self._confirmed, callback=lambda _: self._fill())

    def _channel_closed(self, _channel: Channel, reason: BaseException) -> None:
        """With its connection, else the broker has closed it, which it must not."""
        if not isinstance(reason, ConnectionClosed) and self._connection.is_open:
            self._reason = Violation(f"a publisher's channel was closed: {reason}")
            self._connection.ioloop.stop()

    def _fill(self) -> None:
        while len(self._unconfirmed) < self._window and not self._stopping:
            found = self._writer.next()
            if found is None:
                return
            message, route, body, properties = found
            note(route, message, body, properties)
            self._tag += 1
            self._unconfirmed[self._tag] = message, route
            self._channel.basic_publish(route.exchange, route.key, body, properties)
            self.tally.add(published=1)

    def _confirmed(self, frame: Any) -> None:
        method = frame.method
        if not isinstance(method, Basic.Ack):
            raise Violation(f"the broker refused a publish: {method}")
        tag = method.delivery_tag
        tags = [each for each in self._unconfirmed if each <= tag] if method.multiple else [tag]
        for each in tags:
            # One that was confirmed by itself may be covered again by a later confirm of many.
            found = self._unconfirmed.pop(each, None)
            if found is None:
                raise Violation(f"publish {each} was confirmed twice")
            message, route = found
            route.confirmed(message)
        self.tally.add(confirmed=len(tags))
        self._fill()
        self._close_when_done()

    def _finish(self) -> None:
        self._stopping = True
        self._close_when_done()

    def _close_when_done(self) -> None:
        if self._stopping and not self._unconfirmed and self._connection.is_open:
            self._connection.close()


class OneByOne(Client):
    """Waits for each confirm, on a BlockingConnection. ``batch`` > 1: transactions of up to so many instead."""

    def __init__(self, url: str, ending: Ending, tally: Tally, writer: Writer, batch: int = 1) -> None:
        super().__init__(url, ending, tally)
        self._writer = writer
        self._batch = batch
        self._stopping = threading.Event()

    def stop(self) -> None:
        self._stopping.set()

    def live(self) -> None:
        with connected(self.url) as connection:
            channel = connection.channel()
            if self._batch > 1:
                channel.tx_select()
            else:
                channel.confirm_delivery()
            while not self._stopping.is_set() and self._publish(channel.basic_publish, channel.tx_commit):
                pass

    def _publish(self, publish: Callable[..., None], commit: Callable[[], Any]) -> bool:
        """One message, or one transaction. Whether there is more."""
        sent: list[tuple[MessageId, Route]] = []
        for _ in range(self._batch):
            found = self._writer.next()
            if found is None:
                break
            message, route, body, properties = found
            note(route, message, body, properties)
            publish(route.exchange, route.key, body, properties)
            sent.append((message, route))
            self.tally.add(published=1)
        if self._batch > 1 and sent:
            commit()
        for message, route in sent:
            route.confirmed(message)
        self.tally.add(confirmed=len(sent))
        return len(sent) == self._batch
