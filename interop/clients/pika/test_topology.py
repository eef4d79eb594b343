"""Declaring, binding, deleting; and what the broker says to those who get it wrong."""

import pika.spec
import pytest
from pika.exceptions import ChannelClosedByBroker, ConnectionClosedByBroker


def refusal(request, *arguments, **named):
    """The broker's words when a request costs the channel."""
    with pytest.raises(ChannelClosedByBroker) as refused:
        request(*arguments, **named)
    return refused.value.reply_code, refused.value.reply_text


def test_a_declared_queue_is_told_apart_from_a_missing_one(connection, unique):
    channel = connection.channel()
    channel.queue_declare(unique("q"), exclusive=True)
    assert channel.queue_declare(unique("q"), passive=True).method.message_count == 0
    assert refusal(channel.queue_declare, unique("missing"), passive=True) == (
        404,
        f"NOT_FOUND - no queue '{unique('missing')}' in vhost '/'",
    )


def test_after_a_refusal_other_channels_go_on(connection, unique):
    steady, unlucky = connection.channel(), connection.channel()
    refusal(unlucky.queue_declare, unique("missing"), passive=True)
    assert unlucky.is_closed
    steady.queue_declare(unique("q"), exclusive=True)
    assert connection.channel(unlucky.channel_number).is_open, "the number is free again"


@pytest.mark.parametrize(
    ("first", "second", "complaint"),
    [
        ({"durable": True}, {"durable": False}, "'durable' for {}: received 'false' but current is 'true'"),
        ({"auto_delete": True}, {"auto_delete": False}, "'auto_delete' for {}: received 'false' but current is 'true'"),
        (
            {"arguments": {"x-expires": 60_000}},
            {},
            "'x-expires' for {}: received none but current is the value '60000' of type 'signedint'",
        ),
    ],
)
def test_a_queue_is_not_redeclared_otherwise(connection, unique, first, second, complaint):
    name = unique("q")
    # Durable unless said otherwise: newer RabbitMQs refuse a queue that is neither durable nor exclusive.
    connection.channel().queue_declare(name, **{"durable": True, **first})
    try:
        code, text = refusal(connection.channel().queue_declare, name, **{"durable": True, **second})
        assert code == 406
        assert text == "PRECONDITION_FAILED - inequivalent arg " + complaint.format(f"queue '{name}' in vhost '/'")
    finally:
        connection.channel().queue_delete(name)


def test_an_exchange_is_not_redeclared_otherwise(connection, unique):
    name = unique("x")
    channel = connection.channel()
    channel.exchange_declare(name, "topic")
    try:
        complaint = (
            f"inequivalent arg 'type' for exchange '{name}' in vhost '/': received 'direct' but current is 'topic'"
        )
        assert refusal(connection.channel().exchange_declare, name, "direct") == (
            406,
            f"PRECONDITION_FAILED - {complaint}",
        )
    finally:
        channel.exchange_delete(name)


def test_an_exclusive_queue_is_locked_for_others(connect, unique):
    owner, other = connect(), connect()
    owner.channel().queue_declare(unique("q"), exclusive=True)
    locked = (
        f"RESOURCE_LOCKED - cannot obtain exclusive access to locked queue '{unique('q')}' in vhost '/'. It could be"
    )
    for method in ("queue_declare", "basic_get", "queue_purge", "queue_delete"):
        code, text = refusal(getattr(other.channel(), method), unique("q"))
        assert (code, text[: len(locked)]) == (405, locked), method
    owner.close()
    other.channel().queue_declare(unique("q"), exclusive=True)


@pytest.mark.parametrize("name", ["amq.mine", "amq.direct.mine"])
def test_the_brokers_own_names_are_reserved(connection, name):
    reserved = f"name '{name}' contains reserved prefix 'amq.*'"
    assert refusal(connection.channel().queue_declare, name) == (403, f"ACCESS_REFUSED - queue {reserved}")
    assert refusal(connection.channel().exchange_declare, name) == (403, f"ACCESS_REFUSED - exchange {reserved}")


def test_the_default_exchange_is_not_bound(connection, channel):
    queue = channel.queue_declare("", exclusive=True).method.queue
    refused = (403, "ACCESS_REFUSED - operation not permitted on the default exchange")
    assert refusal(channel.queue_bind, queue, "", "key") == refused
    assert refusal(connection.channel().exchange_delete, "") == refused


def test_the_last_declared_queue_needs_no_name(channel):
    queue = channel.queue_declare("", exclusive=True).method.queue
    channel.queue_bind("", "amq.direct", queue)
    channel.basic_publish("amq.direct", queue, b"x")
    assert channel.queue_purge("").method.message_count == 1


def test_unbind_and_delete_may_be_said_twice(channel, unique):
    queue = channel.queue_declare("", exclusive=True).method.queue
    channel.queue_unbind(queue, "amq.direct", "never bound")
    channel.exchange_delete(unique("never declared"))
    channel.queue_delete(unique("never declared"))


def test_bindings_go_with_their_queue(channel, unique):
    exchange, queue = unique("x"), unique("q")
    channel.exchange_declare(exchange, "fanout", auto_delete=True)
    channel.queue_declare(queue, exclusive=True)
    channel.queue_bind(queue, exchange)
    channel.queue_delete(queue)
    code, _ = refusal(channel.exchange_declare, exchange, passive=True)
    assert code == 404, "the auto-delete exchange lost its last binding with the queue"


def test_an_exchange_in_use_is_kept_when_asked_to(connection, unique):
    channel = connection.channel()
    channel.exchange_declare(unique("x"))
    channel.queue_declare(unique("q"), exclusive=True)
    channel.queue_bind(unique("q"), unique("x"))
    used = f"PRECONDITION_FAILED - exchange '{unique('x')}' in vhost '/' in use"
    assert refusal(connection.channel().exchange_delete, unique("x"), if_unused=True) == (406, used)
    channel.exchange_delete(unique("x"))


def test_nobody_publishes_to_an_internal_exchange(connection, channel, unique):
    channel.exchange_declare(unique("x"), internal=True)
    other = connection.channel()
    other.confirm_delivery()
    assert refusal(other.basic_publish, unique("x"), "key", b"x") == (
        403,
        f"ACCESS_REFUSED - cannot publish to internal exchange '{unique('x')}' in vhost '/'",
    )
    channel.exchange_delete(unique("x"))


def test_immediate_is_not_implemented(connect):
    """pika's channel has no such argument any more: the method is sent by hand. The whole connection ends."""
    connection = connect()
    channel = connection.channel()
    publish = pika.spec.Basic.Publish(exchange="", routing_key="q", immediate=True)
    channel._impl._send_method(publish, (pika.BasicProperties(), b"x"))
    with pytest.raises(ConnectionClosedByBroker) as refused:
        channel.queue_declare("", exclusive=True)
    assert (refused.value.reply_code, refused.value.reply_text) == (540, "NOT_IMPLEMENTED - immediate=true")
