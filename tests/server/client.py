"""A pamqp-speaking client on a trio socket: enough to see what a broker sends, and as rude as a test wants it."""

import ssl

import pamqp.frame
import trio
from pamqp import commands, header
from pamqp.body import ContentBody


class Client:
    """One connection; frames in and out, nothing done by itself."""

    def __init__(self, stream: trio.SocketStream | trio.SSLStream) -> None:
        self.stream = stream
        self._buffer = b""

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        await self.stream.aclose()

    async def send(self, *frames, channel: int = 1) -> None:
        await self.stream.send_all(b"".join(pamqp.frame.marshal(one, channel) for one in frames))

    async def receive(self):
        """The next frame, or None at the end."""
        while True:
            try:
                used, _, one = pamqp.frame.unmarshal(self._buffer) if self._buffer else (0, 0, None)
            except pamqp.exceptions.UnmarshalingException:
                used = 0
            if used:
                self._buffer = self._buffer[used:]
                return one
            data = await self.stream.receive_some()
            if not data:
                return None
            self._buffer += data

    async def expect(self, kind: type):
        """The next frame but heartbeats, which must be of this kind."""
        while isinstance(one := await self.receive(), pamqp.heartbeat.Heartbeat):
            pass
        assert isinstance(one, kind), one
        return one

    async def ask(self, one, answer: type, channel: int = 1):
        await self.send(one, channel=channel)
        return await self.expect(answer)

    async def open(self, heartbeat: int = 0, client_properties: dict | None = None) -> None:
        await self.stream.send_all(b"AMQP\x00\x00\x09\x01")
        await self.expect(commands.Connection.Start)
        start_ok = commands.Connection.StartOk(client_properties or {}, "PLAIN", "\0guest\0guest", "en_US")
        await self.ask(start_ok, commands.Connection.Tune, channel=0)
        await self.send(commands.Connection.TuneOk(2047, 131072, heartbeat), channel=0)
        await self.ask(commands.Connection.Open("/"), commands.Connection.OpenOk, channel=0)

    async def close(self) -> None:
        """With manners."""
        await self.ask(commands.Connection.Close(200, "bye", 0, 0), commands.Connection.CloseOk, channel=0)
        await self.stream.aclose()

    async def queue(self, name: str) -> None:
        await self.ask(commands.Queue.Declare(queue=name), commands.Queue.DeclareOk)

    async def channel(self, number: int = 1) -> None:
        await self.ask(commands.Channel.Open(), commands.Channel.OpenOk, channel=number)


def message(queue: str, body: bytes) -> tuple:
    """The frames of one publish to the default exchange."""
    method = commands.Basic.Publish(exchange="", routing_key=queue)
    return method, header.ContentHeader(body_size=len(body)), ContentBody(body)


async def connect(port: int) -> Client:
    """Connected, nothing said yet."""
    return Client(await trio.open_tcp_stream("127.0.0.1", port))


async def connect_tls(port: int, context: ssl.SSLContext, server_name: str = "localhost") -> Client:
    """Connected, with TLS; nothing said yet. An end without close_notify is an error."""
    stream = trio.SSLStream(await trio.open_tcp_stream("127.0.0.1", port), context, server_hostname=server_name)
    try:
        await stream.do_handshake()
    except BaseException:
        await trio.aclose_forcefully(stream)
        raise
    return Client(stream)


async def connected(port: int, **options) -> Client:
    """Connected, logged in, with channel 1 open."""
    client = await connect(port)
    try:
        await client.open(**options)
        await client.channel()
    except BaseException:
        client.stream.socket.close()
        raise
    return client
