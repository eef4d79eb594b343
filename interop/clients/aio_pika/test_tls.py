"""By TLS, as a URL says it."""

from __future__ import annotations

import aio_pika
import pytest
from yarl import URL

from interop.certificates import certificates
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
    body = bytes(range(256)) * 8192
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(exclusive=True)
        await channel.default_exchange.publish(aio_pika.Message(body), queue.name)
        assert (await soon(queue.get(no_ack=True, timeout=5), "the message")).body == body


@program
async def test_who_shows_no_certificate_is_not_let_in(url):
    with pytest.raises(ConnectionError):
        await aio_pika.connect(url.with_query(cafile=url.query["cafile"]))
