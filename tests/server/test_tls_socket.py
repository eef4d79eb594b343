"""TlsSocket against any traffic: no byte is lost, doubled or kept back, whatever the sizes, however full the socket."""

import socket
import ssl

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.server.tls_socket import TlsSocket
from tests.server.authority import Authority

_BUFFER_BYTES = 4096
# Of a period that no size of a record shares, so that what is lost or doubled shows.
_PATTERN = bytes(range(251)) * 300


@pytest.fixture(scope="module")
def contexts(tmp_path_factory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    authority = Authority(tmp_path_factory.mktemp("authority"))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(*authority.files("server"))
    return server, authority.client()


class Client:
    """The other end, one step at a time."""

    def __init__(self, sock: socket.socket, context: ssl.SSLContext) -> None:
        self.sock = sock
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname="localhost")
        self.unsent = b""
        self.got = b""

    def write(self, data: bytes) -> None:
        self.tls.write(data)
        self.push()

    def push(self) -> None:
        self.unsent += self._outgoing.read()
        try:
            self.unsent = self.unsent[self.sock.send(self.unsent) :]
        except BlockingIOError:
            pass

    def read(self, size: int) -> None:
        try:
            self._incoming.write(self.sock.recv(size))
            while True:
                self.got += self.tls.read(65536)
        except (BlockingIOError, ssl.SSLWantReadError):
            pass

    def shake_hands(self) -> bool:
        try:
            self._incoming.write(self.sock.recv(65536))
        except BlockingIOError:
            pass
        try:
            self.tls.do_handshake()
            return True
        except ssl.SSLWantReadError:
            return False
        finally:
            self.push()


def connected(contexts) -> tuple[TlsSocket, Client]:
    ours, theirs = socket.socketpair()
    for sock in (ours, theirs):
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER_BYTES)
    served, client = TlsSocket(ours, contexts[0]), Client(theirs, contexts[1])
    done = False
    while not done:
        done = client.shake_hands()
        done = step(served) and done
    return served, client


def step(served: TlsSocket) -> bool:
    """A step of the handshake, without the thread and the waiting."""
    try:
        served._incoming.write(served._sock.recv(65536))
    except BlockingIOError:
        pass
    done = served.shake_hands()
    served._flush()
    if done:
        served.agreed()
    return done is True


sizes = st.one_of(st.integers(1, 100), st.integers(1, 70_000))
moves = st.lists(st.tuples(st.sampled_from(["write", "push", "recv", "send", "read"]), sizes), max_size=60)


@settings(max_examples=150)
@given(moves)
def test_every_byte_arrives_once_and_in_order(contexts, moves):
    served, client = connected(contexts)
    written = heard = sent = rest = b""
    with served, client.sock:
        for move, size in moves:
            if move == "write":
                written += _PATTERN[:size]
                client.write(_PATTERN[:size])
            elif move == "push":
                client.push()
            elif move == "recv":
                heard += received(served, size)
            elif move == "read":
                client.read(size)
            else:
                if not rest:
                    rest = _PATTERN[:size]
                    sent += rest
                rest = remains(served, rest)
        for _ in range(10_000):
            if heard == written and client.got == sent:
                break
            client.push()
            heard += received(served, 65536)
            rest = remains(served, rest)
            client.read(65536)
        assert heard == written
        assert client.got == sent


def received(served: TlsSocket, size: int) -> bytes:
    """Less than was asked for leaves nothing inside: the kernel has to have what wakes us."""
    try:
        data = served.recv(size)
    except BlockingIOError:
        data = b""
    assert len(data) <= size
    if len(data) < size:
        with pytest.raises(ssl.SSLWantReadError):
            served.tls.read(1)
    return data


def remains(served: TlsSocket, data: bytes) -> bytes:
    try:
        return data[served.send(data) :] if data else b""
    except BlockingIOError:
        return data
