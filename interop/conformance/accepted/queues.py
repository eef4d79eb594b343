"""Differences in what queues do by themselves: expiry, limits, dead letters."""

from interop.conformance.accepted.difference import Accepted

_HIGH_AND_LOW = "ttl/high-priority-comes-after-low-and-expires"
_DEAD = "a/1 < queue.declare-ok queue='~dead' message_count={} consumer_count=0"
_Q = "a/1 < queue.declare-ok queue='~q' message_count={} consumer_count=0"
_GOT = "a/1 < basic.get-ok delivery_tag={} redelivered=False exchange='' routing_key='~q' message_count={} | {}"
_ONES = "1" * 30
_TOO_LARGE = (
    "a/1 < channel.close reply_code=406 reply_text=\"PRECONDITION_FAILED - invalid expiration '" + _ONES + "':"
    " {{value_too_large,{}" + _ONES + '}}" class_id=60 method_id=40'
)

QUEUES: tuple[Accepted, ...] = (
    *[
        Accepted(
            _HIGH_AND_LOW,
            record,
            (ours,),
            "A message whose time is over is not delivered; RabbitMQ looks at the head only when it was alone.",
        )
        for record, ours in (
            (_Q.format(2), _Q.format(1)),
            (_GOT.format(1, 1, "priority=5 expiration='1' | b'high'"), _GOT.format(1, 0, " | b'low'")),
            (_GOT.format(2, 0, " | b'low'"), "a/1 < basic.get-empty cluster_id=''"),
        )
    ],
    Accepted(
        "ttl/expiration-of-thirty-digits",
        _TOO_LARGE.format("\\n" + " " * 54),
        (_TOO_LARGE.format(""),),
        "One line, where Erlang wraps its terms at eighty characters.",
    ),
    Accepted(
        "death/bcc-is-used-again",
        _DEAD.format(1),
        (_DEAD.format(0),),
        "The keys of a BCC header are gone when the message was routed: neither memory nor a disk keeps them.",
    ),
)
