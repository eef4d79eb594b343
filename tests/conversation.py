"""Conversations without sockets: clients that speak pamqp, joined to a Node.

Every call that sends is one turn of the broker, run to its end as the shell would; every frame that comes out goes past
a referee. Time stands still but for ``Broker.advance``.
"""

import itertools
import random
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from struct import Struct

import pamqp.frame
from pamqp import body, header
from pamqp.commands import Basic, Channel, Confirm, Connection, Exchange, Queue, Tx

from broker.administration import Administration
from broker.config import Config
from broker.node import Node
from broker.store.store import Store
from tests.referee import Referee

__all__ = ["Basic", "Broker", "Channel", "Client", "Confirm", "Connection", "Exchange", "Got", "Queue", "Tx", "cut"]

PROTOCOL_HEADER = b"AMQP\x00\x00\x09\x01"
CAPABILITIES = {
    "consumer_cancel_notify": True,
    "connection.blocked": True,
    "authentication_failure_close": True,
    "basic.nack": True,
    "publisher_confirms": True,
}

_FRAME_HEAD = Struct(">BHI")


def cut(data: bytes) -> Iterator[bytes]:
    """Whole frames. Raises ValueError where the last one is not whole."""
    pos = 0
    while pos < len(data):
        is_header = data.startswith(b"AMQP", pos)
        stop = pos + 8 + (0 if is_header else _FRAME_HEAD.unpack_from(data, pos)[2])
        if stop > len(data) or (not is_header and data[stop - 1] != 0xCE):
            raise ValueError(f"not a frame: {data[pos : pos + 40]!r}")
        yield data[pos:stop]
        pos = stop


class Got:
    """A method that came, and for deliver, get-ok and return its content."""

    def __init__(self, channel: int, method) -> None:
        self.channel = channel
        self.method = method
        self.properties = None
        self.body = b""
        self.missing: int | None = None

    @property
    def name(self) -> str:
        return self.method.name

    def __getattr__(self, name: str):
        return getattr(self.method, name)

    def __repr__(self) -> str:
        values = {key: value for key, value in dict(self.method).items() if value}
        return f"<{self.name} on {self.channel} {values}{' ' + repr(self.body[:20]) if self.body else ''}>"


