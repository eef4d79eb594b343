"""Actor: one client, joined to a node without a socket: what it asked, what it was sent, and what of that it has read.

Two things look at each frame: the model when the broker writes it (``emitted``), and the referee and whoever waits for
an answer when the client reads it, which may be much later, or never.
"""

from collections import deque

import pamqp.frame
from pamqp.commands import Basic, Channel, Connection

from broker.session.outbox import Outbox
from tests.conversation import CAPABILITIES, PROTOCOL_HEADER, cut
from tests.referee import Referee
from tests.simulation.durable import frames
from tests.simulation.model import ChannelModel

_UNASKED = (Basic.Deliver, Basic.Return, Basic.Ack, Basic.Nack, Basic.Cancel, Channel.Close)
_CONTENT = (Basic.Deliver, Basic.GetOk, Basic.Return)


class WatchedOutbox(Outbox):
    """``written`` is everything since somebody looked; ``overtook`` is what was sent ahead of it."""

    def __init__(self, registry) -> None:
        super().__init__(registry)
        self.written: list[bytes] = []
        self.overtook: list[bytes] = []

    def append(self, chunk: bytes) -> None:
        super().append(chunk)
        self.written.append(chunk)

    def take(self) -> bytes:
        while self._ahead:
            self.overtook.append(super().take())
        return super().take()


class Channels(ChannelModel):
    """What the model knows of one channel."""

    def __init__(self, outbox, tally) -> None:
        super().__init__(outbox)
        self._tally = tally
        # Of each publish since confirm.select: the (queue, place) that must be safe first.
        self.published: list[list[tuple]] = []
        self.confirmed: set[int] = set()
        self.returns: deque[int] = deque()
        self.tx_returns: list[int] = []
        # Gets that have not been answered: (queue, no_ack, how many it will leave).
        self.getting: deque[tuple] = deque()
        # What transactions must have made safe, one for each commit.
        self.committing: deque[list[tuple]] = deque()
        # The message under way: method, and body so far.
        self.content = None
        self.offset: int | None = None

    def enqueue(self, run: "Run") -> None:
        """Publish, or keep for the commit."""
        if self.transactional:
            self.tx_publishes.append(run)
        else:
            run.enqueue()

    def commit(self) -> None:
        runs, self.tx_publishes = self.tx_publishes, []
        for run in runs:
            run.enqueue()
        self.committing.append([need for run in runs for need in run.needs()])
        self.returns += self.tx_returns
        self.tx_returns.clear()
        super().commit()

    def _settle(self, entry, requeue: bool) -> None:
        queue = entry[0]
        self._tally["settled"] += not (requeue or queue.is_stream or queue.deleted)
        super()._settle(entry, requeue)

    def rollback(self) -> None:
        self.tx_returns.clear()
        super().rollback()


class Run:
    """Messages that are published in one go, all persistent or all not, all with one filter value or none."""

    def __init__(self, queues: list, messages: list[int], persistent: bool, now_ms: int, value: str | None) -> None:
        self.queues = queues
        self.messages = messages
        self.persistent = persistent
        self.now_ms = now_ms
        self.value = value

    def enqueue(self) -> None:
        for queue in self.queues:
            queue.enqueue(self)

    def needs(self) -> list[tuple]:
        """The (queue, place) that must be safe before the publisher is told, once it is enqueued."""
        waited_for = [queue for queue in self.queues if queue.is_stream or (queue.durable and self.persistent)]
        return [(queue, queue.place_of[message]) for queue in waited_for for message in self.messages]


class Asked:
    """A method that wants an answer. ``state`` of the definitions must be safe before; ``expect`` checks the answer."""

    def __init__(self, method, state: int, expect) -> None:
        self.method = method
        self.state = state
        self.expect = expect


