"""Where RabbitMQ 4.0 crashes: its reader, which says nothing, or another process, and then it says 541."""

from interop.conformance.accepted.difference import Accepted, Case

_CLOSE = "a/0 < connection.close reply_code="
_CRASH = _CLOSE + "541 reply_text='INTERNAL_ERROR' class_id=0 method_id=0"
_CLOSED = "a socket closed"
_NOT_OPEN = _CLOSE + "504 reply_text=\"CHANNEL_ERROR - expected 'channel.open'\" class_id=20 method_id=20"
_TAKEN = "a/1 < basic.ack delivery_tag=1 multiple=False"

_UNKNOWN = {
    "method-unknown": "503 reply_text='COMMAND_INVALID - unimplemented method' class_id=50 method_id=99",
    "class-unknown": "503 reply_text='COMMAND_INVALID - unimplemented method' class_id=99 method_id=1",
    "method-unknown-on-channel-unopened": (
        "503 reply_text='COMMAND_INVALID - unimplemented method' class_id=99 method_id=1"
    ),
    # As every other table that cannot be read.
    "table-unknown-type": (
        "501 reply_text='FRAME_ERROR - cannot decode <<0,0,1,120,0,0,0,0,3,1,97,63>>' class_id=50 method_id=10"
    ),
}

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

_WRONG_FILTERS = {
    "array-no-text": '[{signedint,5},{binary,<<"apple">>}]',
    "array-empty": "[]",
    "array-empty-unfiltered-too": "[]",
}


def _refused(argument: str, why: str, ids: str) -> str:
    text = f"PRECONDITION_FAILED - invalid arg '{argument}' for queue '~q' in vhost '/': {why}"
    return f"a/1 < channel.close reply_code=406 reply_text={text!r} {ids}"


def _instead_of_crash(conversation: str, ours: str) -> tuple[Case, ...]:
    return Case(conversation, _CRASH, (ours,)), Case(conversation, _CLOSED, ())


CRASHES: tuple[Accepted, ...] = (
    Accepted(
        "methods and tables that nobody knows",
        "RabbitMQ's reader crashes and the connection ends without a word; a close that names what it was is kinder.",
        tuple(Case(f"framing/{name}", _CLOSED, (_CLOSE + close, _CLOSED)) for name, close in _UNKNOWN.items()),
    ),
    Accepted(
        "values that RabbitMQ does not foresee",
        "A process of RabbitMQ crashes and the connection ends with 541 and all its channels: an error nobody can act"
        " upon. Values of arguments are refused in the words for their like, as later versions do for some; values"
        " within messages pass; a user's name that makes a pattern none matches nothing.",
        (
            *[
                case
                for name in ("space-before", "no-number", "negative", "empty")
                for case in _instead_of_crash(
                    f"stream-declare/max-age-{name}",
                    _refused("x-max-age", "invalid_max_age", "class_id=50 method_id=10"),
                )
            ],
            *[
                case
                for name, term in _WRONG_OFFSETS.items()
                for case in _instead_of_crash(
                    f"stream-offset/wrong-{name}",
                    _refused(
                        "x-stream-offset", f"{{invalid_stream_offset_arg,{{{term}}}}}", "class_id=60 method_id=20"
                    ),
                )
            ],
            *[
                Case(
                    f"stream-filter/{name}",
                    _CRASH,
                    (
                        _refused(
                            "x-stream-filter",
                            f"{{invalid_stream_filter_arg,{{array,{term}}}}}",
                            "class_id=60 method_id=20",
                        ),
                        # The conversation goes on with this channel.
                        _NOT_OPEN,
                    ),
                )
                for name, term in _WRONG_FILTERS.items()
            ],
            *[
                case
                for name in ("number", "bool", "bytes", "void", "timestamp", "table", "array", "binary", "nul", "4097")
                for case in _instead_of_crash(f"stream-filter/value-{name}", _TAKEN)
            ],
            *[
                case
                for name in ("headers-decimal", "headers-x-decimal", "type-amqp-1.0-no-such-body")
                for case in _instead_of_crash(f"stream-property/{name}", _TAKEN)
            ],
            Case("topic/write-username-that-is-no-pattern", "b socket closed", ()),
            Case(
                "topic/write-username-that-is-no-pattern",
                _CRASH.replace("a/0", "b/0"),
                (
                    (
                        "b/1 < channel.close reply_code=403 reply_text=\"ACCESS_REFUSED - write access to topic '~u('"
                        " in exchange '~x' in vhost '/' refused for user '~u('\" class_id=60 method_id=40"
                    ),
                ),
            ),
        ),
    ),
)
