"""What a proxy says before the bytes of the connection it carries: read from a socket, and not one byte more."""

import socket

import trio
from trio.lowlevel import wait_readable

from broker.server.listeners import address_text
from protocol.proxy.ends import Ends, ProxyHeaderError
from protocol.proxy.header import MAX_BYTES, HeaderReader


class NotProxied(Exception):
    """A connection that does not begin as a proxy has it begin; the text says whose it is, and what is wrong."""


async def receive_ends(sock: socket.socket, seconds: float) -> Ends | None:
    """The ends of the connection as its proxy saw them; None where the socket's own are to be used.

    The header may come in pieces, and has to be there within ``seconds``. Raises NotProxied, OSError, and EOFError for
    a peer that went without a word, as a probe does.
    """
    host, port = sock.getpeername()[:2]
    reader = HeaderReader()
    try:
        with trio.fail_after(seconds):
            while not reader.whole:
                await wait_readable(sock)
                _take(reader, sock)
    except trio.TooSlowError:
        raise NotProxied(f"{address_text(host, port)}: no header of the PROXY protocol within {seconds:g} s") from None
    except ProxyHeaderError as error:
        raise NotProxied(f"{address_text(host, port)}: {error}") from error
    return reader.ends


def _take(reader: HeaderReader, sock: socket.socket) -> None:
    """What has come is only looked at, and then as much taken as is the header's: the rest is for TLS or AMQP."""
    try:
        data = sock.recv(MAX_BYTES, socket.MSG_PEEK)
    except BlockingIOError:
        return
    if data:
        sock.recv(reader.feed(data))
    elif reader.empty:
        raise EOFError
    else:
        raise ProxyHeaderError("the header of the PROXY protocol is cut off")