class Actor:
    """``reads`` may be turned off: a client that does not empty its socket. Channel 1 is open."""

    def __init__(self, broker, number: int, frame_max: int, told) -> None:
        self.number = number
        self.broker = broker
        self.told = told
        self.frame_max = frame_max
        self.reads = True
        self.gone = False
        self.wants_drain = False
        self.referee = Referee(frame_max, takes_cancels=True)
        self.channels: dict[int, Channels] = {}
        self.asked: dict[int, deque[Asked]] = {}
        # Closed by the broker, which waits for close-ok.
        self.told_closed: list[int] = []
        # To be closed by the broker, who may not have said so yet.
        self.dead: set[int] = set()
        self._unread: deque = deque()
        self._fresh: list = []
        with broker.turn() as turn:
            self.session = broker.node.connect("127.0.0.1:50000", "127.0.0.1:5672", turn)
        self.outbox = self.session.outbox
        self._send_bytes(_hello(frame_max))
        assert self.session.connection.state.name == "RUNNING", "the handshake failed"
        while self.outbox.take():
            pass
        self.outbox.written.clear()
        broker.clients.append(self)

    @property
    def able(self) -> bool:
        """Whether the broker listens."""
        return not self.session.paused and not self.session.ending

    # -- out -----------------------------------------------------------------------------------------------------------

    def _send_bytes(self, data: bytes) -> None:
        with self.broker.turn() as turn:
            self.session.receive(data, turn)

    def send(self, channel: int, *methods, state: int = 0, expect=None) -> None:
        """Methods in one turn. Of the last one's answer see ``Asked``."""
        for method in methods:
            self.referee.sent(channel, method)
            if method.valid_responses and not getattr(method, "nowait", False):
                last = method is methods[-1]
                self.asked.setdefault(channel, deque()).append(Asked(method, state, expect if last else None))
        self._send_bytes(b"".join(pamqp.frame.marshal(method, channel) for method in methods))

    def publish(self, channel: int, data: bytes, count: int) -> None:
        state = self.referee.channel(channel)
        state.published += count * state.confirming
        self._send_bytes(data)

    def send_rubbish(self) -> None:
        self._send_bytes(b"\x09\x00\x00\x00\x00\x00\x00\xce")

    def is_busy(self, channel: int) -> bool:
        """Whether it waits for an answer there."""
        return bool(self.asked.get(channel))

    # -- in ------------------------------------------------------------------------------------------------------------

    def emitted(self) -> list:
        """(channel, frame) of all that the broker wrote to it since the last call."""
        self._pull()
        fresh, self._fresh = self._fresh, []
        return fresh

    def _pull(self) -> None:
        written = self.outbox.written
        if written:
            data = b"".join(written)
            written.clear()
            for raw in cut(data):
                channel, frame = frames.read(raw)
                self._unread.append((len(raw), channel, frame))
                self._fresh.append((channel, frame))

    def read(self) -> None:
        """As the shell: send what the outbox holds, if this client reads at all."""
        if not self.reads or self.gone:
            return
        self._pull()
        was_full = self.outbox.full
        size = 0
        while chunk := self.outbox.take():
            size += len(chunk)
        self.wants_drain = self.wants_drain or was_full
        overtook, self.outbox.overtook = self.outbox.overtook, []
        for raw in cut(b"".join(overtook)):
            self._take(*frames.read(raw), len(raw))
        while size > 0:
            length, channel, frame = self._unread.popleft()
            size -= length
            self._take(channel, frame, length)

    def _take(self, channel: int, frame, size: int) -> None:
        self.referee.got(channel, frame, size)
        if channel == 0:
            return
        if isinstance(frame, Channel.Close):
            self.asked.pop(channel, None)
            self.told_closed.append(channel)
        elif hasattr(frame, "valid_responses") and not isinstance(frame, _UNASKED):
            self.told(self, channel, self.asked[channel].popleft(), frame)

    def start_reading(self) -> None:
        self.reads = True
        self.read()
        with self.broker.turn():
            pass

    # -- end -----------------------------------------------------------------------------------------------------------

    def die(self) -> None:
        self.gone = True
        with self.broker.turn() as turn:
            self.session.disconnected(turn)
        self.broker.clients.remove(self)


def _hello(frame_max: int) -> bytes:
    """The whole handshake in one go: nothing that the broker says in it matters here."""
    hello = _HELLOS.get(frame_max)
    if hello is None:
        methods = (
            Connection.StartOk({"capabilities": CAPABILITIES}, "PLAIN", "\0guest\0guest", "en_US"),
            Connection.TuneOk(2047, frame_max, 0),
            Connection.Open("/"),
        )
        hello = PROTOCOL_HEADER + b"".join(pamqp.frame.marshal(method, 0) for method in methods)
        _HELLOS[frame_max] = hello
    return hello


_HELLOS: dict[int, bytes] = {}
