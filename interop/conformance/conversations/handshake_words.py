"""Words of the conversations about the way in: a handshake step by step."""

from typing import Any

from interop.conformance.steps import CAPABILITIES, PLAIN, Step, call, raw, send, skip, tcp
from interop.conformance.wire import encode_table

HELLO: list[Step] = [tcp(), raw(b"AMQP\x00\x00\x09\x01"), skip("connection.start")]
PROPERTIES = {"capabilities": CAPABILITIES}


def login(mechanism: str = "PLAIN", response: Any = PLAIN, properties: dict[str, Any] = PROPERTIES) -> Step:
    return send(
        "connection.start-ok",
        ch=0,
        client_properties=properties,
        mechanism=mechanism,
        response=response,
        locale="en_US",
    )


LOGGED_IN: list[Step] = [*HELLO, login(), skip("connection.tune")]


def tune(channel_max: int = 2047, frame_max: int = 131072, heartbeat: int = 60) -> Step:
    return send("connection.tune-ok", ch=0, channel_max=channel_max, frame_max=frame_max, heartbeat=heartbeat)


OPEN = call("connection.open", ch=0, virtual_host="/")
GOODBYE = call("connection.close", ch=0, reply_code=200, reply_text="Goodbye")


def amqplain(**fields: Any) -> bytes:
    return encode_table(fields)[4:]
