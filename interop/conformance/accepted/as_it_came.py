"""Where a message's bytes stay as they came, and RabbitMQ 4.0 writes them anew."""

from interop.conformance.accepted.difference import Accepted, Case

_HEADERS = "a/1 < basic.get-ok delivery_tag=1 redelivered=False exchange='' routing_key='~q' message_count=0 | headers="


def _delivered(content: str, *, tag: int = 1, c: str = "a") -> str:
    return (
        f"{c}/1 < basic.deliver consumer_tag='t' delivery_tag={tag} redelivered=False exchange='' routing_key='~q'"
        f" | {content}"
    )


def _plain(rest: str, body: str = "b'm'") -> str:
    return _delivered(f"headers={{x-stream-offset: l 0}} {rest} | {body}")


def _headers(headers: str, rest: str = "") -> str:
    return _delivered(f"headers={{{headers}}} delivery_mode=2{rest} | b'm'")


_ALL = _delivered(
    "content_type='application/json' content_encoding='identity' headers={a: I 1, x-stream-offset: l 0}"
    " delivery_mode=2 priority=3 correlation_id='c' reply_to='r' expiration='60000' message_id='m'"
    " timestamp=1700000000 type='t' user_id='guest' app_id='app'{} | b'm'"
)
_OFFSET = "x-stream-offset: l 0"
_UUID = "message_id='urn:uuid:{}'"

# RabbitMQ's delivery, ours.
_REWRITTEN_PROPERTIES = {
    "mode-0": (_plain("delivery_mode=1"), _plain("delivery_mode=0")),
    "mode-3": (_plain("delivery_mode=1"), _plain("delivery_mode=3")),
    "expiration-more-than-32-bits": (
        _plain("delivery_mode=2 expiration='1'"),
        _plain("delivery_mode=2 expiration='4294967297'"),
    ),
    "message-id-uuid-upper-case": (
        _plain("delivery_mode=2 " + _UUID.format("550e8400-e29b-41d4-a716-446655440000")),
        _plain("delivery_mode=2 " + _UUID.format("550E8400-E29B-41D4-A716-446655440000")),
    ),
    "timestamp-milliseconds-do-not-fit": (
        _plain("delivery_mode=2 timestamp=0"),
        _plain("delivery_mode=2 timestamp=4611686018427387904"),
    ),
    "cluster-id": (_plain("delivery_mode=2"), _plain("delivery_mode=2 cluster_id='cluster'")),
    "all": (_ALL.replace("{}", ""), _ALL.replace("{}", " cluster_id='cluster'")),
    "type-amqp-1.0": (
        _plain("delivery_mode=2 type='amqp-1.0'", "b'x'"),
        _plain("delivery_mode=2 type='amqp-1.0'", r"b'\x00Su\xa0\x01x'"),
    ),
}

_SORTED_HEADERS = {
    "headers-position-in-order": (
        _headers(f"x-stream-a: I 1, {_OFFSET}, x-stream-p: I 2, y: I 3"),
        _headers(f"x-stream-a: I 1, x-stream-p: I 2, y: I 3, {_OFFSET}"),
    ),
    "headers-order": (
        _headers(f": I 5, M: t True, _: I 6, a: I 2, aa: I 3, b: S 'x', {_OFFSET}, z: I 1, ä: I 4"),
        _headers(f"z: I 1, b: S 'x', a: I 2, M: t True, aa: I 3, ä: I 4, : I 5, _: I 6, {_OFFSET}"),
    ),
    "headers-own-offset-text": (_headers(f"a: I 1, {_OFFSET}, y: I 2"), _headers(f"a: I 1, y: I 2, {_OFFSET}")),
}

_REWRITTEN_HEADERS = {
    "headers-int64-capital": (_headers(f"a: l 1099511627776, {_OFFSET}"), _headers(f"a: L 1099511627776, {_OFFSET}")),
    "headers-bytes": (
        _headers(rf"a: S b'\x00\xff', b: S 'abc', c: S '', {_OFFSET}"),
        _headers(rf"a: x b'\x00\xff', b: x b'abc', c: x b'', {_OFFSET}"),
    ),
    "headers-timestamp-largest": (
        _headers(f"a: T 18446744073709551615, {_OFFSET}"),
        _headers(f"a: T 9223372036854775807, {_OFFSET}"),
    ),
    "headers-x-table-and-array": (
        _headers(
            "x-a: A {I 1, S 'b', V None, t True, F {k: I 1}, A {I 2}}, "
            + _OFFSET
            + ", x-t: F {a: I 1, b: F {c: S 'd'}}"
        ),
        _headers(
            "x-a: A {I 1, S 'b', V None, t True, F {k: I 1}, A {I 2}}, x-t: F {a: I 1, b: F {c: x b'd'}}, " + _OFFSET
        ),
    ),
    "headers-x-cc": (
        _headers(f"CC: S 'c', {_OFFSET}", " type='t'"),
        _headers(f"x-basic-type: S 't', x-cc: S 'c', {_OFFSET}"),
    ),
}

