"""Victim: the broker under attack, as hostile clients see it, and Tally: what they got done."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import trio
from pamqp import base, commands, frame

PROTOCOL_HEADER = b"AMQP\x00\x00\x09\x01"
_CHUNK = 262_144
# Above the cost of a system call, below what a socket takes at once.
BLOB_BYTES = 65_536


class Tally:
    """What one kind achieved, over all its connections: units (frames, connections …: the kind says which), lives."""

    __slots__ = ("ended", "lives", "units")

    def __init__(self) -> None:
        self.lives = 0
        self.ended = 0
        self.units = 0


class Victim:
    """Where to attack. ``tls_port`` is 0 where there is none."""

    def __init__(self, port: int, tls_port: int = 0, host: str = "127.0.0.1") -> None:
        self.host = host
        self.port = port
        self.tls_port = tls_port

    @asynccontextmanager
    async def connected(self, port: int = 0) -> AsyncIterator[trio.SocketStream]:
        """A bare connection. Raises OSError."""
        stream = await trio.open_tcp_stream(self.host, port or self.port)
        try:
            yield stream
        finally:
            # Not aclose, which is a checkpoint more.
            stream.socket.close()

    @asynccontextmanager
    async def opened(self, *, channels: int = 1) -> AsyncIterator[trio.SocketStream]:
        """One that is logged in, with its first channels open."""
        async with self.connected() as stream:
            opens = b"".join(frame.marshal(commands.Channel.Open(), number + 1) for number in range(channels))
            await stream.send_all(OPENING + opens)
            if channels:
                await until(stream, b"\x00\x14\x00\x0b", channels)
            else:
                await until(stream, b"\x00\x0a\x00\x29")
            yield stream


def start_ok(password: str = "guest", properties: bytes = b"") -> bytes:
    """connection.start-ok, its client-properties as given: a table without its size, well formed or not."""
    login = f"\0guest\0{password}".encode()
    payload = b"\x00\x0a\x00\x0b" + len(properties).to_bytes(4, "big") + properties
    payload += b"\x05PLAIN" + len(login).to_bytes(4, "big") + login + b"\x05en_US"
    return raw_frame(1, 0, payload)


def raw_frame(kind: int, channel: int, payload: bytes) -> bytes:
    return bytes([kind]) + channel.to_bytes(2, "big") + len(payload).to_bytes(4, "big") + payload + b"\xce"


def marshal(*methods: base.Frame, channel: int = 1) -> bytes:
    return b"".join(frame.marshal(method, channel) for method in methods)


OPENING = (
    PROTOCOL_HEADER
    + start_ok()
    + marshal(commands.Connection.TuneOk(2047, 131_072, 0), commands.Connection.Open("/"), channel=0)
)


def repeated(unit: bytes) -> tuple[bytes, int]:
    """As many of ``unit`` as make a good write, and how many they are."""
    count = max(1, BLOB_BYTES // len(unit))
    return unit * count, count


async def until(stream: trio.SocketStream, mark: bytes, times: int = 1) -> None:
    """Read until ``mark`` has come so often. Raises OSError when the broker closes instead."""
    got = b""
    while got.count(mark) < times:
        data = await stream.receive_some(_CHUNK)
        if not data:
            raise ConnectionResetError
        got += data


async def swallow(stream: trio.SocketStream) -> None:
    """Read what comes, to the end."""
    while await stream.receive_some(_CHUNK):
        pass


async def flood(stream: trio.SocketStream, unit: bytes, tally: Tally) -> None:
    """Send ``unit`` over and over, as fast as it is taken, and read what comes, until the broker closes."""
    blob, count = repeated(unit)
    async with trio.open_nursery() as nursery:

        async def send() -> None:
            with contextlib.suppress(OSError, trio.BrokenResourceError, trio.ClosedResourceError):
                while True:
                    await stream.send_all(blob)
                    tally.units += count

        nursery.start_soon(send)
        with contextlib.suppress(OSError, trio.BrokenResourceError):
            await swallow(stream)
        nursery.cancel_scope.cancel()


Life = Callable[[Victim, Tally], Awaitable[None]]
