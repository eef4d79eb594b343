"""A whole broker: bytes of two clients in, every frame out legal; and when they are gone nothing is left of them.

The stream is cut at marks that are no frames: ``FE 'T' seconds`` lets time go on, ``FE 'C'`` makes the other client
speak, ``FE 'D'`` cuts the speaker off and ``FE 'R'`` makes it read, or no longer.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache

import pamqp.frame
from pamqp import commands
from pamqp.exceptions import PAMQPException
from pamqp.header import ContentHeader

from protocol.amqp import properties, replies
from protocol.amqp.handshake import State
from tests.conversation import Broker, Client, cut
from tests.fuzz import guard, recordings
from tests.fuzz.pieces import HEAD_BYTES, pieces
from tests.hostile.noise import opening

MAX_BYTES = 1500
MUTATES = "frames"

_HARD = {reply.code for reply in vars(replies).values() if isinstance(reply, replies.Reply) and reply.hard}
_SOFT = {reply.code for reply in vars(replies).values() if isinstance(reply, replies.Reply) and not reply.hard}
_MARKS = re.compile(rb"(\xfeT.|\xfeC|\xfeD|\xfeR)", re.DOTALL)
_MARKS_MAX = 12
# Of the mode: the first client has to log in by itself; the bodies and frames that are taken are small; messages of
# the firehose; a limit that stops publishers.
_STRANGER, _SMALL, _TRACED, _ALARM = 1, 2, 4, 8
_SECONDS = (0.001, 1, 11, 31, 70, 3600, 86400)


def seeds() -> Iterator[bytes]:
    for stream in recordings.streams():
        yield bytes((_STRANGER, 0)) + stream
    for body in recordings.behind_the_opening():
        for mode in (0, _SMALL, _TRACED, _ALARM):
            yield bytes((mode, 0)) + body
    for number, part in enumerate(recordings.stretches()):
        yield bytes((number % 16, (0, 90)[number % 2])) + part
        half = len(part) // 2
        yield bytes((0, 90)) + part[:half] + b"\xfeT\2\xfeC" + part[half:] + b"\xfeD\xfeT\5"


def run(data: bytes) -> None:
    if len(data) < HEAD_BYTES:
        return
    replay(data).end()


def replay(data: bytes, hear: Callable[[bytes], None] = lambda frame: None) -> "_World":
    """A broker to which all that has been said; ``hear`` gets every frame that either client is sent."""
    mode, how = data[0], data[1]
    world = _World(mode, hear)
    for number, part in enumerate(_MARKS.split(data[HEAD_BYTES:])):
        if number % 2:
            if number < 2 * _MARKS_MAX:
                world.mark(part)
        else:
            for piece in pieces(part, how):
                world.put(piece)
    return world


@cache
def _opening(number: int) -> bytes:
    return opening(4096 if number else 131072)


class _World:
    def __init__(self, mode: int, hear: Callable[[bytes], None]) -> None:
        self._hear = hear
        settings = {"max_message_bytes": 50, "channel_max": 3} if mode & _SMALL else {}
        limit = 2000 if mode & _ALARM else 2**40
        self.broker = Broker(memory_limit_bytes=limit, tracing=mode & _TRACED > 0, **settings)
        self.clients = [self._connect(0), self._connect(1)]
        self.speaker = 0
        for number, client in enumerate(self.clients):
            if not (mode & _STRANGER and number == 0):
                self._hand_over(client, _opening(number))
                assert client.session.connection.state in (State.RUNNING, State.CLOSED)

    def _connect(self, number: int) -> Client:
        client = self.broker.accept(frame_max=131072)
        client.whole = _Sent(client)
        client.unmarshal = self._unmarshal
        return client

    def _unmarshal(self, raw: bytes) -> tuple:
        self._hear(raw)
        return _unmarshal(raw)

    def put(self, piece: bytes) -> None:
        client = self.clients[self.speaker]
        if not client.gone:
            self._hand_over(client, piece)

    def _hand_over(self, client: Client, piece: bytes) -> None:
        client.whole.add(piece)
        client.send_bytes(piece)
        self._listen()

    def mark(self, mark: bytes) -> None:
        match mark[1:2]:
            case b"T":
                self.broker.advance(_SECONDS[mark[2] % len(_SECONDS)])
            case b"C":
                self.speaker = 1 - self.speaker
            case b"R":
                client = self.clients[self.speaker]
                if client.reads:
                    client.reads = False
                elif not client.gone:
                    client.start_reading()
            case _ if not self.clients[self.speaker].gone:
                self.clients[self.speaker].die()
        self._listen()

    def _listen(self) -> None:
        for client in self.clients:
            for got in client.frames():
                match got.method:
                    case commands.Connection.Close():
                        assert got.reply_code in _HARD | {replies.ACCESS_REFUSED.code}, got
                    case commands.Channel.Close():
                        assert got.reply_code in _SOFT, got

    def end(self) -> None:
        """All go, and what they declared is deleted as an operator would."""
        broker, node = self.broker, self.broker.node
        broker.advance(0.001)
        for client in self.clients:
            if not client.gone:
                client.die()
            session = client.session
            if session.outbox.size or session.channels:
                raise guard.Leak(f"{session.outbox.size} bytes, {session.channels} stay of a client that is gone")
        with broker.turn() as turn:
            for vhost in node.vhosts.values():
                for queue in list(vhost.queues.values()):
                    if queue.exclusive_owner is not None:
                        raise guard.Leak(f"{queue.name} outlives its owner")
                    vhost.delete_queue(queue, turn)
                for name in list(vhost.exchanges):
                    if name and not name.startswith("amq."):
                        vhost.delete_exchange(name, if_unused=False)
        broker.advance(100_000)
        self._check_empty()

    def _check_empty(self) -> None:
        node, backlog = self.broker.node, self.broker.node.backlog
        left = {
            "sessions": node.sessions,
            "queues": self.broker.queues,
            "bytes": abs(node.gauge.bytes) > 1,
            "touched": backlog.queues or backlog.outboxes or backlog.unread or backlog.chores or backlog.unwritten,
            "deadlines": node.next_deadline() is not None,
        }
        if found := [name for name, what in left.items() if what]:
            raise guard.Leak(f"{found} are left: {left}")


def _unmarshal(raw: bytes) -> tuple:
    """As pamqp, but for properties that went through as their publisher wrote them: texts that are not UTF-8, times
    beyond the year 9999.
    """
    try:
        return pamqp.frame.unmarshal(raw)
    except PAMQPException:
        if raw[0] != 2:
            raise
        properties.Checker().check(raw[19:-1])
        return len(raw), int.from_bytes(raw[1:3], "big"), ContentHeader(0, int.from_bytes(raw[11:19], "big"))


class _Sent:
    """What a client said, told to its referee; when it is no AMQP, the referee goes."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._rest = b""

    def add(self, piece: bytes) -> None:
        referee = self._client.referee
        if referee is None:
            return
        data, pos = self._rest + piece, 0
        try:
            while pos + 8 <= len(data):
                size = 0 if data.startswith(b"AMQP", pos) else int.from_bytes(data[pos + 3 : pos + 7], "big")
                if pos + 8 + size > len(data):
                    break
                (raw,) = cut(data[pos : pos + 8 + size])
                self._tell(referee, raw)
                pos += 8 + size
        except (ValueError, KeyError, TypeError, IndexError, OverflowError, PAMQPException, DeprecationWarning):
            self._client.referee = None
        self._rest = data[pos:]

    def _tell(self, referee, raw: bytes) -> None:
        _, channel, method = pamqp.frame.unmarshal(raw)
        state = referee.channel(channel)
        # A channel that begins or ends before the answers of the last one are there is too much for a referee.
        hasty_open = isinstance(method, commands.Channel.Open) and state.asked
        hasty_close = isinstance(method, commands.Channel.CloseOk) and not state.told_closed
        if hasty_open or hasty_close:
            self._client.referee = None
        if isinstance(method, commands.Connection.TuneOk):
            referee.frame_max = method.frame_max or referee.frame_max
        if isinstance(method, commands.base.Frame):
            referee.sent(channel, method)
