"""A client of TLS 1.3 may renew its keys at any time, and ask for ours to be renewed. Some do nothing else."""

import socket
import ssl
import struct

import pytest
import trio
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from broker.server.tls_socket import TlsSocket
from tests.server.authority import Authority

pytestmark = pytest.mark.trio

_APPLICATION_DATA, _HANDSHAKE = 23, 22
_KEY_UPDATE = bytes([24, 0, 0, 1, 1])


class Renewer:
    """The writing half of a client, with keys of its own making (RFC 8446, 7.2 and 7.3): OpenSSL's has no such wish."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._sequence = 0

    def _derived(self, label: bytes, size: int) -> bytes:
        label = b"tls13 " + label
        info = struct.pack(">HB", size, len(label)) + label + b"\0"
        return HKDFExpand(hashes.SHA384(), size, info).derive(self._secret)

    def record(self, kind: int, data: bytes) -> bytes:
        inner = data + bytes([kind])
        header = bytes([_APPLICATION_DATA, 3, 3]) + struct.pack(">H", len(inner) + 16)
        nonce = int.from_bytes(self._derived(b"iv", 12)) ^ self._sequence
        self._sequence += 1
        return header + AESGCM(self._derived(b"key", 32)).encrypt(nonce.to_bytes(12), inner, header)

    def renewals(self, count: int) -> bytes:
        records = []
        for _ in range(count):
            records.append(self.record(_HANDSHAKE, _KEY_UPDATE))
            self._secret, self._sequence = self._derived(b"traffic upd", 48), 0
        return b"".join(records)


@pytest.fixture
async def connection(tmp_path):
    """Ours, the client's socket, what it reads by and what it writes by."""
    authority = Authority(tmp_path)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(*authority.files("server"))
    context = authority.client()
    context.keylog_filename = str(tmp_path / "keys")
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    reader = context.wrap_bio(incoming, outgoing, server_hostname="localhost")

    def shake_hands():
        while True:
            try:
                reader.do_handshake()
            except ssl.SSLWantReadError:
                theirs.sendall(outgoing.read())
                incoming.write(theirs.recv(65536))
            else:
                theirs.sendall(outgoing.read())
                break

    with TlsSocket(ours, server) as served, theirs:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_serve_handshake, served)
            await trio.to_thread.run_sync(shake_hands)
        lines = (tmp_path / "keys").read_text().splitlines()
        (secret,) = [line.split()[2] for line in lines if line.startswith("CLIENT_TRAFFIC_SECRET_0")]
        theirs.setblocking(False)
        yield served, theirs, (reader, incoming), Renewer(bytes.fromhex(secret))


async def _serve_handshake(served: TlsSocket) -> None:
    done = False
    while not done:
        await served.hear()
        done = served.shake_hands()
        await served.told()
    served.agreed()


def read_all(theirs, reading) -> bytes:
    reader, incoming = reading
    try:
        while True:
            incoming.write(theirs.recv(65536))
    except BlockingIOError:
        pass
    try:
        return reader.read(65536)
    except ssl.SSLWantReadError:
        return b""


async def test_keys_are_renewed_on_both_sides_and_bytes_go_on(connection):
    served, theirs, reading, renewer = connection
    for number in range(100):
        theirs.send(renewer.renewals(1) + renewer.record(_APPLICATION_DATA, b"%d" % number))
        assert served.recv(65536) == b"%d" % number
        served.send(b"heard %d" % number)
        assert read_all(theirs, reading) == b"heard %d" % number


async def test_a_renewal_alone_is_answered_and_is_no_bytes(connection):
    served, theirs, reading, renewer = connection
    theirs.send(renewer.renewals(1))
    with pytest.raises(BlockingIOError):
        served.recv(65536)
    # Its answer is there without anything to send.
    assert len(theirs.recv(65536, socket.MSG_PEEK)) > 0
    assert read_all(theirs, reading) == b""


async def test_a_flood_of_renewals_leaves_others_their_turn(connection):
    """Else 64 KiB of them took 55 ms in one go."""
    served, theirs, _, renewer = connection
    flood = renewer.renewals(2000)
    assert theirs.send(flood) == len(flood)
    turns = 0
    while True:
        with pytest.raises(BlockingIOError):
            served.recv(65536)
        turns += 1
        try:
            served._sock.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            break
    assert turns >= 3


async def test_who_has_keys_renewed_and_reads_no_answer_is_given_up(connection):
    served, theirs, _, renewer = connection
    served._sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    sent = 0
    with pytest.raises(ConnectionAbortedError):  # noqa: PT012 - which of the rounds raises is not the point
        for _ in range(200):
            sent += theirs.send(renewer.renewals(300))
            with pytest.raises(BlockingIOError):
                served.recv(65536)
    assert sent < 1_000_000
