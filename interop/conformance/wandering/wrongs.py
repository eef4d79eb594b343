"""Random steps that end a channel or a connection: in order, without a word, or by what no client should say."""

from hypothesis import strategies as st

from interop.conformance.steps import Step, call, drop, raw, send
from interop.conformance.wandering.names import Draw
from interop.conformance.wire import BODY, HEADER, HEARTBEAT, METHOD, encode_header, encode_method, frame

# A ~ would be replaced in these bytes, whose length is given.
_PUBLISH = {"exchange": "", "routing_key": "k"}
# Methods that only brokers say, or that come at the wrong time.
_ODD = [
    "basic.get-empty",
    "queue.declare-ok",
    "basic.qos-ok",
    "channel.open-ok",
    "tx.select-ok",
    "confirm.select-ok",
    "exchange.declare-ok",
    "basic.consume-ok",
    "basic.recover-ok",
    "channel.flow-ok",
    "channel.close-ok",
]
_ON_ZERO = ["basic.qos", "queue.purge", "channel.open", "channel.close", "tx.select", "connection.close-ok"]
_OF_CONNECTIONS = ["connection.open", "connection.tune-ok", "connection.start-ok", "connection.secure-ok"]


@st.composite
def ends(draw: Draw, c: str, ch: int) -> list[Step]:
    """What may be asked for, or may happen to anyone."""
    match draw(st.sampled_from(["channel", "channel", "channel", "connection", "socket", "flow", "second open"])):
        case "channel":
            return [call("channel.close", c, ch, reply_code=200, reply_text="Goodbye")]
        case "connection":
            return [call("connection.close", c, 0, reply_code=200, reply_text="Goodbye")]
        case "socket":
            return [drop(c)]
        case "flow":
            return [call("channel.flow", c, ch, active=False)]
    return [call("channel.open", c, ch)]


@st.composite
def wrong_states(draw: Draw, c: str, ch: int) -> list[Step]:
    """Methods where or when they should not be."""
    match draw(st.sampled_from(["unopened", "odd", "odd", "on zero", "of connections", "connection on channel"])):
        case "unopened":
            return [send(draw(st.sampled_from(["basic.qos", "channel.close", "queue.declare"])), c, 7)]
        case "odd":
            return [send(draw(st.sampled_from(_ODD)), c, ch)]
        case "on zero":
            return [send(draw(st.sampled_from(_ON_ZERO)), c, 0)]
        case "of connections":
            return [send(draw(st.sampled_from(_OF_CONNECTIONS)), c, 0)]
    return [send(draw(st.sampled_from(["connection.close", "connection.open", "connection.close-ok"])), c, ch)]


@st.composite
def wrong_contents(draw: Draw, c: str, ch: int) -> list[Step]:
    """Frames of a content that do not follow each other."""
    size = draw(st.integers(0, 3))
    begin = send("basic.publish", c, ch, **_PUBLISH)
    head = raw(frame(HEADER, ch, encode_header(size, {})), c, f"content header of {size} on {ch}")
    other = raw(frame(HEADER, ch, encode_header(size, {}, 50)), c, f"content header of class 50 on {ch}")
    body = raw(frame(BODY, ch, b"b"), c, f"body frame of 1 on {ch}")
    pieces = draw(st.lists(st.sampled_from(["begin", "head", "body", "other"]), min_size=1, max_size=4))
    return [{"begin": begin, "head": head, "body": body, "other": other}[piece] for piece in pieces]


@st.composite
def wrong_frames(draw: Draw, c: str, ch: int) -> list[Step]:
    qos = encode_method("basic.qos", {})
    frames = {
        "heartbeat on a channel": frame(HEARTBEAT, ch, b""),
        "heartbeat with payload": frame(HEARTBEAT, 0, b"x"),
        "unknown frame type": frame(5, ch, b"x"),
        "wrong end": frame(METHOD, ch, qos, end=0),
        "unknown method": frame(METHOD, ch, b"\x00\x32\x00\x63"),
        "unknown class": frame(METHOD, ch, b"\x00\x63\x00\x01"),
        "arguments cut off": frame(METHOD, ch, qos[:6]),
        "arguments too long": frame(METHOD, ch, qos + b"x"),
        "no method at all": frame(METHOD, ch, b""),
        "header cut off": frame(METHOD, ch, encode_method("basic.publish", _PUBLISH))
        + frame(HEADER, ch, b"\x00\x3c\x00"),
    }
    what = draw(st.sampled_from(sorted(frames)))
    return [raw(frames[what], c, f"{what} ({ch})")]
