"""A small AMQP client on trio that can do what a library's client would not: die in mid-frame, or stop reading.

It decodes with pamqp and checks nothing but what it must know. No load and no judgement here.
"""

import contextlib
import math
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import urlsplit

import trio
from pamqp import base, body, commands, frame, header, heartbeat

# A broker under this load answers within milliseconds; on a busy machine it may take seconds, never this long.
ANSWER_S = 60.0
FRAME_MAX = 131_072


class Refused(Exception):
    """The broker closed a channel or a connection: ``code`` and the text."""

    def __init__(self, code: int, text: str) -> None:
        self.code = code
        super().__init__(f"{code} {text}")


class Gone(Exception):
    """The connection ended without a close method."""


class Content:
    """A deliver, get-ok or return with its properties and body."""

    __slots__ = ("body", "method", "properties")

    def __init__(self, method: Any, properties: commands.Basic.Properties, content: bytes) -> None:
        self.method = method
        self.properties = properties
        self.body = content


class Channel:
    """One channel. Deliveries, and returns, are handed on in the order they came."""

    def __init__(self, peer: "Peer", number: int) -> None:
        self.peer = peer
        self.number = number
        self.returned: Callable[[Content], None] = lambda content: None
        self.confirmed: Callable[[int, bool], None] = lambda tag, multiple: None
        self._replies, self._await_reply = trio.open_memory_channel[Any](math.inf)
        # Unbounded here: prefetch bounds it for those who set one.
        self._deliver, self.deliveries = trio.open_memory_channel[Content](math.inf)
        self.failure: Exception | None = None

    async def call(self, method: base.Frame) -> Any:
        """Send a method, return the reply to it (a Content for get-ok). Raises Refused and Gone."""
        await self.send(method)
        return await self.reply()

    async def reply(self) -> Any:
        """The next method that is neither delivery, return nor confirm. Raises Refused and Gone."""
        with trio.fail_after(ANSWER_S):
            try:
                return await self._await_reply.receive()
            except trio.EndOfChannel:
                raise self.failure or Gone from None

    async def send(self, method: base.Frame) -> None:
        """Send a method that has no reply. Raises Refused and Gone."""
        if self.failure:
            raise self.failure
        await self.peer.send(frame.marshal(method, self.number))

    async def publish(
        self,
        exchange: str,
        key: str,
        content: bytes,
        headers: dict[str, Any],
        *,
        mandatory: bool,
        persistent: bool = False,
    ) -> None:
        """Publish. Raises Refused and Gone."""
        if self.failure:
            raise self.failure
        data = publish_bytes(self.number, exchange, key, content, headers, mandatory=mandatory, persistent=persistent)
        await self.peer.send(data)

    async def receive(self) -> Content:
        """The next delivery. Raises Refused and Gone, and trio.EndOfChannel when the broker cancelled the consumer."""
        try:
            return await self.deliveries.receive()
        except trio.EndOfChannel:
            raise self.failure or trio.EndOfChannel from None

    def take(self, method: Any) -> None:
        """A method or Content came in for this channel."""
        match method:
            case Content(method=commands.Basic.Deliver()):
                self._deliver.send_nowait(method)
            case Content(method=commands.Basic.Return()):
                self.returned(method)
            case commands.Basic.Ack():
                self.confirmed(method.delivery_tag, method.multiple)
            case commands.Basic.Nack():
                self.fail(Refused(0, "a publish was answered with nack"))
            case commands.Basic.Cancel():
                self._deliver.close()
            case _:
                self._replies.send_nowait(method)

    def fail(self, failure: Exception) -> None:
        """It is over: whoever waits, or asks later, gets ``failure``."""
        self.failure = self.failure or failure
        self._replies.close()
        self._deliver.close()


