"""Differences of streams.

RabbitMQ 4.0 ends the connection with 541 wherever a value makes its processes crash: an error nobody can act upon, and
the other channels go with it.
"""

from interop.conformance.accepted.difference import Accepted

_CRASH = "a/0 < connection.close reply_code=541 reply_text='INTERNAL_ERROR' class_id=0 method_id=0"
_CLOSED = "a socket closed"
_NOT_OPEN = (
    "a/0 < connection.close reply_code=504 reply_text=\"CHANNEL_ERROR - expected 'channel.open'\""
    " class_id=20 method_id=20"
)
_TAKEN = "a/1 < basic.ack delivery_tag=1 multiple=False"


def _refused(argument: str, why: str, ids: str) -> str:
    text = f"PRECONDITION_FAILED - invalid arg '{argument}' for queue '~q' in vhost '/': {why}"
    return f"a/1 < channel.close reply_code=406 reply_text={text!r} {ids}"


def _wrong_offset(term: str) -> str:
    return _refused("x-stream-offset", f"{{invalid_stream_offset_arg,{{{term}}}}}", "class_id=60 method_id=20")


def _instead_of_crash(conversation: str, ours: str, reason: str) -> tuple[Accepted, ...]:
    return Accepted(conversation, _CRASH, (ours,), reason), Accepted(conversation, _CLOSED, (), reason)


def _delivered(content: str, *, tag: int = 1, c: str = "a") -> str:
    return (
        f"{c}/1 < basic.deliver consumer_tag='t' delivery_tag={tag} redelivered=False exchange='' routing_key='~q'"
        f" | {content}"
    )


def _plain(rest: str, body: str = "b'm'") -> str:
    return _delivered(f"headers={{x-stream-offset: l 0}} {rest} | {body}")


def _headers(headers: str, rest: str = "") -> str:
    return _delivered(f"headers={{{headers}}} delivery_mode=2{rest} | b'm'")


_BODIES = ("a85f9983", "b3b44e47", "9f88360b", "8463e1cf", "c7f0c693")


def _large(number: int, offset: int, *, tag: int, c: str = "a") -> str:
    """The delivery of the large message of that number."""
    return _delivered(
        f"headers={{x-stream-offset: l {offset}}} delivery_mode=2 | 1000 bytes crc {_BODIES[number]}", tag=tag, c=c
    )


_ALL = _delivered(
    "content_type='application/json' content_encoding='identity' headers={a: I 1, x-stream-offset: l 0}"
    " delivery_mode=2 priority=3 correlation_id='c' reply_to='r' expiration='60000' message_id='m'"
    " timestamp=1700000000 type='t' user_id='guest' app_id='app'{} | b'm'"
)
_OFFSET = "x-stream-offset: l 0"
_UUID = "message_id='urn:uuid:{}'"

_WRONG_OFFSETS = {
    "interval-negative": 'longstr,<<"-1h">>',
    "text": 'longstr,<<"beginning">>',
    "text-upper-case": 'longstr,<<"FIRST">>',
    "text-space": 'longstr,<<"first ">>',
    "text-empty": "longstr,<<>>",
    "bytes": 'binary,<<"1h">>',
    "double": "double,1.0",
    "float": "float,1.5",
    "decimal": "decimal,{0,1}",
    "bool": "bool,true",
    "void": "void,undefined",
    "table": 'table,[{<<"offset">>,signedint,1}]',
    "array": "array,[{signedint,1}]",
}

# RabbitMQ's text, ours.
_ENCODED_TWICE = {
    "quoted": ('longstr,<<"1\'\\"\\\\Ã¼">>', "longstr,<<49,39,34,92,195,188>>"),
    "binary": ('longstr,<<"1ÿ">>', "longstr,<<49,255>>"),
}

_WRONG_FILTERS = {
    "array-no-text": '[{signedint,5},{binary,<<"apple">>}]',
    "array-empty": "[]",
    "array-empty-unfiltered-too": "[]",
}

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

_REWRITTEN = "A message's bytes stay as they came; 4.0 writes properties anew on their way to AMQP 1.0 and back."
_DENSE = "Offsets are dense; RabbitMQ spends one on a record of its own at the start of each segment but the first."

