"""TLS on real sockets: what comes through it, who is let in, and what becomes of those who do not speak it properly."""

import logging
import os
import shutil
import socket
import ssl
import struct
from functools import partial

import pytest
import trio
from pamqp import commands

import broker
from broker.config import Config, ConfigError
from tests.server.authority import Authority
from tests.server.client import Client, connect, connect_tls, connected, message
from tests.server.fakes import errors_logged, no_socket_left, until

pytestmark = pytest.mark.trio


@pytest.fixture
def authority(tmp_path) -> Authority:
    return Authority(tmp_path)


async def login(client) -> None:
    await client.open()
    await client.channel()


async def test_a_client_publishes_and_gets_by_tls(authority):
    with no_socket_left(), errors_logged() as errors:
        async with broker.serve(port=0, tls_port=0, **authority.server()) as b:
            assert b.tls_url == f"amqps://guest:guest@127.0.0.1:{b.tls_port}/"
            assert b.url == f"amqp://guest:guest@127.0.0.1:{b.port}/"
            async with await connect_tls(b.tls_port, authority.client()) as client:
                await login(client)
                await client.queue("q")
                await client.send(*message("q", b"hello"))
                await client.ask(commands.Basic.Get(queue="q"), commands.Basic.GetOk)
                await client.receive()
                assert (await client.receive()).value == b"hello"
                await client.close()
            await until(lambda: not b.node.sessions)
        assert not errors


async def test_both_ports_reach_the_same_queues(authority):
    async with (
        broker.serve(port=0, tls_port=0, **authority.server()) as b,
        await connected(b.port) as plain,
        await connect_tls(b.tls_port, authority.client()) as secure,
    ):
        await login(secure)
        await plain.queue("q")
        await secure.send(*message("q", b"1"))
        await until(lambda: b.node.vhosts["/"].queues["q"].message_count == 1)
        assert [connection["ssl"] for connection in b.admin.list_connections()] == [False, True]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_bodies_larger_than_every_buffer_come_through_unchanged(authority, version):
    context = authority.client()
    context.maximum_version = version
    body = os.urandom(3_000_000)
    async with (
        broker.serve(port=0, tls_port=0, **authority.server()) as b,
        await connect_tls(b.tls_port, context) as client,
    ):
        await login(client)
        await client.queue("q")
        await client.send(commands.Basic.Publish(routing_key="q"), *frames(body))
        await until(lambda: b.node.vhosts["/"].queues["q"].message_count == 1)
        await client.ask(commands.Basic.Get(queue="q"), commands.Basic.GetOk)
        await client.receive()
        got = b""
        while len(got) < len(body):
            got += (await client.receive()).value
        assert got == body


def frames(body: bytes) -> list:
    from pamqp import header
    from pamqp.body import ContentBody

    chunks = [ContentBody(body[at : at + 100_000]) for at in range(0, len(body), 100_000)]
    return [header.ContentHeader(body_size=len(body)), *chunks]