class Peer:
    """One connection; made by ``connected``."""

    def __init__(self, stream: trio.SocketStream, nursery: trio.Nursery) -> None:
        self.stream = stream
        self.reading = trio.Event()
        self.reading.set()
        self._nursery = nursery
        self._lock = trio.Lock()
        self._last = 0
        self._channels: dict[int, Channel] = {0: Channel(self, 0)}
        self._over = trio.Event()
        self._begun: dict[int, tuple[Any, header.ContentHeader | None, list[bytes]]] = {}

    async def channel(self) -> Channel:
        """Open the next channel."""
        # Never one used before: the close-ok for that may still be on its way out.
        self._last += 1
        channel = Channel(self, self._last)
        self._channels[channel.number] = channel
        await channel.call(commands.Channel.Open())
        return channel

    async def close_channel(self, channel: Channel) -> None:
        """Close it; when this returns, the broker has worked off all that was sent on it."""
        await channel.call(commands.Channel.Close(200, "", 0, 0))
        channel.fail(Gone())

    async def end(self) -> Exception:
        """Wait until the broker ends the connection, and return why."""
        with trio.fail_after(ANSWER_S):
            await self._over.wait()
        return self._channels[0].failure or Gone()

    async def send(self, data: bytes) -> None:
        """Send bytes whole. Raises Refused and Gone."""
        try:
            async with self._lock:
                await self.stream.send_all(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            raise self._channels[0].failure or Gone from None

    async def close(self) -> None:
        """Close as the protocol wants it. Raises Refused and Gone."""
        await self._channels[0].call(commands.Connection.Close(200, "", 0, 0))
        await self.kill()

    async def kill(self) -> None:
        """Drop the connection without a word."""
        await trio.aclose_forcefully(self.stream)

    async def shake_hands(self, url: str) -> None:
        """The opening, from protocol header to open-ok."""
        parts = urlsplit(url)
        control = self._channels[0]
        await self.send(header.ProtocolHeader().marshal())
        await control.reply()
        properties: dict[str, Any] = {"product": "soak", "capabilities": {"consumer_cancel_notify": True}}
        secret = f"\0{parts.username}\0{parts.password}"
        tune = await control.call(commands.Connection.StartOk(properties, "PLAIN", secret, "en_US"))
        await control.send(commands.Connection.TuneOk(tune.channel_max, FRAME_MAX, 0))
        await control.call(commands.Connection.Open("/"))

    async def read(self) -> None:
        """Take what comes until the end of the stream, as long as ``reading`` is set."""
        buffer = bytearray()
        with contextlib.suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            while data := await self.stream.receive_some(65_536):
                buffer += data
                while len(buffer) >= 7 and len(buffer) >= (size := int.from_bytes(buffer[3:7]) + 8):
                    _, number, found = frame.unmarshal(bytes(buffer[:size]))
                    del buffer[:size]
                    self._take(number, found)
                await self.reading.wait()
        self._fail(Gone())

    def _take(self, number: int, found: Any) -> None:
        match found:
            case heartbeat.Heartbeat():
                return
            case commands.Connection.Close():
                self._fail(Refused(found.reply_code or 0, found.reply_text))
                self._answer(commands.Connection.CloseOk(), 0)
                return
            case commands.Channel.Close():
                self._channels.pop(number).fail(Refused(found.reply_code or 0, found.reply_text))
                self._answer(commands.Channel.CloseOk(), number)
                return
            case commands.Basic.Deliver() | commands.Basic.Return() | commands.Basic.GetOk():
                self._begun[number] = (found, None, [])
                return
            case header.ContentHeader():
                self._begun[number] = (self._begun[number][0], found, [])
            case body.ContentBody():
                self._begun[number][2].append(found.value)
        if number in self._begun:
            found = self._complete(number)
        if found is not None and number in self._channels:
            self._channels[number].take(found)

    def _complete(self, number: int) -> Content | None:
        method, properties, pieces = self._begun[number]
        if properties is None or sum(map(len, pieces)) < properties.body_size:
            return None
        del self._begun[number]
        return Content(method, properties.properties, b"".join(pieces))

    def _answer(self, method: base.Frame, number: int) -> None:
        self._nursery.start_soon(self._send_quietly, frame.marshal(method, number))

    async def _send_quietly(self, data: bytes) -> None:
        with contextlib.suppress(Gone, Refused):
            await self.send(data)

    def _fail(self, failure: Exception) -> None:
        for channel in self._channels.values():
            channel.fail(failure)
        self._over.set()


@contextlib.asynccontextmanager
async def connected(url: str) -> AsyncIterator[Peer]:
    """An open connection, dropped without a word at the end of the block unless it was closed in it."""
    parts = urlsplit(url)
    stream = await trio.open_tcp_stream(parts.hostname or "127.0.0.1", parts.port or 5672)
    async with trio.open_nursery() as nursery:
        peer = Peer(stream, nursery)
        nursery.start_soon(peer.read)
        try:
            await peer.shake_hands(url)
            yield peer
        finally:
            await trio.aclose_forcefully(stream)
            nursery.cancel_scope.cancel()


def publish_bytes(
    number: int,
    exchange: str,
    key: str,
    content: bytes,
    headers: dict[str, Any],
    *,
    mandatory: bool,
    persistent: bool = False,
) -> bytes:
    """The frames of one publish."""
    properties = commands.Basic.Properties(headers=headers or None, delivery_mode=2 if persistent else 1)
    step = FRAME_MAX - 8
    frames: list[Any] = [
        commands.Basic.Publish(exchange=exchange, routing_key=key, mandatory=mandatory),
        header.ContentHeader(body_size=len(content), properties=properties),
        *(body.ContentBody(content[start : start + step]) for start in range(0, len(content), step)),
    ]
    return b"".join(frame.marshal(each, number) for each in frames)
