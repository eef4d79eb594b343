"""Connecting, being refused, and how a connection ends."""

import socket
import time

import pika
import pytest
from pika.exceptions import (
    ConnectionClosedByBroker,
    ProbableAccessDeniedError,
    ProbableAuthenticationError,
)

from interop.clients.pika.conftest import parameters


def test_the_defaults_connect_and_close(connect):
    connection = connect()
    assert connection.is_open
    connection.close()
    assert connection.is_closed


def test_the_broker_grants_what_clients_ask_for(connect):
    connection = connect()
    assert connection.publisher_confirms_supported
    assert connection.exchange_exchange_bindings_supported
    assert connection.basic_nack_supported
    assert connection.consumer_cancel_notify_supported


def test_a_wrong_password_is_told_as_such(connect):
    with pytest.raises(ProbableAuthenticationError) as refused:
        connect(credentials=pika.PlainCredentials("guest", "wrong"))
    assert "ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN" in str(refused.value)


def test_an_unknown_virtual_host_is_named(connect):
    with pytest.raises((ConnectionClosedByBroker, ProbableAccessDeniedError)) as refused:
        connect(virtual_host="nowhere")
    assert "NOT_ALLOWED - vhost nowhere not found" in str(refused.value)


@pytest.mark.parametrize(("asked", "granted"), [(0, 0), (5, 5), (600, 600)])
def test_the_client_chooses_its_heartbeat(connect, asked, granted):
    assert connect(heartbeat=asked)._impl.params.heartbeat == granted


@pytest.mark.parametrize("frame_max", [4096, 131_072])
def test_the_client_chooses_its_frame_size(connect, unique, frame_max):
    connection = connect(frame_max=frame_max)
    channel = connection.channel()
    queue = channel.queue_declare("", exclusive=True).method.queue
    channel.basic_publish("", queue, b"x" * 300_000)
    _, _, body = next(channel.consume(queue, auto_ack=True, inactivity_timeout=5))
    assert body == b"x" * 300_000


def test_a_client_that_falls_silent_is_given_up(connect):
    connection = connect(heartbeat=1)
    time.sleep(4.0)  # a blocking client that does not come back to its connection sends no heartbeats
    with pytest.raises(pika.exceptions.AMQPConnectionError):
        connection.channel()


def test_a_client_that_comes_back_in_time_is_kept(connect):
    connection = connect(heartbeat=1)
    deadline = time.monotonic() + 3.0
    while time.monotonic() < deadline:
        connection.process_data_events(0.1)
    assert connection.channel().is_open


def test_a_stopping_broker_says_so(leveret):
    connection = pika.BlockingConnection(parameters(leveret.url))
    channel = connection.channel()
    leveret.terminate()
    with pytest.raises(ConnectionClosedByBroker) as farewell:
        channel.connection.process_data_events(5)
    assert farewell.value.reply_code == 320
    assert farewell.value.reply_text == "CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'"
    assert leveret.wait() == 0


def test_a_client_that_vanishes_gives_back_what_it_held(connect):
    survivor, vanishing = connect().channel(), connect()
    survivor.confirm_delivery()
    queue = survivor.queue_declare("", auto_delete=False, exclusive=False).method.queue
    try:
        survivor.basic_publish("", queue, b"held")
        channel = vanishing.channel()
        private = channel.queue_declare("", exclusive=True).method.queue
        assert channel.basic_get(queue)[2] == b"held"
        vanishing._impl._transport._sock.shutdown(socket.SHUT_RDWR)

        given_back, deadline = None, time.monotonic() + 5
        while given_back is None and time.monotonic() < deadline:
            given_back, _, body = survivor.basic_get(queue, auto_ack=True)
        assert given_back is not None, "the message of a broken connection never came back"
        assert (body, given_back.redelivered) == (b"held", True)
        with pytest.raises(pika.exceptions.ChannelClosedByBroker, match="no queue"):
            survivor.connection.channel().queue_declare(private, passive=True)
    finally:
        survivor.queue_delete(queue)
