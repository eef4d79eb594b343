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
_SAME_KEY = (
    "a/1 < basic.get-ok delivery_tag=3 redelivered=False exchange='~x' routing_key='~q' message_count=0"
    " | headers={{CC: A {{S '~one'}}, x-death: A {{F {{count: l 1, reason: S 'rejected', queue: S '~s', time: T now,"
    " exchange: S '~y', routing-keys: A {{S '~q'{}}}}}, F {{count: l 1, reason: S 'rejected', queue: S '~q',"
    " time: T now, exchange: S '', routing-keys: A {{S '~q', S '~one'}}}}}}, x-first-death-exchange: S '',"
    " x-first-death-queue: S '~q', x-first-death-reason: S 'rejected', x-last-death-exchange: S '~y',"
    " x-last-death-queue: S '~s', x-last-death-reason: S 'rejected'}} | b'm'"
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
    Accepted(
        "death/cc-with-the-same-key-again",
        _SAME_KEY.format(""),
        (_SAME_KEY.format(", S '~one'"),),
        "Whether its CC header is still used shows by the key alone, which the dead letter exchange left as it was.",
    ),
)