async def test_a_client_that_never_reads_fills_its_own_outbox_and_is_served_when_it_reads(authority):
    """The socket is full in the midst of a record, again and again; nothing is lost, doubled or out of order."""
    async with (
        broker.serve(port=0, tls_port=0, **authority.server()) as b,
        await connected(b.port) as other,
    ):
        deaf = await connect_tls(b.tls_port, authority.client())
        await login(deaf)
        await deaf.queue("q")
        await deaf.ask(commands.Basic.Consume(queue="q", no_ack=True), commands.Basic.ConsumeOk)
        count, size = 400, 60_000
        for number in range(count):
            await other.send(*message("q", struct.pack(">I", number) * (size // 4)))
        session = next(s for s in b.node.sessions if s.secured)
        await until(lambda: session.outbox.full)
        await other.queue("and others are served")
        for number in range(count):
            await deaf.expect(commands.Basic.Deliver)
            await deaf.receive()
            assert (await deaf.receive()).value == struct.pack(">I", number) * (size // 4)
        await deaf.stream.aclose()


async def test_a_broker_that_stops_tells_clients_by_tls_why(authority):
    async def hear_it(client):
        close = await client.expect(commands.Connection.Close)
        assert close.reply_code == 320
        await client.send(commands.Connection.CloseOk(), channel=0)
        # With close_notify, or this would raise.
        assert await client.receive() is None
        await client.stream.aclose()

    async with trio.open_nursery() as nursery, broker.serve(port=0, tls_port=0, **authority.server()) as b:
        client = await connect_tls(b.tls_port, authority.client())
        await client.open()
        nursery.start_soon(hear_it, client)


async def test_bytes_and_a_good_bye_in_one_go_are_both_heard(authority):
    """The good-bye is read with the bytes before it, and nothing in the socket will ever wake its reader again."""
    async with broker.serve(port=0, tls_port=0, **authority.server()) as b:
        with socket.create_connection(("127.0.0.1", b.tls_port)) as sock:
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            tls = authority.client().wrap_bio(incoming, outgoing, server_hostname="localhost")

            def handshake():
                while True:
                    try:
                        tls.do_handshake()
                    except ssl.SSLWantReadError:
                        sock.sendall(outgoing.read())
                        incoming.write(sock.recv(65536))
                    else:
                        sock.sendall(outgoing.read())
                        return

            await trio.to_thread.run_sync(handshake)
            await until(lambda: any(s.secured for s in b.node.sessions))
            tls.write(b"AMQP\x00\x00\x09\x01")
            with pytest.raises(ssl.SSLWantReadError):
                tls.unwrap()
            sock.sendall(outgoing.read())
            # The connection of the client stays open below TLS.
            await until(lambda: not b.node.sessions, seconds=5)


async def test_without_a_certificate_there_is_no_tls():
    async with broker.serve(port=0) as b:
        assert b.tls_port == 0
        with pytest.raises(LookupError, match="no certificate"):
            b.tls_url  # noqa: B018


async def test_plain_listening_can_be_switched_off(authority):
    async with broker.serve(tls_only=True, tls_port=0, **authority.server()) as b:
        assert (b.port, b.url) == (0, b.tls_url)
        async with await connect_tls(b.tls_port, authority.client()) as client:
            await login(client)


# Who is let in


async def test_a_client_that_does_not_trust_the_server_goes_and_that_is_one_line(authority, tmp_path, caplog):
    (tmp_path / "other").mkdir()
    stranger = Authority(tmp_path / "other").client()
    async with broker.serve(port=0, tls_port=0, **authority.server()) as b:
        with socket.create_connection(("127.0.0.1", b.tls_port)) as sock, pytest.raises(ssl.SSLCertVerificationError):
            # trio's clients keep the reason to themselves.
            await trio.to_thread.run_sync(partial(stranger.wrap_socket, sock, server_hostname="localhost"))
        await until(lambda: not b.node.sessions)
    assert [r.levelno for r in caplog.records if "TLS handshake failed" in r.message] == [logging.WARNING]
    assert "unknown ca" in caplog.text


async def test_older_versions_than_the_least_are_refused(authority):
    context = authority.client()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    async with broker.serve(port=0, tls_port=0, tls_min_version="1.3", **authority.server()) as b:
        with pytest.raises(trio.BrokenResourceError):
            await connect_tls(b.tls_port, context)
        async with await connect_tls(b.tls_port, authority.client()) as client:
            assert client.stream.version() == "TLSv1.3"


async def test_only_the_ciphers_that_are_set_are_agreed_on(authority):
    context = authority.client()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    async with broker.serve(port=0, tls_port=0, tls_ciphers="ECDHE+CHACHA20", **authority.server()) as b:
        async with await connect_tls(b.tls_port, context) as client:
            assert "CHACHA20" in client.stream.cipher()[0]
        context.set_ciphers("ECDHE+AESGCM")
        with pytest.raises(trio.BrokenResourceError):
            await connect_tls(b.tls_port, context)


async def test_certificates_are_asked_for_and_checked(authority, tmp_path):
    (tmp_path / "other").mkdir()
    forger = Authority(tmp_path / "other")
    forged = authority.client()
    forged.load_cert_chain(*forger.files("forged", "hare@example.org"))
    async with broker.serve(port=0, tls_port=0, **authority.mutual()) as b:
        async with await connect_tls(b.tls_port, authority.client("hare@example.org", common_name="hare")) as client:
            await login(client)
            (session,) = b.node.sessions
            assert session.secured.certificate.subject.startswith("CN=hare,")
        async with await connect_tls(b.tls_port, authority.client()) as client:
            await login(client)
        await is_refused(b.tls_port, forged)


async def test_a_certificate_can_be_required(authority):
    settings = {**authority.mutual(), "tls_fail_if_no_peer_cert": True}
    async with broker.serve(port=0, tls_port=0, **settings) as b:
        await is_refused(b.tls_port, authority.client())
        async with await connect_tls(b.tls_port, authority.client("hare@example.org")) as client:
            await login(client)


async def is_refused(port: int, context: ssl.SSLContext) -> None:
    """In TLS 1.3 the client takes itself for connected, and hears of it when it reads."""
    with pytest.raises(trio.BrokenResourceError):
        async with await connect_tls(port, context) as client:
            await client.receive()


async def test_each_name_has_its_certificate(authority):
    hosts = [
        {"server_name": name, "certfile": certfile, "keyfile": keyfile}
        for name in ("burrow.test", "*.field.test")
        for certfile, keyfile in [authority.files(name.strip("*."), name)]
    ]
    async with broker.serve(port=0, tls_port=0, tls_hosts=hosts, **authority.server()) as b:
        for name in ("burrow.test", "BURROW.test", "north.field.test", "localhost"):
            async with await connect_tls(b.tls_port, authority.client(), name) as client:
                await login(client)
        for name in ("field.test", "elsewhere.test"):
            with pytest.raises(trio.BrokenResourceError):
                await connect_tls(b.tls_port, authority.client(), name)


async def test_clients_are_checked_whatever_name_they_ask_for(authority):
    certfile, keyfile = authority.files("burrow", "burrow.test")
    hosts = [{"server_name": "burrow.test", "certfile": certfile, "keyfile": keyfile}]
    settings = {**authority.mutual(), "tls_fail_if_no_peer_cert": True, "tls_hosts": hosts}
    async with broker.serve(port=0, tls_port=0, **settings) as b:
        async with await connect_tls(b.tls_port, authority.client("a@example.org"), "burrow.test") as client:
            await login(client)
        with pytest.raises(trio.BrokenResourceError):
            async with await connect_tls(b.tls_port, authority.client(), "burrow.test") as client:
                await client.receive()


# Certificates anew


async def serial(port: int, context: ssl.SSLContext) -> str:
    async with await connect_tls(port, context) as client:
        return client.stream.getpeercert()["serialNumber"]


async def test_certificates_are_read_again_and_open_connections_stay(authority):
    files = authority.server()
    async with (
        broker.serve(port=0, tls_port=0, **files) as b,
        await connect_tls(b.tls_port, authority.client()) as client,
    ):
        await login(client)
        before = await serial(b.tls_port, authority.client())
        assert authority.server() == files
        assert await serial(b.tls_port, authority.client()) == before
        b.reconfigure(b.config)
        assert await serial(b.tls_port, authority.client()) != before
        await client.queue("still there")


async def test_files_that_cannot_be_used_change_nothing(authority):
    policies = [{"name": "p", "pattern": "", "definition": {"max-length": 1}}]
    async with broker.serve(port=0, tls_port=0, ephemeral=True, **authority.server()) as b:
        before = await serial(b.tls_port, authority.client())
        broken = Config(tls_certfile="nowhere", tls_keyfile="nowhere", policies=policies)
        with pytest.raises(ConfigError, match="tls_certfile: cannot read nowhere: No such file or directory"):
            b.reconfigure(broken)
        assert await serial(b.tls_port, authority.client()) == before
        assert not b.node.vhosts["/"].policies.of(operator=False)


# Those who do not speak it, or not to the end


def hello(context: ssl.SSLContext) -> bytes:
    outgoing = ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost").do_handshake()
    return outgoing.read()


@pytest.mark.parametrize(
    "garbage",
    [b"AMQP\x00\x00\x09\x01", b"GET / HTTP/1.1\r\n\r\n", bytes(100), b"\x16\x03\x01\xff\xff" + bytes(20_000)],
    ids=["amqp", "http", "zeros", "record"],
)
async def test_whoever_does_not_speak_tls_is_cut_off_at_once(authority, garbage, caplog):
    with errors_logged() as errors, no_socket_left():
        async with broker.serve(port=0, tls_port=0, **authority.server()) as b:
            async with await connect(b.tls_port) as client:
                await client.stream.send_all(garbage)
                # A fatal alert (RFC 8446, section 6.2), or not even that for what is no TLS at all.
                with trio.fail_after(5):
                    answer = await client.stream.receive_some()
                assert not answer or (answer[0], answer[5]) == (21, 2)
            await until(lambda: not b.node.sessions)
        assert not errors
    assert "TLS handshake failed" in caplog.text


class Trickle(trio.abc.HalfCloseableStream):
    """A stream that sends what it is given in pieces of ``size`` bytes."""

    def __init__(self, stream: trio.SocketStream, size: int) -> None:
        self._stream = stream
        self._size = size

    async def send_all(self, data) -> None:
        for at in range(0, len(data), self._size):
            await self._stream.send_all(data[at : at + self._size])
            await trio.lowlevel.checkpoint()

    async def wait_send_all_might_not_block(self) -> None:
        await self._stream.wait_send_all_might_not_block()

    async def send_eof(self) -> None:
        await self._stream.send_eof()

    async def receive_some(self, max_bytes=None):
        return await self._stream.receive_some(max_bytes)

    async def aclose(self) -> None:
        await self._stream.aclose()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("size", [1, 7, 333])
async def test_a_handshake_and_what_follows_may_come_in_pieces(authority, version, size):
    context = authority.client("hare@field.test")
    context.maximum_version = version
    async with broker.serve(port=0, tls_port=0, **authority.mutual()) as b:
        stream = Trickle(await trio.open_tcp_stream("127.0.0.1", b.tls_port), size)
        async with Client(trio.SSLStream(stream, context, server_hostname="localhost")) as client:
            await login(client)
            await client.close()


async def test_many_shake_hands_at_once(authority):
    async with broker.serve(port=0, tls_port=0, **authority.server()) as b:

        async def come_and_go() -> None:
            client = await connect_tls(b.tls_port, authority.client())
            await login(client)
            await client.close()

        async with trio.open_nursery() as nursery:
            for _ in range(50):
                nursery.start_soon(come_and_go)
        await until(lambda: not b.node.sessions)


@pytest.mark.parametrize("part", [0, 5, 100])
async def test_half_a_handshake_ends_in_time(authority, part):
    with no_socket_left(), errors_logged() as errors:
        async with broker.serve(port=0, tls_port=0, handshake_timeout_s=0.3, **authority.server()) as b:
            async with await connect(b.tls_port) as client:
                begin = trio.current_time()
                await client.stream.send_all(hello(authority.client())[:part])
                assert await client.receive() is None
                assert 0.2 < trio.current_time() - begin < 2
            await until(lambda: not b.node.sessions)
        assert not errors


async def test_the_time_for_the_handshake_is_for_all_of_it(authority):
    """Who has done with TLS has what is left for AMQP, not as much again."""
    async with broker.serve(port=0, tls_port=0, handshake_timeout_s=0.5, **authority.server()) as b:
        stream = await trio.open_tcp_stream("127.0.0.1", b.tls_port)
        begin = trio.current_time()
        await trio.sleep(0.3)
        tls = trio.SSLStream(stream, authority.client(), server_hostname="localhost")
        await tls.do_handshake()
        assert await tls.receive_some() == b""
        assert trio.current_time() - begin < 0.75
        await tls.aclose()


async def test_clients_that_die_in_any_state_leave_nothing(authority):
    def reset(sock):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()

    with no_socket_left(), errors_logged() as errors:
        async with broker.serve(port=0, tls_port=0, **authority.server()) as b:
            for die in (reset, lambda sock: sock.close()):
                client = await connect(b.tls_port)
                die(client.stream.socket)
                client = await connect(b.tls_port)
                await client.stream.send_all(hello(authority.client()))
                die(client.stream.socket)
                client = await connect_tls(b.tls_port, authority.client())
                die(client.stream.transport_stream.socket)
                client = await connect_tls(b.tls_port, authority.client())
                await login(client)
                die(client.stream.transport_stream.socket)
            await until(lambda: not b.node.sessions)
        assert not errors


async def test_a_changed_byte_ends_the_connection(authority):
    with no_socket_left(), errors_logged() as errors:
        async with broker.serve(port=0, tls_port=0, **authority.server()) as b:
            client = await connect_tls(b.tls_port, authority.client())
            await login(client)
            await client.stream.transport_stream.send_all(b"\x17\x03\x03\x00\x20" + bytes(32))
            await until(lambda: not b.node.sessions)
            await trio.aclose_forcefully(client.stream)
        assert not errors


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
async def test_nothing_is_negotiated_again(authority):
    """It would cost us a signature each time, and the client, of TLS 1.2, nothing."""
    async with broker.serve(port=0, tls_port=0, **authority.server()) as b:
        command = ["openssl", "s_client", "-tls1_2", "-connect", f"127.0.0.1:{b.tls_port}"]
        with trio.fail_after(10):
            done = await trio.run_process(command, stdin=b"R\n", check=False, capture_stdout=True, capture_stderr=True)
        assert b"no renegotiation" in done.stdout + done.stderr
        await until(lambda: not b.node.sessions)
