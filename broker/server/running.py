"""One node's tasks from start to stop, in rings of which the inner ends first.

Listeners and peers inside; around them what keeps the node going (time, left-over work, the disk, memory), so that
sessions can say good-bye while there is still somebody to carry it.
"""

import logging
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

import trio

from broker import __version__
from broker.node import Node
from broker.server.advancing import real_deadline
from broker.server.certificates import Certificates
from broker.server.clocks import VirtualClock
from broker.server.committer import Committer
from broker.server.control import ControlSocket
from broker.server.disk_reader import DiskReader
from broker.server.doorkeeper import Doorkeeper
from broker.server.listeners import accept_from, address_text, close_all
from broker.server.login_checker import LoginChecker
from broker.server.peer import Peer
from broker.server.shell import Shell, log_notices
from broker.server.timekeeper import keep_time
from broker.server.tls_peer import TlsPeer
from broker.server.watching import watch
from protocol import native

log = logging.getLogger("leveret")

# How long a stop waits for a disk that does not answer.
_LAST_WRITE_S = 30.0


class Doors:
    """Where clients come in: ``plain`` and ``tls`` are listening sockets. Of the latter there are none without
    ``certificates``. By ``control`` an administrator's commands come in.
    """

    __slots__ = ("certificates", "control", "plain", "tls")

    def __init__(
        self,
        plain: Sequence[socket.socket],
        tls: Sequence[socket.socket] = (),
        certificates: Certificates | None = None,
    ) -> None:
        self.plain = plain
        self.tls = tls
        self.certificates = certificates
        self.control: ControlSocket | None = None

    def close(self) -> None:
        if self.control is not None:
            self.control.close()
        close_all(self.plain)
        close_all(self.tls)


@asynccontextmanager
async def running(
    node: Node,
    doors: Doors,
    grace_s: float,
    clock: VirtualClock | None = None,
    *,
    proxy_header_s: float = 0.0,
    door: Doorkeeper | None = None,
) -> AsyncIterator[Shell]:
    """Serve ``node``, which has begun, at ``doors`` (owned from here on) for the length of the block.

    At its end clients are told, have ``grace_s`` seconds to agree, and are cut off; what is left to write is written.
    No task and no socket is left. With ``proxy_header_s`` each connection has to begin with a header of the PROXY
    protocol, within so many seconds. Under a virtual ``clock`` moments come by ``advancing``, but for the peers'.
    Raises CommitterFailed.
    """
    shell = Shell(node)
    shell.proxy_header_s = proxy_header_s
    shell.door = door or shell.door
    if clock is not None:
        shell.next_deadline = real_deadline(shell, clock)
    committer = Committer(shell)
    failure: Exception | None = None
    try:
        async with trio.open_nursery() as keepers:
            DiskReader(shell, keepers)
            LoginChecker(shell, keepers)
            for keep in (shell.work_off, partial(keep_time, shell), shell.governor.keep):
                keepers.start_soon(keep)
            keepers.start_soon(committer.end_with, keepers.cancel_scope)
            keepers.start_soon(watch, shell, node.alarms, node.folder)
            try:
                async with trio.open_nursery() as peers:
                    _open_doors(doors, shell, peers)
                    try:
                        yield shell
                    except Exception as error:  # noqa: BLE001 - raised again below
                        # Outside the nurseries, or the caller would get it wrapped in groups of ours.
                        failure = error
                    finally:
                        _close_doors(doors, shell)
                        peers.cancel_scope.deadline = trio.current_time() + grace_s
            finally:
                with trio.CancelScope(deadline=trio.current_time() + _LAST_WRITE_S, shield=True):
                    await committer.finish()
            keepers.cancel_scope.cancel()
    finally:
        doors.close()
        _stop(node)
    if committer.failure is not None:
        raise committer.failure
    if failure is not None:
        raise failure


def _stop(node: Node) -> None:
    turn = node.turn()
    node.stop(turn)
    log_notices(turn)


def _open_doors(doors: Doors, shell: Shell, peers: trio.Nursery) -> None:
    def welcome(sock: socket.socket) -> None:
        peers.start_soon(Peer(sock, shell, peers).run)

    log.info("Leveret %s, %s", __version__, native.HOW)
    # One: a storm of them takes no more than one core, and waits in line.
    threads = trio.CapacityLimiter(1)

    def welcome_tls(sock: socket.socket) -> None:
        assert doors.certificates is not None
        peers.start_soon(TlsPeer(sock, shell, peers, doors.certificates.context, threads).run)

    for listener in doors.plain:
        peers.start_soon(accept_from, listener, welcome, shell.door, shell.governor)
        log.info("listening on %s", _own_address(listener))
    for listener in doors.tls:
        peers.start_soon(accept_from, listener, welcome_tls, shell.door, shell.governor)
        log.info("listening for TLS on %s", _own_address(listener))
    if doors.control is not None:
        peers.start_soon(doors.control.serve, shell)
    log.info("Server startup complete; 0 plugins started.")


def _own_address(listener: socket.socket) -> str:
    return address_text(*listener.getsockname()[:2])


def _close_doors(doors: Doors, shell: Shell) -> None:
    shell.begin_stopping()
    doors.close()
    shell.act(shell.node.shutdown)
