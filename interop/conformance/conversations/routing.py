"""Which message reaches which queue: direct, fanout, topic, headers, CC and BCC, one message a queue."""

from typing import Any

from interop.conformance.steps import Conversation, Step, bind, conversation, declare, exchange, get, publish
from interop.conformance.wire import Typed

TOPIC_BINDINGS = [
    "#",
    "*",
    "a.#",
    "#.a",
    "a.*.b",
    "*.*",
    "#.#",
    "",
    "a.*b",
    "#a",
    "a.b",
    "*.#",
    "#.b.#",
    "a.#.b",
    "*.a.*",
    "#.*",
    "A",
    "a..b",
]
TOPIC_KEYS = [
    "",
    "a",
    "b",
    "a.b",
    "a.b.c",
    "ab",
    "x.a",
    "x.y.a",
    "a.x",
    "a.x.b",
    "a..b",
    ".",
    "a.",
    ".a",
    "a.*b",
    "#a",
    "*",
    "#",
    "A",
    "a.x.y.b",
    "b.b",
    "x.a.x",
]


def drain(queue: str, count: int) -> list[Step]:
    """Take ``count`` messages, and see that there is no more."""
    return [get(queue, no_ack=True) for _ in range(count + 1)]


def _topic(binding: str, number: int) -> Conversation:
    matching = sum(_matches(binding.split("."), key.split(".") if key else []) for key in TOPIC_KEYS)
    return conversation(
        f"routing/topic-{number:02}-{binding}",
        exchange("~x", "topic"),
        declare("~q"),
        bind("~q", "~x", binding),
        *[publish("~x", key, key.encode()) for key in TOPIC_KEYS],
        drain("~q", matching),
    )


def _matches(pattern: list[str], words: list[str]) -> bool:
    """A naive matcher, here only to know how many messages to fetch."""
    pattern = [] if pattern == [""] else pattern
    if not pattern:
        return not words
    if pattern[0] == "#":
        return any(_matches(pattern[1:], words[at:]) for at in range(len(words) + 1)) if pattern[1:] else True
    return (
        bool(words)
        and pattern[0] in ("*", words[0])
        and (_matches(pattern[1:], words[1:]) if pattern[1:] else not words[1:])
    )


def _headers(name: str, binding: dict[str, Any], *messages: dict[str, Any]) -> Conversation:
    steps: list[Step] = []
    for number, headers in enumerate(messages):
        steps += [publish("~x", "", str(number).encode(), headers=headers), get("~q", no_ack=True)]
    return conversation(
        f"routing/headers-{name}", exchange("~x", "headers"), declare("~q"), bind("~q", "~x", arguments=binding), steps
    )


def _value(name: str, bound: Any, *sent: Any) -> Conversation:
    return _headers(f"value-{name}", {"x-match": "all", "h": bound}, *[{"h": value} for value in sent])


AB = {"a": 1, "b": "two"}

