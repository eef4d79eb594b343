"""Listening sockets: bound together or not at all, and the loop that accepts from one.

A full file table is met with patience: connections wait in the kernel's queue until descriptors are free again.
"""

import errno
import logging
import select
import socket
from collections.abc import Callable, Sequence

import trio

from broker.server.doorkeeper import Doorkeeper
from broker.server.governor import DOORS, Account, Governor

log = logging.getLogger("leveret")

# As many as Linux grants by default (net.core.somaxconn): clients that reconnect all at once wait, none is refused.
_BACKLOG = 4096
# Accepted in one go before the others get their turn: some 2 ms.
_BURST = 64
# While messages flow: 0.15 ms.
_SMALL_BURST = 2
# Not all systems tell of a peer that has only closed its side.
_GONE = getattr(select, "POLLRDHUP", select.POLLHUP) | select.POLLERR
# Seconds of silence before the first question, seconds between questions, questions without an answer: four minutes.
# The kernel's own defaults come to over two hours.
_KEEPALIVE = {"TCP_KEEPIDLE": 120, "TCP_KEEPINTVL": 30, "TCP_KEEPCNT": 4}
_FULL = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_FULL_PAUSE_S = 0.1
# Port 0 takes a port free on the first address; another program may hold it on the next one.
_ANY_PORT_TRIES = 20


class ListenError(Exception):
    """An address that cannot be listened on; the message is one line for the person who started the broker."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(f"cannot listen on {address_text(host, port)}: {reason}")
        self.host = host
        self.port = port
        self.reason = reason


def address_text(host: str, port: int) -> str:
    """``127.0.0.1:5672`` or ``[::1]:5672``."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


async def listen(hosts: Sequence[str], port: int) -> list[socket.socket]:
    """Sockets listening on every address of ``hosts``, all on one port; ``port`` 0 means any that is free on all.

    An IPv6 loopback or wildcard is left out on a machine without IPv6, unless it is all that was asked for.
    Raises ListenError.
    """
    addresses = [address for host in hosts for address in await _resolve(host, port)]
    for attempt in range(1, _ANY_PORT_TRIES + 1):
        try:
            return _bind_all(addresses, port)
        except ListenError as error:
            if port or not error.port or attempt == _ANY_PORT_TRIES:
                raise
    raise AssertionError("unreachable")


async def _resolve(host: str, port: int) -> list[tuple[socket.AddressFamily, str]]:
    try:
        found = await trio.socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise ListenError(host, port, error.strerror or str(error)) from error
    return [(family, str(address[0])) for family, _, _, _, address in found]


def _bind_all(addresses: Sequence[tuple[socket.AddressFamily, str]], port: int) -> list[socket.socket]:
    sockets: list[socket.socket] = []
    try:
        for family, host in dict.fromkeys(addresses):
            try:
                sockets.append(_bind(family, host, port))
            except OSError as error:
                if not _may_be_left_out(error, host, len(addresses)):
                    raise ListenError(host, port, error.strerror or str(error)) from error
                log.warning("not listening on %s: %s", address_text(host, port), error.strerror)
            else:
                port = sockets[-1].getsockname()[1]
    except BaseException:
        close_all(sockets)
        raise
    return sockets


def _bind(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        _notice_the_dead(sock)
        if family == socket.AF_INET6:
            # Else "::" would take IPv4 too and then collide with "0.0.0.0".
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((host, port))
        sock.listen(_BACKLOG)
    except BaseException:
        sock.close()
        raise
    return sock


def _notice_the_dead(listener: socket.socket) -> None:
    """Have the kernel ask whether silent peers still live; accepted sockets inherit it.

    Heartbeats do the same, but a client may turn them off, and then one that vanished would be kept for ever.
    """
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE.items():
        option = getattr(socket, name, None)
        if option is not None:
            listener.setsockopt(socket.IPPROTO_TCP, option, value)


def _may_be_left_out(error: OSError, host: str, addresses: int) -> bool:
    return addresses > 1 and host in ("::1", "::") and error.errno in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)


def close_all(sockets: Sequence[socket.socket]) -> None:
    """Close listening sockets and wake the tasks that wait on them, which then end."""
    for sock in sockets:
        trio.lowlevel.notify_closing(sock)
        sock.close()


def has_left(sock: socket.socket) -> bool:
    """Whether the peer has closed its side, whatever it said before."""
    poll = select.poll()
    poll.register(sock, _GONE)
    return bool(poll.poll(0))


async def accept_from(
    listener: socket.socket, welcome: Callable[[socket.socket], None], door: Doorkeeper, governor: Governor
) -> None:
    """Give each new connection, non-blocking, to ``welcome`` (which then owns it) until the listener is closed.

    ``door`` says whether there is room for it. While messages flow they are taken few at a time, when it is their turn,
    and those who have left already are let go.
    """
    account = Account()
    while listener.fileno() >= 0:
        try:
            await trio.lowlevel.wait_readable(listener)
            await door.room()
            if governor.messages_flow:
                await governor.room()
                await governor.admitted(account, DOORS)
                try:
                    with governor.charged():
                        _accept_some(listener, welcome, door, governor)
                finally:
                    governor.done()
            else:
                _accept_some(listener, welcome, door, governor)
        except trio.ClosedResourceError:
            return
        except BlockingIOError:
            continue
        except OSError as error:
            await _after(error)


def _accept_some(
    listener: socket.socket, welcome: Callable[[socket.socket], None], door: Doorkeeper, governor: Governor
) -> None:
    """A burst of them. Raises OSError, if only for there are no more."""
    left: float = _SMALL_BURST if governor.messages_flow else _BURST
    while left > 0 and not door.is_full:
        left -= _accept_one(listener, welcome, governor)


def _accept_one(listener: socket.socket, welcome: Callable[[socket.socket], None], governor: Governor) -> float:
    """How much of a burst it was: who has left costs a quarter."""
    sock, _ = listener.accept()
    if governor.messages_flow and has_left(sock):
        sock.close()
        return 0.25
    sock.setblocking(False)
    welcome(sock)
    return 1.0


async def _after(error: OSError) -> None:
    if error.errno in _FULL:
        log.error("cannot accept connections: %s; trying again in %s s", error.strerror, _FULL_PAUSE_S)
        await trio.sleep(_FULL_PAUSE_S)
    else:
        # A client that was gone before we took it (ECONNABORTED, ENETDOWN, EPROTO…): no harm to the next one.
        log.debug("a connection failed before it was accepted: %s", error)
