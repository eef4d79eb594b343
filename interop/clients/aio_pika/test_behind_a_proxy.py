"""A program that reaches its broker by way of a proxy, and so is known there by its own address."""

import asyncio
import contextlib
import ipaddress
import struct

import aio_pika
import pytest
from yarl import URL

from interop.clients.aio_pika.programs import program, soon
from interop.leveret import Leveret

_SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"


@pytest.fixture
def leveret():
    with Leveret(0, "--proxy-protocol") as broker:
        yield broker
        assert "Traceback" not in broker.log, broker.log


@contextlib.asynccontextmanager
async def proxy(broker, *, header):
    """Forwards connections to the broker, each with a header made from the client's own address.

    Gives its URL, and the addresses of its clients as they come.
    """
    clients, at_work = [], set()

    async def carry(reader, writer):
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
            writer.write_eof()

    async def forward(reader, writer):
        at_work.add(asyncio.current_task())
        clients.append(writer.get_extra_info("peername"))
        from_broker, to_broker = await asyncio.open_connection("127.0.0.1", broker.port)
        to_broker.write(header(clients[-1], writer.get_extra_info("sockname")))
        await asyncio.gather(carry(reader, to_broker), carry(from_broker, writer))
        for end in (to_broker, writer):
            end.close()
            with contextlib.suppress(OSError):
                await end.wait_closed()

    server = await asyncio.start_server(forward, "127.0.0.1")
    try:
        yield URL(broker.url).with_port(server.sockets[0].getsockname()[1]), clients
    finally:
        server.close()
        await asyncio.gather(*at_work)


def line(peer, local):
    return f"PROXY TCP4 {peer[0]} {local[0]} {peer[1]} {local[1]}\r\n".encode()


def block(peer, local):
    hosts = b"".join(ipaddress.ip_address(host).packed for host, _ in (peer, local))
    return _SIGNATURE + b"\x21\x11" + struct.pack(">H4s4sHH", 12, hosts[:4], hosts[4:], peer[1], local[1])


@pytest.mark.parametrize("header", [line, block])
@program
async def test_a_program_behind_a_proxy_works_as_ever_and_is_known_by_its_own_address(leveret, header):
    body = bytes(300_000)
    async with proxy(leveret, header=header) as (url, clients), await aio_pika.connect(url) as watcher:
        told = await (await watcher.channel()).declare_queue(exclusive=True)
        await told.bind("amq.rabbitmq.event", "connection.created")
        async with await aio_pika.connect(url) as connection:
            assert len(clients) == 2
            channel = await connection.channel()
            queue = await channel.declare_queue(exclusive=True)
            await channel.default_exchange.publish(aio_pika.Message(body), queue.name)
            assert (await soon(queue.get(no_ack=True, timeout=5), "the message")).body == body
            event = await soon(told.get(no_ack=True, timeout=5), "word of the connection")
            host, port = clients[-1]
            assert event.headers["peer_host"] == "{" + host.replace(".", ",") + "}"
            assert event.headers["peer_port"] == port
            assert event.headers["port"] == url.port


@program
async def test_who_comes_without_one_is_not_let_in(leveret):
    with pytest.raises(ConnectionError):
        await aio_pika.connect(leveret.url)
