"""From the protocol header to connection.open-ok, and all that can go wrong on the way; heartbeats; update-secret."""

from typing import Any

from interop.conformance.conversations.handshake_words import (
    GOODBYE,
    HELLO,
    LOGGED_IN,
    OPEN,
    PROPERTIES,
    amqplain,
    login,
    tune,
)
from interop.conformance.steps import (
    PLAIN,
    Step,
    await_closed,
    call,
    connect,
    conversation,
    declare,
    drop,
    expect,
    open_channel,
    publish,
    quiet,
    raw,
    send,
    skip,
    tcp,
)
from interop.conformance.wire import HEADER, METHOD, Typed, encode_header, encode_method, frame


def _refused_login(name: str, *, mechanism: str = "PLAIN", response: Any = PLAIN, properties: Any = PROPERTIES) -> Any:
    return conversation(
        f"handshake/{name}",
        HELLO,
        login(mechanism, response, properties),
        expect("connection.tune", ch=0),
        await_closed(),
        bare=True,
    )


def _welcome_login(name: str, mechanism: str, response: Any) -> Any:
    return conversation(
        f"handshake/{name}", HELLO, login(mechanism, response), expect("connection.tune", ch=0), tune(), OPEN, bare=True
    )


def _header(name: str, data: bytes) -> Any:
    return conversation(f"handshake/header-{name}", tcp(), raw(data), await_closed(), bare=True)


def _tuned(name: str, **values: int) -> Any:
    return conversation(f"handshake/tune-{name}", LOGGED_IN, tune(**values), OPEN, bare=True)


def _out_of_order(name: str, *steps: Step | list[Step]) -> Any:
    return conversation(f"handshake/order-{name}", *steps, bare=True)


