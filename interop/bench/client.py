"""A blocking AMQP connection for setting a load up: handshake, one method at a time, channel 1 open.

What a load sends and receives while it is measured does not pass through here, but goes straight to ``socket``.
"""

import contextlib
import socket
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote, urlsplit

from pamqp import base, commands, frame, header

# Long enough for a broker that first has to work off a backlog, short enough to notice one that hangs.
TIMEOUT_S = 30.0
_CLOSE_OK = frame.marshal(commands.Connection.CloseOk(), 0)


class Refused(Exception):
    """The broker closed the channel or the connection, and said why."""


class Client:
    """One connection, its channel 1 open. Raises Refused, or OSError when the connection breaks or stays silent."""

    def __init__(self, url: str, *, channel: bool = True) -> None:
        parts = urlsplit(url)
        self.socket = socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 5672), TIMEOUT_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.frame_max = 0
        # What the broker says of itself: product, version and more.
        self.server: dict[str, Any] = {}
        self._received = bytearray()
        try:
            self._open(
                unquote(parts.username or "guest"), unquote(parts.password or "guest"), unquote(parts.path[1:]) or "/"
            )
            if channel:
                self.call(commands.Channel.Open())
        except BaseException:
            self.socket.close()
            raise

    def _open(self, user: str, password: str, vhost: str) -> None:
        self.socket.sendall(header.ProtocolHeader().marshal())
        self.server = self._method(0).server_properties
        start_ok = commands.Connection.StartOk({}, "PLAIN", f"\0{user}\0{password}", "en_US")
        tune = self.call(start_ok, 0)
        self.frame_max = tune.frame_max or 131_072
        # No heartbeats: nothing but deliveries may arrive while a load counts bytes.
        self.socket.sendall(frame.marshal(commands.Connection.TuneOk(tune.channel_max, self.frame_max, 0), 0))
        self.call(commands.Connection.Open(vhost), 0)

    def call(self, method: base.Frame, channel: int = 1) -> Any:
        """Send a method and return the broker's reply to it."""
        self.socket.sendall(frame.marshal(method, channel))
        return self.reply(channel)

    def reply(self, channel: int = 1) -> Any:
        """The next method on a channel, where it was asked for without ``call``."""
        return self._method(channel)

    def _method(self, channel: int) -> Any:
        while True:
            size, number, method = self._frame()
            del self._received[:size]
            if isinstance(method, commands.Channel.Close | commands.Connection.Close):
                raise Refused(f"{method.reply_code} {method.reply_text}")
            if number == channel and isinstance(method, base.Frame):
                return method

    def _frame(self) -> tuple[int, int, Any]:
        while True:
            if len(self._received) >= 7:
                size = int.from_bytes(self._received[3:7]) + 8
                if len(self._received) >= size:
                    return frame.unmarshal(bytes(self._received[:size]))
            data = self.socket.recv(65_536)
            if not data:
                raise ConnectionResetError("the broker closed the connection without a word")
            self._received += data

    def rest(self) -> bytes:
        """What came behind the last reply: the first deliveries, where that was a consume-ok."""
        rest = bytes(self._received)
        self._received.clear()
        return rest

    def refusal(self, begun: bytes = b"") -> Exception:
        """Why the broker speaks although nothing was asked: what it has sent, as the exception to raise.

        ``begun`` is what of it has been read already.
        """
        self._received += begun
        self.socket.settimeout(TIMEOUT_S)
        try:
            method = self._method(0)
        except (Refused, OSError) as error:
            return error
        return Refused(f"an unexpected {method.name}")

    def agree_to_close(self) -> None:
        """The broker is about to close the connection: wait for it to say so, answer, and close the socket.

        RabbitMQ, when it stops, may not wait for the answer.
        """
        self.refusal()
        with contextlib.suppress(OSError):
            self.socket.sendall(_CLOSE_OK)
        self.socket.close()

    def close(self) -> None:
        """Take leave, whatever is still under way; a broker that is gone already is no error."""
        try:
            self.socket.settimeout(TIMEOUT_S)
            self.socket.sendall(frame.marshal(commands.Connection.Close(200, "", 0, 0), 0))
            # RabbitMQ says close-ok, then waits half a minute for us to close the socket.
            while (data := self.socket.recv(1 << 20)) and not data.endswith(_CLOSE_OK):
                pass
        except OSError:
            pass
        self.socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
