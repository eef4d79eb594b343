"""CC and BCC headers: odd values, and where they meet returns, alternates, dead letters, confirms and replies."""

from typing import Any

from interop.conformance.conversations.reply import ASKED
from interop.conformance.steps import (
    Conversation,
    Step,
    bind,
    call,
    confirms,
    conversation,
    declare,
    deliveries,
    exchange,
    expect,
    get,
    publish,
    quiet,
    reject,
    until,
)
from interop.conformance.wire import Typed

CONFIRM = call("confirm.select")
DEAD: list[Step] = [exchange("~dlx", "fanout"), declare("~dead"), bind("~dead", "~dlx")]


def copied(key: str = "~none", body: bytes = b"m", mandatory: bool = False, **headers: Any) -> Step:
    return publish("", key, body, mandatory=mandatory, headers=headers)


def _value(name: str, header: str, value: Any) -> Conversation:
    """What is not an array of long strings, in a header that is looked at."""
    rest: list[Step] = [until("~q", 1), get("~q")] if isinstance(value, list) else [expect("channel.close")]
    return conversation(f"copies/{header.lower()}-{name}", declare("~q"), copied("~q", **{header: value}), rest)


_VALUES: dict[str, Any] = {
    "text": "~q",
    "void": None,
    "table": {"a": "~q"},
    "bool": True,
    "bytes": b"~q",
    "array-of-bytes": [b"~q"],
    "array-of-array": [["~q"]],
    "array-of-numbers": [1, 2],
    "array-of-empty": [""],
    "array-of-timestamps": [Typed("T", 1)],
}

CONVERSATIONS = [
    *[_value(name, header, value) for header in ("CC", "BCC") for name, value in _VALUES.items()],
    conversation("copies/cc-mandatory-routed-by-copy", declare("~q"), copied(mandatory=True, CC=["~q"]), quiet(), get("~q")),
    conversation("copies/bcc-mandatory-routed-by-copy", declare("~q"), copied(mandatory=True, BCC=["~q"]), quiet(), get("~q")),
    conversation("copies/cc-mandatory-returned", copied(mandatory=True, CC=["~no"]), expect("basic.return")),
    conversation("copies/bcc-mandatory-returned", copied(mandatory=True, BCC=["~no"], h=1), expect("basic.return")),
    conversation("copies/bcc-only-mandatory-returned", copied(mandatory=True, BCC=["~no"]), expect("basic.return")),
    conversation("copies/cc-confirmed", CONFIRM, declare("~q"), declare("~r"), copied("~q", CC=["~r"]), confirms(1, 1),
                 get("~q"), get("~r")),
    conversation("copies/cc-one-queue-once", declare("~q"), copied("~q", CC=["~q", "~q"], BCC=["~q"]), until("~q", 1), get("~q")),
    conversation("copies/cc-in-fanout", exchange("~x", "fanout"), declare("~q"), bind("~q", "~x"),
                 publish("~x", "k", headers={"CC": ["a"], "BCC": ["b"]}), until("~q", 1), get("~q")),
    conversation("copies/cc-in-headers-exchange", exchange("~x", "headers"), declare("~q"),
                 bind("~q", "~x", "", arguments={"a": 1}), publish("~x", "k", headers={"CC": ["x"], "a": 1}),
                 until("~q", 1), get("~q")),
    conversation("copies/cc-in-direct", exchange("~x"), declare("~q"), declare("~r"), bind("~q", "~x", "a"),
                 bind("~r", "~x", "b"), publish("~x", "a", headers={"CC": ["b"]}), until("~r", 1), get("~q"), get("~r")),
    conversation("copies/cc-through-two-exchanges", exchange("~x"), exchange("~y"), declare("~q"),
                 call("exchange.bind", source="~x", destination="~y", routing_key="a"), bind("~q", "~y", "b"),
                 publish("~x", "a", headers={"CC": ["b"]}), until("~q", 1), get("~q")),
    conversation("copies/cc-in-alternate", exchange("~alt", "direct"), exchange("~x", arguments={"alternate-exchange": "~alt"}),
                 declare("~q"), bind("~q", "~alt", "b"), publish("~x", "a", headers={"CC": ["b"]}), until("~q", 1), get("~q")),
    conversation("copies/cc-found-so-no-alternate", exchange("~alt", "fanout"),
                 exchange("~x", arguments={"alternate-exchange": "~alt"}), declare("~q"), declare("~r"), bind("~q", "~x", "b"),
                 bind("~r", "~alt"), publish("~x", "a", headers={"CC": ["b"]}), until("~q", 1), get("~q"), get("~r")),
    conversation("copies/cc-many", *[declare(f"~{n}") for n in range(5)], copied("~0", CC=[f"~{n}" for n in range(1, 5)]),
                 *[until(f"~{n}", 1) for n in range(5)]),
    conversation("copies/bcc-dead-letter", DEAD, declare("~q", arguments={"x-dead-letter-exchange": "~dlx"}),
                 copied("~q", CC=["~other"], BCC=["~hidden"]), until("~q", 1), get("~q"), reject(1, requeue=False),
                 until("~dead", 1), get("~dead")),
    conversation("copies/cc-transaction", declare("~q"), call("tx.select"), copied(CC=["~q"]), call("tx.commit"), until("~q", 1),
                 get("~q")),
    conversation("copies/cc-other-case", declare("~q"), copied("~q", Cc=["~r"]), until("~q", 1), get("~q")),
    conversation("copies/sender-selected-in-reply", ASKED, publish("", "~none", c="b", headers={"BCC": ["$back"]}), quiet(c="b")),
    conversation("copies/reply-with-copy", ASKED, declare("~r", c="b"), publish("", "$back", c="b", headers={"CC": ["~r"]}),
                 deliveries(1), until("~r", 1), get("~r")),
]