class Broker:
    """A Node with a clock that only ``advance`` moves. Keyword arguments are Config's.

    ``files`` is the disk it keeps its data on, under "data"; without one it keeps nothing. With ``disk_waits`` the disk
    does nothing until ``commit`` and ``read`` are called; else it is as fast as the turns.
    """

    WALL_MS = 1_700_000_000_000

    def __init__(
        self,
        *,
        seed: int = 1,
        memory_limit_bytes: int = 2**40,
        files=None,
        disk_waits: bool = False,
        now: float = 1000.0,
        **settings,
    ) -> None:
        self.now = now
        self.disk_waits = disk_waits
        self.clients: list[Client] = []
        self.notices: list[str] = []
        config = Config(**settings)
        random_bytes = random.Random(seed).randbytes
        self.store = (
            Store.ephemeral(random_bytes)
            if files is None
            else Store.open(files, "data", durability=config.durability, random_bytes=random_bytes)
        )
        self.node = Node(
            config,
            clock=lambda: self.now,
            wall_clock_ms=self.wall_ms,
            random_bytes=random_bytes,
            memory_limit_bytes=memory_limit_bytes,
            store=self.store,
        )
        turn = self.node.turn()
        self.node.begin(turn)
        self._run_down(turn)

    def wall_ms(self) -> int:
        return self.WALL_MS + int(self.now * 1000)

    def queue(self, name: str):
        return self.node.vhosts["/"].queues[name]

    @property
    def queues(self) -> set[str]:
        return set(self.node.vhosts["/"].queues)

    # -- turns ---------------------------------------------------------------------------------------------------------

    @contextmanager
    def turn(self) -> Iterator:
        """A turn, run to its end even if what is left over takes many more."""
        turn = self.node.turn()
        try:
            yield turn
        finally:
            self._run_down(turn)
        self._drain()

    def _run_down(self, turn) -> None:
        more = self._finish(turn)
        while more or self.check_logins() or (not self.disk_waits and self._disk_works()):
            if more:
                turn = self.node.turn()
                self.node.resume(turn)
                more = self._finish(turn)

    def _disk_works(self) -> bool:
        return self.commit() or self.read_blocks()

    def check_logins(self) -> bool:
        """The logins that are asked about are looked at; the turn that follows is run."""
        checks = self.node.take_checks()
        for asked in checks:
            asked.check.perform()
            turn = self.node.turn()
            asked.then(asked.check, turn)
            self._finish_all(turn)
        return bool(checks)

    def commit(self) -> bool:
        """One batch is written, if any is to be; the turn that follows is run."""
        batch = self.node.take_batch(self.node.turn())
        if batch is None:
            return False
        batch.perform()
        turn = self.node.turn()
        self.node.batch_done(batch, turn)
        self._finish_all(turn)
        return True

    def read_blocks(self) -> bool:
        """The blocks that are waited for are read, if any are; the turn that follows is run."""
        reads = self.node.take_reads()
        for read in reads:
            read.block.perform()
            turn = self.node.turn()
            read.then(read.block, turn)
            self._finish_all(turn)
        return bool(reads)

    def _finish_all(self, turn) -> None:
        while self._finish(turn):
            turn = self.node.turn()
            self.node.resume(turn)

    def _finish(self, turn) -> bool:
        more = turn.finish()
        self.notices += [notice.text for notice in turn.notices]
        for client in self.clients:
            if client.session.outbox in turn.outboxes:
                client.read()
        return more

    def _drain(self) -> None:
        """The shell's part when a full outbox was sent: let the session go on, until nobody has anything to say."""
        while drained := [client for client in self.clients if client.wants_drain]:
            turn = self.node.turn()
            for client in drained:
                client.wants_drain = False
                if not client.gone:
                    client.session.drained(turn)
            self._run_down(turn)

    # -- time ----------------------------------------------------------------------------------------------------------

    def advance(self, seconds: float) -> None:
        """Move the clock, stopping at every deadline on the way."""
        until = self.now + seconds
        while (deadline := self.node.next_deadline()) is not None and deadline <= until:
            self.now = max(self.now, deadline)
            with self.turn() as turn:
                self.node.tick(turn)
        self.now = until

    @property
    def admin(self) -> Administration:
        """What an administrator may do."""

        def run(work):
            with self.turn() as turn:
                return work(turn)

        return Administration(self.node, run)

    def shutdown(self) -> None:
        with self.turn() as turn:
            self.node.shutdown(turn)

    def stop(self) -> None:
        """Clients are told and gone, and the broker ends in order."""
        self.shutdown()
        for client in self.clients:
            if not client.gone:
                client.die()
        self.node.stop(self.node.turn())

    # -- clients -------------------------------------------------------------------------------------------------------

    def accept(
        self,
        *,
        refereed: bool = True,
        frame_max: int = 131072,
        capabilities: dict | None = None,
        host: str = "127.0.0.1",
    ) -> "Client":
        """A socket was accepted; nothing was said yet."""
        with self.turn() as turn:
            number = 50000 + len(self.clients)
            session = self.node.connect(f"{host}:{number}", f"{host}:5672", turn)
        client = Client(self, session, frame_max, CAPABILITIES if capabilities is None else capabilities)
        if not refereed:
            client.referee = None
        self.clients.append(client)
        return client

    def connect(
        self,
        *channels: int,
        heartbeat: int = 0,
        channel_max: int = 2047,
        user: str = "guest",
        password: str | None = None,
        vhost: str = "/",
        **settings,
    ) -> "Client":
        """An open connection with these channels open. The password is the user's name, unless one is given."""
        client = self.accept(**settings)
        client.shake_hands(heartbeat=heartbeat, channel_max=channel_max, user=user, password=password, vhost=vhost)
        for number in channels:
            client.open_channel(number)
        return client