STREAMS: tuple[Accepted, ...] = (
    # Refused, not crashed.
    *[
        accepted
        for name in ("space-before", "no-number", "negative", "empty")
        for accepted in _instead_of_crash(
            f"stream-declare/max-age-{name}",
            _refused("x-max-age", "invalid_max_age", "class_id=50 method_id=10"),
            "Refused as any other wrong age, as later RabbitMQs do; 4.0 crashes unless a digit comes first.",
        )
    ],
    *[
        accepted
        for name, term in _WRONG_OFFSETS.items()
        for accepted in _instead_of_crash(
            f"stream-offset/wrong-{name}",
            _wrong_offset(term),
            "Refused as any other wrong offset, as later RabbitMQs do for texts; 4.0 crashes.",
        )
    ],
    *[
        Accepted(
            f"stream-filter/{name}",
            _CRASH,
            (
                _refused(
                    "x-stream-filter", f"{{invalid_stream_filter_arg,{{array,{term}}}}}", "class_id=60 method_id=20"
                ),
                # The conversation goes on with this channel.
                _NOT_OPEN,
            ),
            "Refused in the words for a wrong offset; RabbitMQ crashes on a list of filters without a text.",
        )
        for name, term in _WRONG_FILTERS.items()
    ],
    # Taken, not crashed.
    *[
        accepted
        for name in ("number", "bool", "bytes", "void", "timestamp", "table", "array", "binary", "nul", "4097")
        for accepted in _instead_of_crash(
            f"stream-filter/value-{name}",
            _TAKEN,
            "The message is taken, as unfiltered where the value is no text; RabbitMQ crashes on such a value.",
        )
    ],
    *[
        accepted
        for name in ("headers-decimal", "headers-x-decimal", "type-amqp-1.0-no-such-body")
        for accepted in _instead_of_crash(
            f"stream-property/{name}",
            _TAKEN,
            "A message's bytes stay as they came; 4.0 crashes on what it cannot turn into AMQP 1.0.",
        )
    ],
    # Kept as it came.
    *[
        Accepted(f"stream-property/{name}", record, (ours,), reason)
        for family, reason in (
            (_REWRITTEN_PROPERTIES, _REWRITTEN),
            (
                _SORTED_HEADERS,
                "Headers keep their order and the offset comes last; RabbitMQ sorts them all by key.",
            ),
            (
                _REWRITTEN_HEADERS,
                "Headers pass through byte for byte; 4.0 gives back what AMQP 1.0 made of their names and types.",
            ),
            (
                _LOST_HEADERS,
                "Headers pass through byte for byte; 4.0 drops what has no place in AMQP 1.0, or one of its own.",
            ),
        )
        for name, (record, ours) in family.items()
    ],
    # Dense offsets.
    *[
        Accepted("stream-retention/*", _large(n, 2 * n, tag=tag, c=c), (_large(n, n, tag=tag, c=c),), _DENSE)
        for n, tag, c in ((1, 2, "a"), (2, 3, "a"), (3, 4, "a"), (3, 1, "a"), (4, 1, "a"), (3, 2, "b"))
    ],
    Accepted("stream-retention/no-limit-offset-between", _large(2, 4, tag=1), (_large(3, 3, tag=1),), _DENSE),
    Accepted("stream-retention/no-limit-offset-between", _large(3, 6, tag=2), ("a nothing came",), _DENSE),
    Accepted("stream-retention/no-limit-count", "~q has 7 ready, 0 consumers", ("~q: (4, 0), not (7, 0)",), _DENSE),
    Accepted("stream-retention/bytes-count", "~q has 2 ready, 0 consumers", ("~q: (1, 0), not (2, 0)",), _DENSE),
    # RabbitMQ's oddities.
    *[
        Accepted(
            f"stream-offset/wrong-text-{name}",
            _wrong_offset(theirs),
            (_wrong_offset(ours),),
            "A text that is not ASCII is shown as its bytes; RabbitMQ takes them for Latin-1 and encodes them again.",
        )
        for name, (theirs, ours) in _ENCODED_TWICE.items()
    ],
    *[
        Accepted(
            "stream-consume/cancel-and-begin-again",
            record,
            ours,
            "What a cancelled consumer settles is its own; RabbitMQ counts it for a later consumer of the same tag,"
            " which then has more than its prefetch.",
        )
        for record, ours in (
            (
                _delivered("headers={x-stream-offset: l 2} delivery_mode=2 | b'2'", tag=5),
                ("a nothing came",),
            ),
            ("a/1 > basic.ack delivery_tag=3", ()),
        )
    ],
    Accepted(
        "stream-filter/array-with-empty-first",
        _delivered("headers={x-stream-filter-value: S 'pear', x-stream-offset: l 1} delivery_mode=2 | b'1'"),
        (
            _delivered("headers={x-stream-filter-value: S 'pear', x-stream-offset: l 1} delivery_mode=2 | b'1'"),
            _delivered("headers={x-stream-offset: l 2} delivery_mode=2 | b'2'", tag=2),
            _delivered("headers={x-stream-filter-value: S '', x-stream-offset: l 5} delivery_mode=2 | b'5'", tag=3),
        ),
        'The filter "" counts wherever it stands among others; with RabbitMQ only at the end.',
    ),
)
