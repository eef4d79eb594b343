"""By TLS, as a URL says it; and what becomes of a program when certificates change, or are those of others."""

from __future__ import annotations

import asyncio
import os
import signal
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import aio_pika
import pytest
import trustme
from yarl import URL

from interop.certificates import Certificates, certificates
from interop.clients.aio_pika.programs import program, soon
from interop.leveret import Leveret


@pytest.fixture
def url():
    """Of a broker that lets nobody in without a certificate; all that a client needs stands in it."""
    with certificates() as ours, Leveret(0, *ours.flags, "--tls-fail-if-no-peer-cert") as broker:
        files = {"cafile": "ca.pem", "certfile": "client.pem", "keyfile": "client.key"}
        secure = URL(broker.url).with_scheme("amqps").with_host("localhost").with_port(broker.tls_port)
        yield secure.with_query({name: str(ours.folder / file) for name, file in files.items()})
        assert "Traceback" not in broker.log, broker.log


@program
async def test_a_large_message_goes_there_and_back(url):
    async with await aio_pika.connect(url) as connection:
        await exchange_a_message(connection, bytes(range(256)) * 8192)


@program
async def test_who_shows_no_certificate_is_not_let_in(url):
    with pytest.raises(ConnectionError):
        await aio_pika.connect(url.with_query(cafile=url.query["cafile"]))


@pytest.fixture
def ours() -> Iterator[Certificates]:
    with certificates() as ours:
        yield ours


@pytest.fixture
def broker(ours: Certificates) -> Iterator[Leveret]:
    with Leveret(0, *ours.flags) as broker:
        yield broker
        assert "Traceback" not in broker.log, broker.log


async def connected(broker: Leveret, folder: Path, host: str = "localhost") -> aio_pika.abc.AbstractConnection:
    """By one that trusts the authority in ``folder``."""
    context = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    return await aio_pika.connect(f"amqps://guest:guest@{host}:{broker.tls_port}/", ssl_context=context)


async def exchange_a_message(connection: aio_pika.abc.AbstractConnection, body: bytes = b"a hare") -> None:
    channel = await connection.channel()
    queue = await channel.declare_queue(exclusive=True)
    await channel.default_exchange.publish(aio_pika.Message(body), queue.name)
    assert (await soon(queue.get(no_ack=True, timeout=5), "the message")).body == body


@program
async def test_who_does_not_trust_the_broker_is_a_line_in_its_log(broker):
    with certificates() as others, pytest.raises(ConnectionError):
        await connected(broker, others.folder)
    # asyncio's clients do not say why they go.
    await until(lambda: "TLS handshake failed: the client left in the midst of it" in broker.log)


@program
async def test_certificates_are_changed_under_a_program(broker, ours):
    async with await connected(broker, ours.folder) as connection:
        with certificates() as others:
            for name in ("server.pem", "server.key", "ca.pem"):
                (ours.folder / name).write_bytes((others.folder / name).read_bytes())
        os.kill(broker.pid, signal.SIGHUP)
        await until(lambda: "certificates are as the configuration says" in broker.log)
        await exchange_a_message(connection)
        # The authority, too, is another now.
        async with await connected(broker, ours.folder) as another:
            await exchange_a_message(another)


@program
async def test_each_name_has_its_certificate(tmp_path, ours):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    another = authority.issue_cert("localhost")
    another.cert_chain_pems[0].write_to_path(tmp_path / "another.pem")
    another.private_key_pem.write_to_path(tmp_path / "another.key")
    settings = tmp_path / "leveret.toml"
    settings.write_text(
        f'[[tls_hosts]]\nserver_name = "localhost"\n'
        f'certfile = "{tmp_path}/another.pem"\nkeyfile = "{tmp_path}/another.key"\n'
    )
    with Leveret(0, *ours.flags, "--config", str(settings)) as broker:
        # Who connects to an address asks for no name.
        for folder, host in ((ours.folder, "127.0.0.1"), (tmp_path, "localhost")):
            async with await connected(broker, folder, host) as connection:
                await exchange_a_message(connection)


async def until(condition: Callable[[], bool]) -> None:
    """The broker is another process: there is no event of it to wait for."""
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it does not come")
