"""One connection of the judge: a blocking socket, frames cut, contents put together. Knows no conversations."""

import socket
import struct
from collections import deque
from typing import Any
from urllib.parse import unquote, urlsplit

from interop.conformance import wire

HEADER = b"AMQP\x00\x00\x09\x01"
CLOSED = "socket closed"
SILENT = "nothing came"
_GOODBYE_S = 1.0


class Event:
    """Something the broker sent: a method (with its content, if it bears one), a heartbeat, the end of the socket."""

    def __init__(self, name: str, channel: int = 0, arguments: dict[str, Any] | None = None) -> None:
        self.name = name
        self.channel = channel
        self.arguments = arguments or {}
        self.properties: dict[str, Any] | None = None
        self.body_size = 0
        self.bodies: list[bytes] = []


class Peer:
    """``patience_s`` bounds every wait."""

    def __init__(self, url: str, patience_s: float) -> None:
        parts = urlsplit(url)
        self.vhost = unquote(parts.path[1:]) or "/"
        self.socket = socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 5672), timeout=patience_s)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.frame_max = 131072
        self._data = bytearray()
        self._open: dict[int, Event] = {}
        self._ready: deque[Event] = deque()
        self.ended = False

    def send(self, data: bytes) -> None:
        """Errors are left for the reader to meet: a broker that hung up shows as CLOSED."""
        try:
            self.socket.sendall(data)
        except OSError:
            pass

    def method(self, name: str, channel: int = 0, **arguments: Any) -> None:
        self.send(wire.frame(wire.METHOD, channel, wire.encode_method(name, arguments)))

    def next_event(self) -> Event:
        """The next whole event; CLOSED at the end of the socket, SILENT when patience ran out."""
        while not self._ready:
            if self.ended:
                return Event(CLOSED)
            try:
                received = self.socket.recv(1 << 16)
            except TimeoutError:
                return Event(SILENT)
            except OSError:
                received = b""
            if not received:
                self.ended = True
                return Event(CLOSED)
            self._data += received
            self._cut()
        return self._ready.popleft()

    def until(self, *names: str, channel: int = 0) -> Event:
        """Skip to the next of the named events on the channel, or to the end."""
        while True:
            event = self.next_event()
            if event.name in (CLOSED, SILENT) or (event.name in names and event.channel == channel):
                return event

    def open(
        self,
        capabilities: dict[str, Any],
        tune: dict[str, int],
        user: str = "guest",
        password: str = "guest",
        vhost: str = "",
    ) -> Event:
        """The whole handshake. The event returned is connection.open-ok where all went well."""
        self.send(HEADER)
        self.until("connection.start")
        self.method(
            "connection.start-ok",
            client_properties={"product": "conformance", "capabilities": capabilities},
            mechanism="PLAIN",
            response=f"\0{user}\0{password}",
            locale="en_US",
        )
        offered = self.until("connection.tune").arguments
        chosen = {**offered, **tune}
        self.frame_max = chosen.get("frame_max") or self.frame_max
        self.method("connection.tune-ok", **chosen)
        self.method("connection.open", virtual_host=vhost or self.vhost)
        return self.until("connection.open-ok", "connection.close")

    def close(self) -> None:
        """Say goodbye if the broker still listens, and end the socket."""
        if not self.ended:
            # RabbitMQ may leave this unanswered where a channel.close-ok came just before; the socket's end serves too.
            self.socket.settimeout(_GOODBYE_S)
            self.method("connection.close", reply_code=200, reply_text="Goodbye")
            event = self.until("connection.close-ok", "connection.close")
            if event.name == "connection.close":
                self.method("connection.close-ok")
        self.socket.close()

    def drop(self) -> None:
        self.ended = True
        self.socket.close()

    def _cut(self) -> None:
        while self._data:
            if self._data.startswith(b"AMQP"):
                if len(self._data) < 8:
                    return
                self._ready.append(Event("protocol header", 0, {"header": bytes(self._data[4:8])}))
                del self._data[:8]
                continue
            if len(self._data) < 7:
                return
            kind, channel, size = struct.unpack_from(">BHI", self._data)
            if len(self._data) < size + 8:
                return
            payload, end = bytes(self._data[7 : 7 + size]), self._data[7 + size]
            del self._data[: size + 8]
            if end != wire.FRAME_END:
                self._ready.append(Event("bad frame end", channel))
            else:
                self._frame(kind, channel, payload)

    def _frame(self, kind: int, channel: int, payload: bytes) -> None:
        if kind == wire.METHOD:
            try:
                name, arguments = wire.decode_method(payload)
            except (ValueError, struct.error, IndexError) as problem:
                name, arguments = "undecodable method", {"problem": str(problem)}
            event = Event(name, channel, arguments)
            if name in ("basic.deliver", "basic.get-ok", "basic.return"):
                self._open[channel] = event
                return
        elif kind == wire.HEADER and channel in self._open:
            event = self._open[channel]
            event.body_size, event.properties = wire.decode_header(payload)
        elif kind == wire.BODY and channel in self._open:
            event = self._open[channel]
            event.bodies.append(payload)
        else:
            event = Event("heartbeat" if kind == wire.HEARTBEAT else f"stray frame type {kind}", channel)
        if event.properties is not None:
            if sum(map(len, event.bodies)) < event.body_size:
                return
            self._open.pop(channel, None)
        self._ready.append(event)