_LOST_HEADERS = {
    "headers-table-lost": (_headers(f"b: I 2, {_OFFSET}"), _headers("a: F {n: I 1}, b: I 2, " + _OFFSET)),
    "headers-array-lost": (
        _headers(f"c: I 3, {_OFFSET}"),
        _headers("a: A {I 1, S 'two'}, b: A {}, c: I 3, " + _OFFSET),
    ),
    "headers-table-of-decimal-lost": (
        _headers(f"b: I 2, {_OFFSET}"),
        _headers("a: F {n: D (2, 314)}, b: I 2, " + _OFFSET),
    ),
    "headers-x-death": (
        _headers(f"a: I 1, {_OFFSET}"),
        _headers("a: I 1, x-death: A {F {count: I 1}}, " + _OFFSET),
    ),
    "headers-x-opt": (
        _headers(f"x-opt-mine: S 'm', {_OFFSET}"),
        _headers(f"x-opt-deaths: S 'd', x-opt-mine: S 'm', {_OFFSET}"),
    ),
    "headers-x-exchange": (_headers(_OFFSET), _headers(f"x-exchange: S 'e', x-routing-key: S 'k', {_OFFSET}")),
}


_OF_STREAMS = _REWRITTEN_PROPERTIES | _SORTED_HEADERS | _REWRITTEN_HEADERS | _LOST_HEADERS

AS_IT_CAME: tuple[Accepted, ...] = (
    Accepted(
        "headers as they were sent",
        "Header tables pass through byte for byte, as with 3.10; 4.0 sorts them by key, drops the second of two equal"
        " keys and rewrites L as l, which would cost every message that has headers.",
        (
            Case(
                "framing/headers-of-every-type",
                _HEADERS + "{array: A {I 1, S 'two', V None, A {I 3}}, binary-text: S b'\\xff\\xfe', bool: t True,"
                " bytes: x b'\\x00\\xff', decimal: D (2, 314), double: d -2.25, empty: S '', float: f 1.5,"
                " int16: s -300, int32: I -70000, int64: l -1099511627776, int64-capital: l 1099511627776, int8: b -1,"
                " table: F {inner: F {deep: I 1}}, text: S 'grüße', timestamp: T 1700000000, uint16: u 60000,"
                " uint32: i 4000000000, uint8: B 200, void: V None} delivery_mode=2 timestamp=1700000000 | b'm'",
                (
                    _HEADERS
                    + "{bool: t True, int8: b -1, uint8: B 200, int16: s -300, uint16: u 60000, int32: I -70000,"
                    " uint32: i 4000000000, int64: l -1099511627776, int64-capital: L 1099511627776, float: f 1.5,"
                    " double: d -2.25, decimal: D (2, 314), text: S 'grüße', bytes: x b'\\x00\\xff',"
                    " array: A {I 1, S 'two', V None, A {I 3}}, table: F {inner: F {deep: I 1}},"
                    " timestamp: T 1700000000, void: V None, binary-text: S b'\\xff\\xfe', empty: S ''}"
                    " delivery_mode=2 timestamp=1700000000 | b'm'",
                ),
            ),
            Case("framing/header-key-twice", _HEADERS + "{a: I 1} | b''", (_HEADERS + "{a: I 1, a: I 2} | b''",)),
        ),
    ),
    Accepted(
        "messages of streams as they were sent",
        "A stream keeps the message's bytes, and the offset comes last among its headers; 4.0 makes AMQP 1.0 of it and"
        " back: headers are sorted, tables, arrays and names that AMQP 1.0 has no place for are lost, some properties"
        " and types come back as others.",
        tuple(Case(f"stream-property/{name}", record, (ours,)) for name, (record, ours) in _OF_STREAMS.items()),
    ),
)
