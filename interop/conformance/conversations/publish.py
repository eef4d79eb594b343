"""basic.publish: what is refused, what is returned, what is dropped."""

from interop.conformance.steps import (
    bind,
    call,
    conversation,
    declare,
    exchange,
    expect,
    get,
    open_channel,
    passive,
    publish,
    quiet,
)

CONVERSATIONS = [
    conversation("publish/exchange-missing", publish("~x", "k"), expect("channel.close")),
    conversation("publish/exchange-missing-mandatory", publish("~x", "k", mandatory=True), expect("channel.close")),
    conversation(
        "publish/exchange-missing-rest-ignored",
        declare("~q"),
        publish("~x", "k"),
        publish("", "~q", b"never"),
        expect("channel.close"),
        open_channel(1),
        passive("~q"),
    ),
    conversation(
        "publish/exchange-deleted",
        exchange("~x"),
        declare("~q"),
        bind("~q", "~x", "k"),
        publish("~x", "k"),
        call("exchange.delete", exchange="~x"),
        publish("~x", "k"),
        expect("channel.close"),
    ),
    conversation("publish/unroutable-dropped", publish("", "~nobody"), publish("amq.direct", "~nobody"), quiet()),
    conversation(
        "publish/mandatory-returned",
        publish("", "~nobody", b"back", mandatory=True, content_type="text/plain", headers={"n": 1}, message_id="m"),
        expect("basic.return"),
    ),
    conversation(
        "publish/mandatory-returned-empty", publish("", "~nobody", b"", mandatory=True), expect("basic.return"), quiet()
    ),
    conversation(
        "publish/mandatory-returned-large",
        publish("", "~nobody", b"z" * 200000, mandatory=True),
        expect("basic.return"),
    ),
    conversation("publish/mandatory-routed", declare("~q"), publish("", "~q", mandatory=True), quiet("~q"), get("~q")),
    conversation(
        "publish/mandatory-exchange",
        exchange("~x", "topic"),
        publish("~x", "a.b", mandatory=True),
        expect("basic.return"),
    ),
    conversation(
        "publish/mandatory-several",
        declare("~q"),
        publish("", "~1", b"1", mandatory=True),
        publish("", "~q", b"2", mandatory=True),
        publish("", "~3", b"3"),
        publish("", "~4", b"4", mandatory=True),
        expect("basic.return", "basic.return"),
        quiet(),
    ),
    conversation(
        "publish/mandatory-with-bcc",
        publish("", "~nobody", mandatory=True, headers={"BCC": ["~no"], "CC": ["~none"]}),
        expect("basic.return"),
    ),
    conversation(
        "publish/immediate", declare("~q"), publish("", "~q", immediate=True), expect("connection.close", ch=0)
    ),
    conversation("publish/immediate-unroutable", publish("", "~q", immediate=True), expect("connection.close", ch=0)),
    conversation(
        "publish/immediate-exchange-missing", publish("~x", "~q", immediate=True), expect("connection.close", ch=0)
    ),
    conversation(
        "publish/internal-exchange",
        exchange("~x", "fanout", internal=True),
        publish("~x", "k", mandatory=True),
        expect("channel.close"),
    ),
    conversation("publish/user-id-own", declare("~q"), publish("", "~q", user_id="guest"), get("~q")),
    conversation("publish/user-id-other", declare("~q"), publish("", "~q", user_id="someone"), expect("channel.close")),
    conversation("publish/user-id-empty", declare("~q"), publish("", "~q", user_id=""), expect("channel.close")),
    conversation(
        "publish/expiration-word", declare("~q"), publish("", "~q", expiration="soon"), expect("channel.close")
    ),
    conversation(
        "publish/expiration-leftover", declare("~q"), publish("", "~q", expiration="10x"), expect("channel.close")
    ),
    conversation(
        "publish/expiration-negative", declare("~q"), publish("", "~q", expiration="-1"), expect("channel.close")
    ),
    conversation(
        "publish/expiration-float", declare("~q"), publish("", "~q", expiration="1.5"), expect("channel.close")
    ),
    conversation("publish/expiration-empty", declare("~q"), publish("", "~q", expiration=""), expect("channel.close")),
    conversation(
        "publish/expiration-space", declare("~q"), publish("", "~q", expiration=" 10"), expect("channel.close")
    ),
    conversation(
        "publish/expiration-too-large",
        declare("~q"),
        publish("", "~q", expiration="315360000001"),
        expect("channel.close"),
    ),
    conversation("publish/expiration-largest", declare("~q"), publish("", "~q", expiration="315360000000"), get("~q")),
    conversation("publish/expiration-plus", declare("~q"), publish("", "~q", expiration="+60000"), quiet(), get("~q")),
    conversation(
        "publish/order-of-checks", publish("~x", "k", user_id="someone", expiration="soon"), expect("channel.close")
    ),
    conversation(
        "publish/order-of-checks-routed",
        exchange("~x", "fanout"),
        publish("~x", "k", user_id="someone", expiration="soon", headers={"CC": 1}),
        expect("channel.close"),
    ),
    conversation(
        "publish/order-user-before-cc",
        exchange("~x", "fanout"),
        publish("~x", "k", user_id="someone", headers={"CC": 1}),
        expect("channel.close"),
    ),
    conversation("publish/large", declare("~q"), publish("", "~q", bytes(1 << 20)), get("~q")),
    conversation("publish/too-large", declare("~q"), publish("", "~q", bytes((16 << 20) + 1)), quiet("~q")),
    conversation(
        "publish/order-kept",
        declare("~q"),
        *[publish("", "~q", str(n).encode()) for n in range(5)],
        *[get("~q", no_ack=True) for _ in range(6)],
    ),
    conversation(
        "publish/two-channels-order-of-arrival",
        declare("~q"),
        open_channel(2),
        publish("", "~q", b"1"),
        passive("~q"),
        publish("", "~q", b"2", ch=2),
        passive("~q", ch=2),
        get("~q"),
        get("~q"),
    ),
    conversation(
        "publish/reply-to-kept",
        declare("~q"),
        publish("", "~q", reply_to="amq.something", correlation_id="1"),
        get("~q"),
    ),
    conversation("publish/reserved-queue-name", publish("", "amq.~gone", mandatory=True), expect("basic.return")),
]