class Client:
    """One connection. ``reads`` may be turned off: a client that does not empty its socket."""

    def __init__(self, broker: Broker, session, frame_max: int, capabilities: dict) -> None:
        self.broker = broker
        self.session = session
        self.frame_max = frame_max
        self.capabilities = capabilities
        self.referee: Referee | None = Referee(
            frame_max, takes_cancels=capabilities.get("consumer_cancel_notify") is True
        )
        self.reads = True
        self.gone = False
        self.wants_drain = False
        self.raw = b""
        self._inbox: list[Got] = []
        self._open_contents: dict[int, Got] = {}
        self.unmarshal = pamqp.frame.unmarshal

    # -- out -----------------------------------------------------------------------------------------------------------

    def send_bytes(self, *pieces: bytes) -> None:
        """Each piece is a turn of its own. The referee does not see what they say."""
        for piece in pieces:
            with self.broker.turn() as turn:
                self.session.receive(piece, turn)

    def send(self, channel: int, *methods) -> None:
        """Methods, and bytes between them, in one turn."""
        data = b""
        for method in methods:
            if isinstance(method, bytes):
                data += method
                continue
            if self.referee is not None:
                self.referee.sent(channel, method)
            data += pamqp.frame.marshal(method, channel)
        self.send_bytes(data)

    def publish_bytes(
        self, channel: int, message: bytes, key: str = "q", exchange: str = "", *, mandatory=False, **properties
    ) -> bytes:
        """The frames of one publish. Keywords are the message's properties."""
        method = Basic.Publish(exchange=exchange, routing_key=key, mandatory=mandatory)
        if self.referee is not None:
            self.referee.sent(channel, method)
        step = self.frame_max - 8
        frames = [method, header.ContentHeader(0, len(message), Basic.Properties(**properties))]
        frames += [body.ContentBody(message[i : i + step]) for i in range(0, len(message), step)]
        return b"".join(pamqp.frame.marshal(each, channel) for each in frames)

    def publish(self, channel: int, *messages: bytes, **settings) -> None:
        """Messages in one turn; see ``publish_bytes``."""
        self.send_bytes(b"".join(self.publish_bytes(channel, message, **settings) for message in messages))

    def call(self, channel: int, method, reply: type) -> Got:
        """A method and its reply, which must be the first thing that comes then; what came before stays."""
        before, self._inbox = self._inbox, []
        self.send(channel, method)
        got = self.expect(reply, channel)
        self._inbox = before + self._inbox
        return got

    # -- in ------------------------------------------------------------------------------------------------------------

    def read(self) -> None:
        """Take what the outbox holds, as the shell does, if this client reads at all."""
        if not self.reads:
            return
        outbox = self.session.outbox
        was_full = outbox.full
        data = b"".join(iter(outbox.take, b""))
        self.wants_drain = self.wants_drain or was_full
        self.raw += data
        for frame in cut(data):
            self._take(frame)

    def start_reading(self) -> None:
        self.reads = True
        self.read()
        with self.broker.turn():
            pass

    def _take(self, raw: bytes) -> None:
        _, channel, frame = self.unmarshal(raw)
        if self.referee is not None:
            self.referee.got(channel, frame, len(raw))
        match frame:
            case header.ContentHeader():
                got = self._open_contents[channel]
                got.properties, got.missing = frame.properties, frame.body_size
            case body.ContentBody():
                got = self._open_contents[channel]
                got.body += frame.value
                got.missing -= len(frame.value)
            case Basic.Deliver() | Basic.GetOk() | Basic.Return():
                self._open_contents[channel] = Got(channel, frame)
                return
            case _:
                self._inbox.append(Got(channel, frame))
                return
        if got.missing == 0:
            self._inbox.append(self._open_contents.pop(channel))

    def frames(self) -> list[Got]:
        """All that came and was not looked at yet."""
        inbox, self._inbox = self._inbox, []
        return inbox

    def expect(self, kind: type, channel: int | None = None, **fields) -> Got:
        """The next thing that came: of this kind, with these fields."""
        assert self._inbox, f"nothing came, least of all {kind.name}"
        got = self._inbox.pop(0)
        assert isinstance(got.method, kind), f"{got!r}, not {kind.name}"
        assert channel is None or got.channel == channel, f"{got!r}, not on {channel}"
        for name, value in fields.items():
            assert getattr(got, name) == value, f"{name} is {getattr(got, name)!r}, not {value!r}: {got!r}"
        return got

    def expect_nothing(self) -> None:
        assert not self._inbox, self._inbox

    def deliveries(self) -> list[Got]:
        """All that came; all of it must be deliveries."""
        got = self.frames()
        assert all(isinstance(each.method, Basic.Deliver) for each in got), got
        return got

    def bodies(self) -> list[bytes]:
        return [got.body for got in self.deliveries()]

    def expect_channel_closed(self, channel: int, code: int, text: str, *blamed) -> None:
        """The broker closes a channel; answers with close-ok. ``blamed`` is the method at fault, its class or ids."""
        got = self.expect(Channel.Close, channel, reply_code=code, reply_text=text)
        if blamed:
            assert (got.class_id, got.method_id) == _ids(blamed), got
        self.send(channel, Channel.CloseOk())

    def expect_closed(self, code: int, text: str, *blamed) -> None:
        """The broker closes the connection; answers with close-ok."""
        got = self.expect(Connection.Close, 0, reply_code=code, reply_text=text)
        if blamed:
            assert (got.class_id, got.method_id) == _ids(blamed), got
        self.send(0, Connection.CloseOk())
        assert self.session.ending

    # -- the usual things ----------------------------------------------------------------------------------------------

    def start_ok(self, user: str = "guest", password: str = "guest") -> Connection.StartOk:
        return Connection.StartOk({"capabilities": self.capabilities}, "PLAIN", f"\0{user}\0{password}", "en_US")

    def shake_hands(
        self,
        *,
        heartbeat: int = 0,
        channel_max: int = 2047,
        user: str = "guest",
        password: str | None = None,
        vhost: str = "/",
    ) -> None:
        """As a user, whose password is usually its name."""
        self.send_bytes(PROTOCOL_HEADER)
        self.expect(Connection.Start)
        self.call(0, self.start_ok(user, user if password is None else password), Connection.Tune)
        self.send(0, Connection.TuneOk(channel_max, self.frame_max, heartbeat))
        self.call(0, Connection.Open(vhost), Connection.OpenOk)

    def open_channel(self, number: int) -> None:
        self.call(number, Channel.Open(), Channel.OpenOk)

    def declare(self, queue: str = "q", channel: int = 1, **settings) -> Got:
        return self.call(channel, Queue.Declare(queue=queue, **settings), Queue.DeclareOk)

    def consume(self, queue: str = "q", channel: int = 1, *, tag: str = "c", prefetch: int | None = None, **settings):
        """Starts a consumer; its first deliveries stay in the inbox. ``prefetch`` is set for it alone."""
        if prefetch is not None:
            self.call(channel, Basic.Qos(prefetch_count=prefetch), Basic.QosOk)
        return self.call(channel, Basic.Consume(queue=queue, consumer_tag=tag, **settings), Basic.ConsumeOk)

    def get(self, queue: str = "q", channel: int = 1, *, no_ack: bool = True) -> Got | None:
        """A message, or None where there is none."""
        self.send(channel, Basic.Get(queue=queue, no_ack=no_ack))
        got = self._inbox.pop(0)
        assert isinstance(got.method, (Basic.GetOk, Basic.GetEmpty)), got
        return got if isinstance(got.method, Basic.GetOk) else None

    def drain(self, queue: str = "q", channel: int = 1) -> list[bytes]:
        """All that waits in a queue."""
        return [got.body for got in iter(lambda: self.get(queue, channel), None)]

    def count(self, queue: str = "q", channel: int = 1) -> int:
        return self.declare(queue, channel, passive=True).message_count

    def ack(self, channel: int, *tags: int, multiple: bool = False) -> None:
        self.send(channel, *(Basic.Ack(tag, multiple) for tag in tags))

    def close(self) -> None:
        """Say good-bye, and the socket is gone."""
        self.call(0, Connection.Close(200, "Goodbye", 0, 0), Connection.CloseOk)
        self.die()

    def die(self) -> None:
        """The socket is gone, without a word."""
        self.gone = True
        with self.broker.turn() as turn:
            self.session.disconnected(turn)


def _ids(blamed: Iterable) -> tuple[int, int]:
    blamed = tuple(blamed)
    if len(blamed) == 1:
        index = blamed[0].index
        return index >> 16, index & 0xFFFF
    first, second = itertools.islice(blamed, 2)
    return first, second
