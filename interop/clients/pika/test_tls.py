"""By TLS: a program that trusts its broker, shows a certificate, and is known by it."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

import pika
import pytest
from pika.exceptions import AMQPConnectionError

from interop.certificates import Certificates, certificates
from interop.leveret import Leveret


@pytest.fixture(scope="module")
def ours() -> Iterator[Certificates]:
    with certificates() as ours:
        yield ours


@pytest.fixture(scope="module")
def broker(ours: Certificates) -> Iterator[Leveret]:
    """Its user is called as the common name of the client's certificate."""
    flags = (*ours.flags, "--user", "client", "--password", "secret", "--ssl-cert-login-from", "common_name")
    flags += ("--auth-mechanisms", "PLAIN,EXTERNAL")
    with Leveret(0, *flags) as broker:
        yield broker
        assert "Traceback" not in broker.log, broker.log


def trusting(ours: Certificates, *, shows: bool) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(ours.folder / "ca.pem"))
    if shows:
        context.load_cert_chain(ours.folder / "client.pem", ours.folder / "client.key")
    return context


def connected(port: int, context: ssl.SSLContext, credentials: object) -> pika.BlockingConnection:
    options = pika.SSLOptions(context, "localhost")
    return pika.BlockingConnection(
        pika.ConnectionParameters("127.0.0.1", port, ssl_options=options, credentials=credentials)
    )


def test_a_large_message_goes_there_and_back(broker, ours):
    body = bytes(range(256)) * 8192
    login = pika.PlainCredentials("client", "secret")
    with connected(broker.tls_port, trusting(ours, shows=False), login) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        queue = channel.queue_declare("", exclusive=True).method.queue
        channel.basic_publish("", queue, body)
        assert channel.basic_get(queue, auto_ack=True)[2] == body


def test_a_certificate_logs_in_without_a_password(broker, ours):
    external = pika.credentials.ExternalCredentials()
    with connected(broker.tls_port, trusting(ours, shows=True), external) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        queue = channel.queue_declare("", exclusive=True).method.queue
        # Refused to anyone of another name.
        channel.basic_publish("", queue, b"mine", pika.BasicProperties(user_id="client"))
        assert channel.basic_get(queue, auto_ack=True)[2] == b"mine"


def test_without_one_there_is_no_such_login(broker, ours):
    with pytest.raises(AMQPConnectionError):
        connected(broker.tls_port, trusting(ours, shows=False), pika.credentials.ExternalCredentials())


def test_a_broker_of_another_authority_is_not_trusted(broker):
    with certificates() as others, pytest.raises(ssl.SSLCertVerificationError):
        connected(broker.tls_port, trusting(others, shows=False), pika.PlainCredentials("client", "secret"))
