"""Properties: what a Checker takes can be read, changed and written in every way the broker does, and reads as pamqp
reads it.
"""

import datetime as dt
import struct
from collections.abc import Iterator

from pamqp.commands import Basic

from protocol.amqp import offset_header, properties, tables
from protocol.amqp.content import content_of, properties_of, with_properties
from tests.fuzz import recordings
from tests.fuzz.values import plain, same, typed

MAX_BYTES = 250
MUTATES = "properties"

_SHORT_STRINGS = {
    properties.CORRELATION_ID: "correlation_id",
    properties.REPLY_TO: "reply_to",
    properties.EXPIRATION: "expiration",
    properties.MESSAGE_ID: "message_id",
    properties.USER_ID: "user_id",
}
_PAMQP_REFUSES = (ValueError, IndexError, KeyError, TypeError, struct.error, OverflowError, RecursionError, OSError)
_OFFSET = 2**40 + 5
# One for the life of a process, as a connection has one: what it remembers must make no difference.
_remembering = properties.Checker()


def seeds() -> Iterator[bytes]:
    yield from recordings.properties()


def run(data: bytes) -> None:
    flags = _check(properties.Checker(), data)
    assert flags == _check(_remembering, data), "what it remembers makes a difference"
    if flags is None:
        _compare_refusal(data)
        return
    fields = _read(data, flags)
    _compare(data, fields)
    _cut(data, flags)
    if flags & properties.HEADERS:
        _change_headers(data)
    _stamp(data)
    assert properties_of(content_of(data)) == data
    assert properties_of(with_properties(content_of(b"\0\0"), data)) == data


def _check(checker: properties.Checker, data: bytes) -> int | None:
    try:
        flags = checker.check(data)
    except properties.BadProperties:
        return None
    assert flags & 0xFFFF == int.from_bytes(data[:2], "big")
    assert (checker.last, checker.flags) == (data, flags)
    return flags


def _read(data: bytes, flags: int) -> tables.FieldTable:
    """All of them, in each way there is."""
    fields = properties.fields(data)
    tables.write_table(fields)
    for flag, name in _SHORT_STRINGS.items():
        if not flags & flag:
            assert name not in fields
            continue
        assert properties.short_string(data, flag) == fields[name]
        assert properties.raw_property(data, flag) in data
        if flag != properties.CORRELATION_ID:
            continue
        changed = properties.with_short_string(data, flag, "é")
        assert properties.short_string(changed, flag) == "é"
        assert properties.Checker().check(changed) & 0xFFFF == flags & 0xFFFF
    assert properties.delivery_mode(data) == fields.get("delivery_mode", 1)
    assert (flags & properties.PERSISTENT > 0) == (fields.get("delivery_mode") == 2)
    assert properties.priority(data) == fields.get("priority", 0)
    headers = properties.headers(data)
    assert typed(headers or {}) == typed(fields.get("headers", {}))
    keys = {"CC", "BCC"} & set(headers or ())
    assert not keys or flags & properties.MORE_KEYS, "sender-selected keys are overlooked"
    direct = fields.get("reply_to", "").startswith("amq.rabbitmq.reply-to")
    assert fields.get("reply_to") != "amq.rabbitmq.reply-to" or (direct and flags & properties.DIRECT_REPLY)
    return fields


def _change_headers(data: bytes) -> None:
    headers = properties.headers(data)
    assert headers is not None
    for name in list(headers)[:4]:
        raw = name.encode(errors="surrogateescape")
        value, text = headers[name], properties.text_header(data, 0, raw)
        is_text = isinstance(value, str | bytes) and not isinstance(value, bytearray)
        assert (text is not None) == is_text
        if is_text and text is not None:
            assert text == (value.encode() if isinstance(value, str) else value)
        if raw.decode(errors="replace") == name:
            left = properties.headers(properties.without_header(data, name))
            expected = {key: inner for key, inner in headers.items() if key != name}
            assert typed(left) == typed(expected)
    again = properties.with_headers(data, headers)
    assert typed(properties.headers(again)) == typed(headers)
    properties.Checker().check(again)


def _cut(data: bytes, flags: int) -> None:
    parts = properties.Parts(data)
    size = sum(map(len, parts.fields))
    expiration = b"" if parts.expiration is None else parts.expiration
    whole = 2 + len(parts.head) + (4 + size if flags & properties.HEADERS else 0) + len(parts.tail)
    whole += 1 + len(expiration) if parts.expiration is not None else 0
    assert whole == len(data), "Parts lost something"
    assert parts.mode == properties.delivery_mode(data)
    assert (parts.expiration is None) == (not flags & properties.EXPIRATION)
    if parts.expiration is not None:
        assert parts.expiration.decode(errors="replace") == properties.short_string(data, properties.EXPIRATION)
    table, _ = tables.read_table(size.to_bytes(4, "big") + b"".join(parts.fields))
    assert typed(table) == typed(properties.headers(data) or {})


def _stamp(data: bytes) -> None:
    stamped = offset_header.with_offset(data, _OFFSET)
    properties.Checker().check(stamped)
    fields, before = properties.fields(stamped), properties.fields(data)
    assert fields["headers"].pop("x-stream-offset") == _OFFSET
    before.setdefault("headers", {}).pop("x-stream-offset", None)
    before.setdefault("delivery_mode", 1)
    assert {name: typed(value) for name, value in fields.items()} == {
        name: typed(value) for name, value in before.items()
    }


def _pamqp(data: bytes) -> Basic.Properties | None:
    found = Basic.Properties()
    try:
        found.unmarshal(int.from_bytes(data[:2], "big"), data[2:])
    except _PAMQP_REFUSES:
        return None
    return found


def _compare(data: bytes, fields: tables.FieldTable) -> None:
    found = _pamqp(data)
    if found is None:
        return
    for name, value in fields.items():
        theirs = getattr(found, {"type": "message_type"}.get(name, name))
        if isinstance(value, dict):
            # Where a name stands twice the two disagree; ``tables`` compares the rest.
            assert set(value) == set(theirs)
        elif isinstance(theirs, dt.datetime):
            assert same(plain(value), plain(theirs))
        else:
            assert value == theirs, (name, value, theirs)


def _compare_refusal(data: bytes) -> None:
    found = _pamqp(data) if len(data) >= 2 else None
    if found is None:
        return
    try:
        again = found.marshal()
    except _PAMQP_REFUSES:
        return
    assert again != data, "pamqp reads and writes it"
