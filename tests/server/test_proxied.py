"""Connections that come by way of a proxy: whose they are, in logs and events, and what becomes of those without it."""

import logging
from contextlib import contextmanager

import pytest
import trio
import trio.testing
from pamqp import commands

import broker
from tests.protocol.proxy.proxies import (
    LOCAL,
    LOCAL4,
    LOCAL6,
    PEER4,
    PEER6,
    PROXY,
    TCP4,
    UNSPEC,
    addresses,
    binary,
    block,
    text,
    unix,
    with_checksum,
)
from tests.server.authority import Authority
from tests.server.client import Client, connect, connect_tls, connected
from tests.server.fakes import errors_logged, no_socket_left

pytestmark = pytest.mark.trio

AMQP = b"AMQP\x00\x00\x09\x01"


def behind_proxies(**settings):
    return broker.serve(**{"port": 0, "proxy_protocol": True, "loopback_users": (), **settings})


async def proxied(port: int, header: bytes) -> Client:
    """Logged in behind a proxy, with channel 1 open."""
    client = await connect(port)
    await client.stream.send_all(header)
    await client.open()
    await client.channel()
    return client


def names(b):
    return [session.connection_name for session in b.node.sessions]


@contextmanager
def drops_logged():
    """Whom the broker's log calls dropped, and why."""
    drops = []

    class Keep(logging.Handler):
        def emit(self, record):
            word, _, rest = record.getMessage().partition(": ")
            if word == "dropped":
                drops.append(rest)

    handler = Keep()
    logging.getLogger("leveret").addHandler(handler)
    try:
        yield drops
    finally:
        logging.getLogger("leveret").removeHandler(handler)


@pytest.mark.parametrize(
    ("header", "name"),
    [
        (text(PEER4, LOCAL4), "203.0.113.7:40001 -> 198.51.100.1:5672"),
        (text(PEER6, LOCAL6), "[2001:db8::7]:40001 -> [2001:db8::1]:5672"),
        (binary(PEER4, LOCAL4), "203.0.113.7:40001 -> 198.51.100.1:5672"),
        (binary(PEER6, LOCAL6), "[2001:db8::7]:40001 -> [2001:db8::1]:5672"),
        (with_checksum(binary(PEER4, LOCAL4)), "203.0.113.7:40001 -> 198.51.100.1:5672"),
    ],
)
async def test_a_connection_is_the_clients_and_not_the_proxys(header, name):
    async with behind_proxies() as b, await proxied(b.port, header):
        assert names(b) == [name]


@pytest.mark.parametrize(
    "header",
    [
        block(LOCAL, UNSPEC),
        block(LOCAL, TCP4, addresses(PEER4, LOCAL4)),
        block(PROXY, UNSPEC),
        unix(),
        b"PROXY UNKNOWN\r\n",
    ],
)
async def test_without_addresses_a_connection_is_that_of_its_socket(header):
    async with behind_proxies() as b, await proxied(b.port, header) as client:
        host, port = client.stream.socket.getsockname()
        assert names(b) == [f"{host}:{port} -> 127.0.0.1:{b.port}"]


@pytest.mark.parametrize("header", [text(PEER4, LOCAL4), binary(PEER4, LOCAL4)])
async def test_the_header_comes_in_pieces_and_together_with_what_follows(header):
    async with behind_proxies() as b:
        whole = header + AMQP
        for cut in (1, len(header) - 1, len(header), len(header) + 1, len(whole)):
            async with await connect(b.port) as client:
                await client.stream.send_all(whole[:cut])
                await trio.testing.wait_all_tasks_blocked()
                await client.stream.send_all(whole[cut:])
                await client.expect(commands.Connection.Start)
        async with await connect(b.port) as client:
            for byte in whole:
                await client.stream.send_all(bytes([byte]))
                await trio.testing.wait_all_tasks_blocked()
            await client.expect(commands.Connection.Start)


async def test_events_tell_whose_it_is():
    async with behind_proxies() as b, await proxied(b.port, text(PEER6, LOCAL6)) as watcher:
        await watcher.queue("events")
        bind = commands.Queue.Bind(queue="events", exchange="amq.rabbitmq.event", routing_key="connection.created")
        await watcher.ask(bind, commands.Queue.BindOk)
        await watcher.ask(commands.Basic.Consume(queue="events", no_ack=True), commands.Basic.ConsumeOk)
        async with await proxied(b.port, binary(PEER4, LOCAL4)):
            await watcher.expect(commands.Basic.Deliver)
            told = (await watcher.receive()).properties.headers
        assert (told["peer_host"], told["peer_port"]) == ("{203,0,113,7}", 40001)
        assert (told["host"], told["port"]) == ("{198,51,100,1}", 5672)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (AMQP, r"no header of the PROXY protocol, but b'AMQP\x00\x00\t\x01'"),
        (b"GET / HTTP/1.1\r\n\r\n", "no header of the PROXY protocol, but b'GET / HTTP/1.1\\r\\n'"),
        (text(PEER4, LOCAL4)[:-2] + b"\n" + AMQP, "a line that ends without CR"),
        (with_checksum(binary(PEER4, LOCAL4), wrong=1) + AMQP, "wrong checksum"),
    ],
)
async def test_who_brings_none_is_dropped_and_the_log_says_why(data, why):
    with no_socket_left(), errors_logged() as errors, drops_logged() as drops:
        async with behind_proxies() as b, await proxied(b.port, text(PEER4, LOCAL4)) as other:
            async with await connect(b.port) as client:
                await client.stream.send_all(data)
                with pytest.raises(trio.BrokenResourceError):
                    await client.receive()
                assert drops == [f"127.0.0.1:{client.stream.socket.getsockname()[1]}: {why}"]
            await other.queue("still served")
            assert len(b.node.sessions) == 1
        assert not errors


