"""Channels: open, close, reopen, what is ignored while one closes, flow, access.request."""

from interop.conformance.steps import (
    await_closed,
    call,
    confirms,
    connect,
    consume,
    conversation,
    declare,
    deliveries,
    exchange,
    expect,
    get,
    open_channel,
    passive,
    publish,
    quiet,
    send,
)

CLOSE = call("channel.close", reply_code=200, reply_text="Goodbye")
MISSING = call("queue.declare", queue="~missing", passive=True)

CONVERSATIONS = [
    conversation("channel/open-twice", send("channel.open"), await_closed()),
    conversation("channel/never-opened", send("queue.declare", ch=7, queue="~q"), await_closed()),
    conversation(
        "channel/never-opened-close", send("channel.close", ch=7, reply_code=200, reply_text=""), await_closed()
    ),
    conversation("channel/never-opened-close-ok", send("channel.close-ok", ch=7), await_closed()),
    conversation("channel/never-opened-publish", publish("", "~q", ch=7), await_closed()),
    conversation("channel/close-ok-unasked", send("channel.close-ok"), send("basic.qos"), await_closed()),
    conversation("channel/close", CLOSE),
    conversation("channel/reopen", CLOSE, open_channel(1), declare("~q"), CLOSE, open_channel(1), passive("~q")),
    conversation("channel/used-after-close", CLOSE, send("basic.qos"), await_closed()),
    conversation("channel/close-ok-after-close", CLOSE, send("channel.close-ok"), await_closed()),
    conversation(
        "channel/close-twice", CLOSE, send("channel.close", reply_code=200, reply_text="Goodbye"), await_closed()
    ),
    conversation("channel/numbers-in-any-order", open_channel(2047), open_channel(2), call("basic.qos", ch=2047)),
    conversation("channel/error-leaves-others", open_channel(2), MISSING, declare("~q", ch=2), passive("~q", ch=2)),
    conversation(
        "channel/error-then-reopen", MISSING, open_channel(1), declare("~q"), MISSING, open_channel(1), passive("~q")
    ),
    conversation(
        "channel/hard-error-ends-all", open_channel(2), open_channel(3), call("channel.flow", ch=3, active=False)
    ),
    conversation(
        "channel/closing-ignores-everything",
        MISSING,
        publish("", "~q"),
        send("queue.declare", queue="~never"),
        send("basic.ack", delivery_tag=99),
        send("channel.close-ok"),
        send("channel.open"),
        expect("channel.open-ok"),
        call("queue.declare", queue="~never", passive=True),
        polite=False,
    ),
    conversation(
        "channel/closing-open",
        MISSING,
        send("channel.open"),
        expect("connection.close", ch=0),
        send("connection.close-ok", ch=0),
        await_closed(),
        polite=False,
    ),
    conversation(
        "channel/closing-answers-close",
        MISSING,
        send("channel.close", reply_code=200, reply_text="Goodbye"),
        expect("channel.close-ok"),
        send("channel.close-ok"),
        send("channel.open"),
        expect("channel.open-ok"),
        call("basic.qos"),
        polite=False,
    ),
    conversation(
        "channel/closing-ignores-content",
        MISSING,
        publish("", "~missing", bytes(5000), split=1000),
        send("basic.publish", exchange="", routing_key="~q"),
        send("channel.close-ok"),
        expect("connection.close", ch=0),
        polite=False,
    ),
    conversation(
        "channel/pipelined-after-error",
        declare("~q"),
        send("queue.declare", queue="~missing", passive=True),
        publish("", "~q"),
        send("queue.declare", queue="~never"),
        expect("channel.close"),
        open_channel(1),
        passive("~q"),
        call("queue.declare", queue="~never", passive=True),
    ),
    conversation("channel/flow-on", call("channel.flow", active=True)),
    conversation("channel/flow-off", call("channel.flow", active=False)),
    conversation("channel/flow-ok-unasked", send("channel.flow-ok", active=True), await_closed()),
    conversation("channel/access-request", call("access.request", realm="/data", active=True, read=True, write=True)),
    conversation(
        "channel/open-odd-argument", send("channel.open", ch=2, out_of_band="hello"), expect("channel.open-ok", ch=2)
    ),
    conversation(
        "channel/close-odd-code", call("channel.close", reply_code=65535, reply_text="x" * 255, class_id=9, method_id=9)
    ),
    conversation(
        "channel/confirms-not-shared",
        open_channel(2),
        call("confirm.select", ch=2),
        declare("~q"),
        publish("", "~q"),
        publish("", "~q", ch=2),
        confirms(1, 1, ch=2),
        quiet("~q"),
    ),
    conversation(
        "channel/confirm-counter-restarts",
        declare("~q"),
        call("confirm.select"),
        publish("", "~q"),
        confirms(1, 1),
        CLOSE,
        open_channel(1),
        call("confirm.select"),
        publish("", "~q"),
        confirms(1, 1),
    ),
    conversation(
        "channel/last-queue-forgotten",
        declare("~q"),
        CLOSE,
        open_channel(1),
        get(""),
    ),
    conversation(
        "channel/delivery-tags-restart",
        declare("~q"),
        publish("", "~q"),
        get("~q"),
        CLOSE,
        open_channel(1),
        get("~q"),
    ),
    conversation(
        "channel/consumer-tags-a-channel",
        declare("~q"),
        open_channel(2),
        consume("~q", "same"),
        consume("~q", "same", ch=2),
        call("basic.cancel", consumer_tag="same"),
        publish("", "~q"),
        deliveries(1, ch=2),
    ),
    conversation(
        "channel/error-in-nowait",
        send("exchange.declare", exchange="~x", type="direct", durable=True, nowait=True),
        send("exchange.declare", exchange="~x", type="fanout", durable=True, nowait=True),
        expect("channel.close"),
        open_channel(1),
        exchange("~x", durable=True),
    ),
    conversation(
        "channel/second-connection-unharmed",
        connect("b"),
        send("channel.open"),
        await_closed(),
        call("basic.qos", c="b"),
    ),
]