CONVERSATIONS = [
    conversation(
        "routing/default-exchange",
        declare("~q"),
        publish("", "~q"),
        publish("", "~q2"),
        publish("", "~q.x"),
        drain("~q", 1),
    ),
    conversation(
        "routing/direct",
        exchange("~x"),
        declare("~q"),
        declare("~r"),
        bind("~q", "~x", "k"),
        bind("~r", "~x", "k"),
        bind("~r", "~x", "K"),
        publish("~x", "k", b"both"),
        publish("~x", "K", b"one"),
        publish("~x", "k ", b"none"),
        publish("~x", "", b"none"),
        drain("~q", 1),
        drain("~r", 2),
    ),
    conversation(
        "routing/fanout",
        exchange("~x", "fanout"),
        declare("~q"),
        declare("~r"),
        bind("~q", "~x", "ignored"),
        bind("~r", "~x"),
        bind("~r", "~x", "twice"),
        publish("~x", "anything"),
        publish("~x", ""),
        drain("~q", 2),
        drain("~r", 2),
    ),
    *[_topic(binding, number) for number, binding in enumerate(TOPIC_BINDINGS)],
    _headers("all", {"x-match": "all", **AB}, AB, {"a": 1}, {"b": "two"}, {**AB, "c": 3}, {"a": 2, "b": "two"}, {}),
    _headers("all-by-default", AB, AB, {"a": 1}, {}),
    _headers("any", {"x-match": "any", **AB}, AB, {"a": 1}, {"b": "two", "z": 1}, {"a": 2}, {"c": 1}, {}),
    _headers("all-ignores-x", {"x-match": "all", "x-n": 1, "a": 1}, {"a": 1}, {"a": 1, "x-n": 2}, {"x-n": 1}),
    _headers("any-ignores-x", {"x-match": "any", "x-n": 1, "a": 1}, {"x-n": 1}, {"a": 1}),
    _headers(
        "all-with-x",
        {"x-match": "all-with-x", "x-n": 1, "a": 1},
        {"a": 1},
        {"a": 1, "x-n": 1},
        {"a": 1, "x-n": 2},
        {"x-n": 1},
    ),
    _headers("any-with-x", {"x-match": "any-with-x", "x-n": 1, "a": 1}, {"a": 1}, {"x-n": 1}, {"x-n": 2}, {}),
    _headers("all-none", {"x-match": "all"}, {"a": 1}, {}),
    _headers("any-none", {"x-match": "any"}, {"a": 1}, {}),
    _headers("no-arguments", {}, {"a": 1}, {}),
    _headers("all-only-x", {"x-match": "all", "x-n": 1}, {"a": 1}, {}),
    conversation(
        "routing/headers-absent",
        exchange("~x", "headers"),
        declare("~q"),
        bind("~q", "~x", arguments={"x-match": "all"}),
        publish("~x", "k"),
        get("~q"),
    ),
    conversation(
        "routing/headers-key-ignored",
        exchange("~x", "headers"),
        declare("~q"),
        bind("~q", "~x", "k", arguments={"a": 1}),
        publish("~x", "other", headers={"a": 1}),
        get("~q"),
    ),
    _value("void", None, 1, "x", None, True, {}, [1]),
    _value("void-any-absent", None, {"other": 1}),
    _value("integer", 5, 5, Typed("l", 5), Typed("b", 5), Typed("B", 5), Typed("s", 5), 5.0, "5", True, 6),
    _value("float", 1.5, 1.5, Typed("f", 1.5), "1.5", 1),
    _value("float-whole", 5.0, 5, 5.0, Typed("f", 5.0)),
    _value("text", "abc", "abc", "ABC", Typed("x", b"abc"), "abcd"),
    _value("bool", True, True, False, 1, "true"),
    _value("decimal", Typed("D", (2, 314)), Typed("D", (2, 314)), Typed("D", (3, 3140)), 3.14),
    _value("timestamp", Typed("T", 1700000000), Typed("T", 1700000000), 1700000000, Typed("l", 1700000000)),
    _value("table", {"k": 1}, {"k": 1}, {"k": 2}, {"k": 1, "l": 2}, {"k": Typed("l", 1)}),
    _value("array", [1, "a"], [1, "a"], ["a", 1], [1], [Typed("l", 1), "a"]),
    _value("bytes", b"abc", b"abc", "abc"),
    _value("empty-text", "", "", None, 0),
    conversation(
        "routing/headers-x-match-unknown",
        exchange("~x", "headers"),
        declare("~q"),
        bind("~q", "~x", arguments={"x-match": "some"}),
    ),
    conversation(
        "routing/headers-x-match-number",
        exchange("~x", "headers"),
        declare("~q"),
        bind("~q", "~x", arguments={"x-match": 1}),
    ),
    conversation(
        "routing/headers-x-match-bool",
        exchange("~x", "headers"),
        declare("~q"),
        bind("~q", "~x", arguments={"x-match": True}),
    ),
    conversation(
        "routing/headers-x-match-upper-case",
        exchange("~x", "headers"),
        declare("~q"),
        bind("~q", "~x", arguments={"x-match": "ALL"}),
    ),
    conversation(
        "routing/x-match-elsewhere", exchange("~x"), declare("~q"), bind("~q", "~x", "k", arguments={"x-match": "some"})
    ),
    conversation(
        "routing/cc",
        declare("~q"),
        declare("~r"),
        declare("~s"),
        publish("", "~q", headers={"CC": ["~r", "~r", "~q"], "BCC": ["~s"], "h": 1}),
        drain("~q", 1),
        drain("~r", 1),
        drain("~s", 1),
    ),
    conversation("routing/cc-empty", declare("~q"), publish("", "~q", headers={"CC": [], "BCC": []}), get("~q")),
    conversation("routing/bcc-only-header", declare("~q"), publish("", "~none", headers={"BCC": ["~q"]}), get("~q")),
    conversation(
        "routing/cc-odd-members", declare("~q"), publish("", "~none", headers={"CC": [1, "~q", None, True]}), get("~q")
    ),
    conversation("routing/cc-not-array", declare("~q"), publish("", "~q", headers={"CC": "~q"}), get("~q")),
    conversation("routing/bcc-not-array", declare("~q"), publish("", "~q", headers={"BCC": 5}), get("~q")),
    conversation("routing/cc-lower-case", declare("~q"), publish("", "~none", headers={"cc": ["~q"]}), get("~q")),
    conversation(
        "routing/cc-topic",
        exchange("~x", "topic"),
        declare("~q"),
        bind("~q", "~x", "a.*"),
        publish("~x", "no", headers={"CC": ["a.b", "a.c"]}),
        drain("~q", 1),
    ),
    conversation(
        "routing/key-binary-safe",
        exchange("~x", "topic"),
        declare("~q"),
        bind("~q", "~x", "ü.*"),
        publish("~x", "ü.ß"),
        get("~q"),
    ),
]