@pytest.mark.parametrize(
    ("header", "here"),
    [
        (text(PEER4, LOCAL4), False),
        (binary(PEER6, LOCAL6), False),
        (text(PEER4, ("127.0.0.1", 5672)), False),
        (text(("127.0.0.1", 40001), LOCAL4), True),
        (b"PROXY TCP6 ::ffff:127.0.0.1 ::1 40001 5672\r\n", True),
        (text(("::1", 40001), LOCAL6), True),
        (block(LOCAL, UNSPEC), True),
        (block(LOCAL, TCP4, addresses(PEER4, LOCAL4)), True),
    ],
)
async def test_guest_is_let_in_from_this_machine_only_wherever_the_proxy_stands(header, here):
    async with behind_proxies(loopback_users=("guest",)) as b, await connect(b.port) as client:
        await client.stream.send_all(header + AMQP)
        await client.expect(commands.Connection.Start)
        capable = {"capabilities": {"authentication_failure_close": True}}
        await client.send(commands.Connection.StartOk(capable, "PLAIN", "\0guest\0guest", "en_US"), channel=0)
        await client.expect(commands.Connection.Tune if here else commands.Connection.Close)


@pytest.mark.parametrize("header", [text(PEER4, LOCAL4), binary(PEER4, LOCAL4)])
async def test_the_header_stands_before_tls(tmp_path, header):
    authority = Authority(tmp_path)
    async with behind_proxies(tls_port=0, **authority.server()) as b:
        bare = await trio.open_tcp_stream("127.0.0.1", b.tls_port)
        await bare.send_all(header)
        async with Client(trio.SSLStream(bare, authority.client(), server_hostname="localhost")) as client:
            await client.open()
            assert names(b) == ["203.0.113.7:40001 -> 198.51.100.1:5672"]
            await client.close()


async def test_tls_without_a_header_is_dropped(tmp_path):
    authority = Authority(tmp_path)
    with drops_logged() as drops:
        async with behind_proxies(tls_port=0, **authority.server()) as b:
            with pytest.raises(trio.BrokenResourceError):
                await connect_tls(b.tls_port, authority.client())
            assert not b.node.sessions
    (drop,) = drops
    assert "no header of the PROXY protocol, but b'\\x16\\x03" in drop


async def test_a_cut_off_header_is_noted_and_a_probe_is_not():
    with drops_logged() as drops:
        async with behind_proxies() as b:
            async with await connect(b.port) as probe:
                await probe.stream.send_eof()
                assert await probe.receive() is None
            assert not drops
            async with await connect(b.port) as client:
                await client.stream.send_all(b"PROXY TCP4")
                await client.stream.send_eof()
                assert await client.receive() is None
            assert not b.node.sessions
    (drop,) = drops
    assert drop.endswith(": the header of the PROXY protocol is cut off")


@pytest.mark.parametrize("part", [b"", b"PROXY TCP4", binary(PEER4, LOCAL4)[:20]])
async def test_the_header_has_to_come_in_time(autojump_clock, part):
    autojump_clock.autojump_threshold = 0.05
    with drops_logged() as drops:
        async with behind_proxies(handshake_timeout_s=5) as b, await connect(b.port) as client:
            await client.stream.send_all(part)
            begin = trio.current_time()
            assert await client.receive() is None
            assert trio.current_time() - begin == pytest.approx(5, abs=0.2)
    (drop,) = drops
    assert drop.endswith(": no header of the PROXY protocol within 5 s")


async def test_a_stop_waits_for_no_header(autojump_clock):
    autojump_clock.autojump_threshold = 0.05
    with no_socket_left():
        async with behind_proxies() as b:
            client = await connect(b.port)
            await client.stream.send_all(b"PROXY")
            await trio.testing.wait_all_tasks_blocked()
            begin = trio.current_time()
        assert trio.current_time() - begin < 0.5
        assert await client.receive() is None
        await client.stream.aclose()


async def test_where_it_is_not_switched_on_a_header_is_what_any_other_opening_is():
    async with broker.serve(port=0) as b, await connected(b.port), await connect(b.port) as client:
        await client.stream.send_all(text(PEER4, LOCAL4))
        assert await client.stream.receive_some() == b"AMQP\x03\x01\x00\x00"