CONVERSATIONS = [
    conversation(
        "handshake/whole",
        tcp(),
        raw(b"AMQP\x00\x00\x09\x01"),
        expect("connection.start", ch=0),
        login(),
        expect("connection.tune", ch=0),
        tune(),
        OPEN,
        call("channel.open"),
        call("channel.close", reply_code=200, reply_text="Bye"),
        GOODBYE,
        bare=True,
    ),
    _header("0-8", b"AMQP\x01\x01\x08\x00"),
    _header("0-10", b"AMQP\x01\x01\x00\x0a"),
    _header("0-0-8-0", b"AMQP\x00\x00\x08\x00"),
    _header("0-0-9-2", b"AMQP\x00\x00\x09\x02"),
    _header("http", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    _header("zeros", bytes(8)),
    _header("nearly", b"AMQX\x00\x00\x09\x01"),
    conversation(
        "handshake/header-0-9",
        tcp(),
        raw(b"AMQP\x01\x01\x00\x09"),
        skip("connection.start"),
        login(),
        expect("connection.tune", ch=0),
        bare=True,
    ),
    conversation(
        "handshake/header-in-pieces",
        tcp(),
        raw(b"AM"),
        raw(b"QP\x00\x00"),
        raw(b"\x09\x01"),
        skip("connection.start"),
        bare=True,
    ),
    _welcome_login("plain-authzid", "PLAIN", "someone\0guest\0guest"),
    _welcome_login("amqplain", "AMQPLAIN", amqplain(LOGIN="guest", PASSWORD="guest")),
    _welcome_login("amqplain-more-fields", "AMQPLAIN", amqplain(X=1, PASSWORD="guest", LOGIN="guest")),
    _refused_login("mechanism-unknown", mechanism="KERBEROS"),
    _refused_login("mechanism-empty", mechanism=""),
    _refused_login("mechanism-lower-case", mechanism="plain"),
    _refused_login("mechanism-external", mechanism="EXTERNAL", response=""),
    _refused_login("password-wrong", response="\0guest\0wrong"),
    _refused_login("password-empty", response="\0guest\0"),
    _refused_login("user-unknown", response="\0nobody\0guest"),
    _refused_login("password-wrong-amqplain", mechanism="AMQPLAIN", response=amqplain(LOGIN="guest", PASSWORD="no")),
    _refused_login("password-wrong-no-capability", response="\0guest\0wrong", properties={}),
    _refused_login("plain-malformed", response="guest"),
    _refused_login("plain-two-parts", response="\0guest"),
    _refused_login("plain-empty", response=""),
    _refused_login("amqplain-missing-field", mechanism="AMQPLAIN", response=amqplain(LOGIN="guest")),
    _refused_login("amqplain-empty", mechanism="AMQPLAIN", response=""),
    _refused_login("amqplain-wrong-type", mechanism="AMQPLAIN", response=amqplain(LOGIN=1, PASSWORD="guest")),
    _refused_login(
        "capability-false", response="\0guest\0no", properties={"capabilities": {"authentication_failure_close": False}}
    ),
    conversation(
        "handshake/start-ok-odd-properties",
        HELLO,
        login(
            properties={"capabilities": {"basic.nack": True}, "n": Typed("s", 5), "a": [1, "x"], "v": None, "f": 1.5}
        ),
        expect("connection.tune", ch=0),
        tune(),
        OPEN,
        bare=True,
    ),
    conversation(
        "handshake/locale-unknown",
        HELLO,
        send("connection.start-ok", ch=0, client_properties={}, mechanism="PLAIN", response=PLAIN, locale="xx_YY"),
        expect("connection.tune", ch=0),
        bare=True,
    ),
    _tuned("smaller", channel_max=10, frame_max=4096 * 2, heartbeat=5),
    _tuned("frame-max-4096", frame_max=4096),
    _tuned("frame-max-4095", frame_max=4095),
    _tuned("frame-max-1", frame_max=1),
    _tuned("frame-max-0", frame_max=0),
    _tuned("frame-max-higher", frame_max=131073),
    _tuned("channel-max-0", channel_max=0),
    _tuned("channel-max-higher", channel_max=2048),
    _tuned("channel-max-65535", channel_max=65535),
    _tuned("heartbeat-0", heartbeat=0),
    _tuned("heartbeat-65535", heartbeat=65535),
    conversation(
        "handshake/vhost-unknown", LOGGED_IN, tune(), call("connection.open", ch=0, virtual_host="no-such"), bare=True
    ),
    conversation("handshake/vhost-empty", LOGGED_IN, tune(), call("connection.open", ch=0, virtual_host=""), bare=True),
    conversation(
        "handshake/vhost-encoded", LOGGED_IN, tune(), call("connection.open", ch=0, virtual_host="%2f"), bare=True
    ),
    conversation(
        "handshake/open-insist",
        LOGGED_IN,
        tune(),
        call("connection.open", ch=0, virtual_host="/", capabilities="x", insist=True),
        bare=True,
    ),
    _out_of_order("tune-ok-first", HELLO, tune(), await_closed()),
    _out_of_order("open-first", HELLO, OPEN, await_closed()),
    _out_of_order("open-before-tune-ok", LOGGED_IN, OPEN, await_closed()),
    _out_of_order("start-ok-twice", LOGGED_IN, login(), await_closed()),
    _out_of_order("channel-open-before-start-ok", HELLO, send("channel.open"), await_closed()),
    _out_of_order("channel-open-before-tune-ok", LOGGED_IN, send("channel.open"), await_closed()),
    _out_of_order("channel-open-before-open", LOGGED_IN, tune(), send("channel.open"), await_closed()),
    _out_of_order("close-before-tune-ok", LOGGED_IN, GOODBYE, await_closed()),
    _out_of_order("close-before-open", LOGGED_IN, tune(), GOODBYE, await_closed()),
    _out_of_order("close-before-start-ok", HELLO, GOODBYE, await_closed()),
    _out_of_order("secure-ok", HELLO, send("connection.secure-ok", ch=0, response="x"), await_closed()),
    _out_of_order("secure-ok-after-login", LOGGED_IN, send("connection.secure-ok", ch=0, response="x"), await_closed()),
    _out_of_order("header-twice", HELLO, raw(b"AMQP\x00\x00\x09\x01"), await_closed()),
    conversation("handshake/order-open-twice", call("connection.open", ch=0, virtual_host="/")),
    conversation("handshake/order-start-ok-when-open", login(), expect("connection.tune", ch=0)),
    conversation("handshake/order-tune-ok-when-open", tune(), expect("connection.tune", ch=0)),
    conversation("handshake/order-close-ok-unasked", send("connection.close-ok", ch=0), await_closed()),
    conversation(
        "handshake/order-server-method",
        send("connection.tune", ch=0, channel_max=1, frame_max=4096, heartbeat=1),
        await_closed(),
    ),
    conversation(
        "handshake/connection-method-on-channel-1", send("connection.open", ch=1, virtual_host="/"), await_closed()
    ),
    conversation("handshake/channel-method-on-channel-0", send("channel.open", ch=0), await_closed()),
    conversation("handshake/queue-method-on-channel-0", send("queue.declare", ch=0, queue="~q"), await_closed()),
    conversation(
        "handshake/content-header-on-channel-0",
        raw(frame(HEADER, 0, encode_header(1, {})), label="content header on channel 0"),
        await_closed(),
    ),
    conversation(
        "handshake/start-ok-too-large",
        HELLO,
        raw(
            frame(
                METHOD,
                0,
                encode_method(
                    "connection.start-ok",
                    {
                        "client_properties": {"pad": "x" * 9000},
                        "mechanism": "PLAIN",
                        "response": PLAIN,
                        "locale": "en_US",
                    },
                ),
            ),
            label="connection.start-ok of more than 9000 bytes",
        ),
        await_closed(),
        bare=True,
    ),
    conversation(
        "handshake/start-ok-5000-bytes",
        HELLO,
        raw(
            frame(
                METHOD,
                0,
                encode_method(
                    "connection.start-ok",
                    {
                        "client_properties": {"pad": "x" * 5000},
                        "mechanism": "PLAIN",
                        "response": PLAIN,
                        "locale": "en_US",
                    },
                ),
            ),
            label="connection.start-ok of more than 5000 bytes",
        ),
        expect("connection.tune", ch=0),
        bare=True,
    ),
    conversation("handshake/heartbeat-sent", connect("b", heartbeat=1), expect("heartbeat", c="b", ch=0)),
    conversation("handshake/heartbeat-missed", connect("b", heartbeat=1), await_closed("b")),
    conversation(
        "handshake/heartbeat-accepted",
        raw(frame(8, 0, b""), label="heartbeat"),
        raw(frame(8, 0, b""), label="heartbeat"),
        quiet(),
    ),
    conversation(
        "handshake/heartbeat-before-open",
        LOGGED_IN,
        tune(),
        raw(frame(8, 0, b""), label="heartbeat"),
        OPEN,
        bare=True,
    ),
    conversation(
        "handshake/update-secret", call("connection.update-secret", ch=0, new_secret="guest", reason="rotation")
    ),
    conversation(
        "handshake/update-secret-wrong", call("connection.update-secret", ch=0, new_secret="wrong", reason="rotation")
    ),
    conversation(
        "handshake/close-with-traffic-behind",
        declare("~q"),
        send("connection.close", ch=0, reply_code=200, reply_text="Goodbye"),
        publish("", "~q"),
        send("queue.declare", queue="~never"),
        expect("connection.close-ok", ch=0),
    ),
    conversation(
        "handshake/close-with-odd-code",
        call("connection.close", ch=0, reply_code=999, reply_text="", class_id=1, method_id=2),
    ),
    conversation("handshake/connect-and-leave", tcp(), drop(), bare=True),
    conversation(
        "handshake/channel-max-agreed",
        connect("b", channel_max=2),
        open_channel(2, "b"),
        open_channel(3, "b"),
    ),
    conversation(
        "handshake/channel-number-above-max", connect("b", channel_max=2), open_channel(3, "b"), open_channel(4, "b")
    ),
]
