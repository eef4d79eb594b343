"""Headers of the PROXY protocol, as RabbitMQ takes or drops them, and as leveret does."""

from __future__ import annotations

import itertools
import socket
import time

import pytest

from interop import rabbitmq
from interop.leveret import Leveret
from tests.protocol.proxy import proxies

pytestmark = [
    pytest.mark.rabbitmq,
    pytest.mark.skipif(rabbitmq.installed() is None, reason="no RabbitMQ here; python -m interop.rabbitmq.install"),
]

_AMQP = b"AMQP\x00\x00\x09\x01"
# Nothing that is served takes longer; RabbitMQ gives up after 3 s.
_PATIENCE_S = 10.0
_TEXT = proxies.text(proxies.PEER4, proxies.LOCAL4)
_BINARY = proxies.binary(proxies.PEER4, proxies.LOCAL4)
_ADDRESSES = proxies.addresses(proxies.PEER4, proxies.LOCAL4)
_PROXY, _LOCAL = proxies.PROXY, proxies.LOCAL

HEADERS = {
    "none": b"",
    "TCP4": _TEXT,
    "TCP6": proxies.text(proxies.PEER6, proxies.LOCAL6),
    "TCP6 with IPv4 in it": b"PROXY TCP6 ::ffff:203.0.113.7 ::ffff:198.51.100.1 40001 5672\r\n",
    "heading zero of an address": _TEXT.replace(b".7 ", b".07 "),
    "heading zero of a port": _TEXT.replace(b" 40001 ", b" 040 "),
    "port 0": _TEXT.replace(b" 40001 ", b" 0 "),
    "port 65536": _TEXT.replace(b" 40001 ", b" 65536 "),
    "LF alone": _TEXT.replace(b"\r", b""),
    "two spaces": _TEXT.replace(b" 40001", b"  40001"),
    "UNKNOWN": b"PROXY UNKNOWN\r\n",
    "UNKNOWN with addresses": b"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n",
    "binary TCP4": _BINARY,
    "binary TCP6": proxies.binary(proxies.PEER6, proxies.LOCAL6),
    "binary UDP4": proxies.block(_PROXY, proxies.UDP4, _ADDRESSES),
    "binary LOCAL": proxies.block(_LOCAL, proxies.UNSPEC),
    "binary LOCAL with addresses": proxies.block(_LOCAL, proxies.TCP4, _ADDRESSES),
    "binary UNSPEC": proxies.block(_PROXY, proxies.UNSPEC),
    "binary UNIX": proxies.unix(),
    "binary version 1": proxies.block(_PROXY, proxies.TCP4, _ADDRESSES, version=1),
    "binary command 2": proxies.block(2, proxies.TCP4, _ADDRESSES),
    "binary family 4": proxies.block(_PROXY, 0x41, _ADDRESSES),
    "binary kind 3": proxies.block(_PROXY, 0x13, _ADDRESSES),
    "binary too short": proxies.block(_PROXY, proxies.TCP4, _ADDRESSES[:8]),
    "binary TLV nobody knows": proxies.binary(proxies.PEER4, proxies.LOCAL4, [(0xEE, b"abc")]),
    "binary TLV cut off": proxies.block(_PROXY, proxies.TCP4, _ADDRESSES + b"\x04\x00\xffabc"),
    "binary checksum": proxies.with_checksum(_BINARY),
    "binary wrong checksum": proxies.with_checksum(_BINARY, wrong=1),
    "TCP4 in two pieces": (_TEXT[:20], _TEXT[20:]),
    "binary TCP4 in two pieces": (_BINARY[:20], _BINARY[20:]),
}

_CRASHES = "the specification asks to take it, with the socket's own addresses; RabbitMQ's connection crashes on it"
_IN_PIECES = "the specification lets a receiver do either; proxies write it at once, but nothing holds TCP together"
DIFFERENT = {
    "UNKNOWN": _CRASHES,
    "UNKNOWN with addresses": _CRASHES,
    "binary UNSPEC": _CRASHES,
    "binary UNIX": _CRASHES,
    "TCP4 in two pieces": _IN_PIECES,
    "binary TCP4 in two pieces": _IN_PIECES,
    "port 0": "the specification has ports from 0 on",
    "heading zero of a port": "the specification forbids it",
}
BEFORE_4 = {"binary LOCAL": _CRASHES, "binary LOCAL with addresses": _CRASHES}


def _is_served(port: int, header: bytes | tuple[bytes, ...]) -> bool:
    """Whether connection.start is the answer, the other one being the end of the connection."""
    pieces = header if isinstance(header, tuple) else (header,)
    with socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE_S) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for piece, following in itertools.pairwise((*pieces, None)):
                sock.sendall(piece if following else piece + _AMQP)
                # Into packets of their own.
                time.sleep(0.05)
            return sock.recv(1) == b"\x01"
        except ConnectionError:
            return False


def test_leveret_takes_what_rabbitmq_takes_but_for_these() -> None:
    with rabbitmq.running(config=["proxy_protocol = true"], proxy_header=_TEXT) as node:
        its = {name: _is_served(node.port, header) for name, header in HEADERS.items()}
    with Leveret(0, "--proxy-protocol") as leveret:
        ours = {name: _is_served(leveret.port, header) for name, header in HEADERS.items()}
    different = {name for name in HEADERS if its[name] is not ours[name]}
    assert different == set(DIFFERENT) | (set(BEFORE_4) if node.version.startswith("3.") else set())
    assert [name for name in different if its[name]] == ["heading zero of a port"]
