"""Peer: one connection's socket. Bytes go in to its session; what the session leaves in its outbox goes out.

A flush sends at once and only a remainder gets a task (a writer task for every send costs twice as much a message).
Nothing here knows AMQP, nothing awaits once a message, and no send ever dispatches: that would recurse.
"""

import logging
import socket
from collections.abc import Callable
from time import perf_counter, thread_time
from typing import Any, TypeVar

import trio
from trio.lowlevel import checkpoint, notify_closing, wait_readable, wait_writable

from broker.server.governor import Account
from broker.server.listeners import address_text, has_left
from broker.server.proxied import NotProxied, receive_ends
from broker.server.shell import Shell
from broker.server.tls_socket import TlsSocket
from broker.session.session import Session
from broker.turn import Turn
from protocol.proxy.ends import Ends

log = logging.getLogger("leveret")

# 64 KiB reads are best; 256 KiB cost more at 16-byte bodies (fresh large buffers).
_READ_BYTES = 65536
# How long a session that ends has to get rid of its last bytes, and then to hear the peer close its side. To close a
# socket with unread input resets the connection, and a reset may overtake the close frame that was just sent.
_LAST_BYTES_S = 10.0
_LINGER_S = 2.0

T = TypeVar("T")


class Peer:
    """Owns a socket and its session from accept to close."""

    __slots__ = (
        "_account",
        "_bare",
        "_broken",
        "_go_on",
        "_gone",
        "_is_stranger",
        "_moved",
        "_rest",
        "_scope",
        "_session",
        "_shell",
        "_shut",
        "_size",
        "_sock",
        "_tasks",
    )

    def __init__(self, sock: socket.socket, shell: Shell, tasks: trio.Nursery, tls: TlsSocket | None = None) -> None:
        """``tls`` is ``sock`` with TLS in it."""
        self._bare = sock
        self._sock = sock if tls is None else tls
        self._shell = shell
        self._tasks = tasks
        self._scope = trio.CancelScope()
        self._session: Session
        self._go_on = trio.Event()
        # What the socket did not take. While there is any, a task waits to send it, and it alone empties the outbox.
        self._rest: memoryview | None = None
        self._broken = False
        self._shut = False
        self._gone = False
        # Until its connection is open.
        self._is_stranger = True
        shell.door.came(self._scope)
        self._account = Account()
        # What the last turn moved and read, in messages and bytes.
        self._moved = 0
        self._size = 0

    async def run(self) -> None:
        """Serve the peer until it is gone. Never raises but trio.Cancelled; always leaves the socket closed."""
        try:
            with self._sock, self._scope:
                ends = await self._ends_behind_proxy() if self._shell.proxy_header_s else None
                if self._shell.stopping:
                    return
                turn = await self._piece(lambda: self._connect(ends))
                try:
                    self._shell.run(turn)
                    await self._read()
                finally:
                    self._disconnect()
        except OSError as error:
            log.debug("a connection was lost: %s", error)
        except EOFError:
            log.debug("a peer connected and left without a word")
        except NotProxied as error:
            log.warning("dropped: %s", error)
        except Exception:
            log.exception("internal error; the connection it happened on is dropped")
        finally:
            self._shell.door.gone(self._scope)

    def flush(self) -> None:
        """Send what is in the outbox, now; never blocks. The outbox calls this once a turn, as its ``wake``."""
        if self._gone:
            return
        if self._rest is None and not self._empty_outbox():
            self._tasks.start_soon(self._send_rest)
        if self._session.ending:
            self._end()

    # Reading

    async def _ends_behind_proxy(self) -> Ends | None:
        with self._shell.until_stopping():
            return await receive_ends(self._bare, self._shell.proxy_header_s)

    async def _piece(self, work: Callable[[], T]) -> T:
        """Do a piece of work: now, or, where messages flow and this peer moves none, when its time has come."""
        account, governor = self._account, self._shell.governor
        waits = not account.trusted and governor.messages_flow
        if waits:
            await governor.admitted(account)
        self._moved = self._size = 0
        begun = thread_time()
        try:
            return work()
        finally:
            governor.spent(account, thread_time() - begun, self._moved, self._size)
            if waits:
                governor.done()

    def _connect(self, ends: Ends | None) -> Turn:
        if self._shell.governor.messages_flow and has_left(self._bare):
            # While it waited for its turn, perhaps.
            raise EOFError
        self._bare.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        peer, local = ends or (self._bare.getpeername(), self._bare.getsockname())
        turn = self._shell.node.turn()
        self._session = self._shell.node.connect(_text(peer), _text(local), turn)
        self._session.outbox.wake = self.flush
        self._session.on_resume = self._resume
        self._session.on_open = self._opened
        return turn

    async def _read(self) -> None:
        while True:
            while not self._may_read:
                await self._resumed()
            if self._account.trusted and not self._account.measured:
                size = self._read_flow()
            else:
                self._session.piece.limit_s = self._shell.governor.piece_s(self._account)
                size = await self._piece(self._read_or_leave)
            if not size:
                return
            if size == _READ_BYTES:
                # Probably there is more: a checkpoint is half the price of a wait, and lets the others have their turn.
                await checkpoint()
            elif self._may_read:
                await self._readable()

    async def _readable(self) -> None:
        if not self._is_stranger:
            await wait_readable(self._sock)
            return
        door = self._shell.door
        door.waits_for(self._scope)
        await wait_readable(self._sock)
        door.heard(self._scope)

    @property
    def _may_read(self) -> bool:
        session = self._session
        return not session.paused or session.ending or self._broken

    def _read_flow(self) -> int:
        """``_read_some`` for a peer that moves messages, and whose turns are what that takes."""
        self._moved = self._size = 0
        begun = perf_counter()
        size = self._read_some()
        self._shell.governor.flowed(self._account, begun, perf_counter(), self._moved, self._size)
        return size

    def _read_or_leave(self) -> int:
        """``_read_some`` for a peer whose leave-taking is no less work than the rest, and part of the last piece."""
        try:
            size = self._read_some()
        except OSError:
            self._disconnect()
            raise
        if not size:
            self._disconnect()
        return size

    def _read_some(self) -> int:
        """How many bytes there were: 0 at the end, below that where there are none yet, _READ_BYTES if there are more.

        What is left of an earlier read, for want of time, comes first.
        """
        if self._session.interrupted:
            self._receive(b"")
            return _READ_BYTES
        try:
            data = self._sock.recv(_READ_BYTES)
        except BlockingIOError:
            return -1
        return self._receive(data) if data and not self._session.ending else len(data)

    def _receive(self, data: bytes) -> int:
        """As ``_read_some``."""
        turn = self._shell.node.turn()
        try:
            try:
                self._session.receive(data, turn)
            finally:
                self._moved, self._size = turn.messages, len(data)
                self._shell.run(turn)
        except Exception:
            log.exception("internal error; the connection it happened on is closed")
            self._shell.act(self._session.crashed)
        if self._session.ending:
            self._end()
        return _READ_BYTES if self._session.interrupted else len(data)

    async def _resumed(self) -> None:
        self._go_on = trio.Event()
        await self._go_on.wait()

    def _resume(self) -> None:
        self._go_on.set()

    def _opened(self) -> None:
        self._is_stranger = False
        self._shell.door.opened(self._scope)

    # Writing

    def _empty_outbox(self) -> bool:
        """Send until the outbox is empty or the socket full; whether all is sent."""
        outbox = self._session.outbox
        was_full = outbox.full and not outbox.held
        while self._rest is None and (data := outbox.take()):
            self._rest = self._send(data)
        if was_full:
            self._shell.later(self._drained)
        return self._rest is None

    def _send(self, data: bytes | memoryview) -> memoryview | None:
        """What the socket did not take, or None."""
        if self._broken:
            return None
        try:
            sent = self._sock.send(data)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            self._break(error)
            return None
        return None if sent == len(data) else memoryview(data)[sent:]

    async def _send_rest(self) -> None:
        try:
            while self._rest is not None:
                await wait_writable(self._sock)
                if self._gone:
                    return
                self._rest = self._send(self._rest)
                self._empty_outbox()
            if self._session.ending:
                self._end()
        except trio.ClosedResourceError:
            pass  # the reader's side closed the socket under us
        except Exception:
            log.exception("internal error while sending; the connection is dropped")
            self._scope.cancel()

    def _drained(self, turn: Turn) -> None:
        if not self._gone:
            self._session.drained(turn)

    # Ending

    def _end(self) -> None:
        """The session is over: see its last bytes off, close our side, wait a little for the peer to close its own."""
        unsent = self._rest is not None or self._session.outbox.held > 0
        if not unsent and not self._shut:
            self._shut = True
            try:
                self._sock.shutdown(socket.SHUT_WR)
            except OSError as error:
                self._break(error)
        self._hurry(_LAST_BYTES_S if unsent else _LINGER_S)

    def _break(self, error: OSError) -> None:
        """Nothing can be sent any more. What the peer sent before it died is still read, and then its end of file."""
        log.debug("sending failed: %s", error)
        self._broken = True
        self._hurry(_LINGER_S)

    def _hurry(self, seconds: float) -> None:
        self._scope.deadline = min(self._scope.deadline, trio.current_time() + seconds)
        self._resume()

    def _disconnect(self) -> None:
        """Synchronous, so that no cancellation comes between; idempotent. Breaks the cycle of peer, outbox and session,
        too.
        """
        if self._gone:
            return
        self._gone = True
        self._rest = None
        notify_closing(self._sock)
        self._session.outbox.wake = self._session.on_resume = self._session.on_open = _nobody
        with self._shell.governor.charged():
            self._shell.act(self._session.disconnected)


def _nobody() -> None:
    pass


def _text(address: Any) -> str:
    return address_text(str(address[0]), address[1])
