"""Where Leveret does as RabbitMQs later than 4.0.5 do."""

from interop.conformance.accepted.difference import Accepted, Case

_CLOSE = "a/0 < connection.close reply_code="
_REFUSED = "b/1 < channel.close reply_code=403 reply_text=\"ACCESS_REFUSED - {} in vhost '/' refused for user '~u'\""
_QUEUE, _EXCHANGE, _PUBLISH = " class_id=50 method_id=10", " class_id=40 method_id=10", " class_id=60 method_id=40"
_NO_QUEUE = _REFUSED.format("configure access to queue '~q'") + _QUEUE
_NO_EXCHANGE = _REFUSED.format("configure access to exchange '~x'") + _EXCHANGE
_NOT_FOUND = "b/1 < channel.close reply_code=404 reply_text=\"NOT_FOUND - no {} in vhost '/'\""
_LOCKED = (
    'b/1 < channel.close reply_code=405 reply_text="RESOURCE_LOCKED - cannot obtain exclusive access to locked queue'
    " '~q' in vhost '/'. It could be originally declared on another connection or the exclusive property value does not"
    ' match that of the original declaration."'
)
_NO_VHOST = (
    "b/0 < connection.close reply_code=530 reply_text=\"NOT_ALLOWED - access to vhost '/' refused for user '~u'\""
    " class_id=10 method_id=70"
)
_CHANNELS = (
    " < connection.close reply_code=530 reply_text=\"NOT_ALLOWED - number of channels opened for user '{}' has reached"
    ' the maximum allowed user limit of ({})" class_id=0 method_id=0'
)
_REPLY = (
    "a/1 < basic.deliver consumer_tag='t' delivery_tag={} redelivered=False exchange=''"
    " routing_key='amq.reply-to-<1>' |  | "
)
_COPY = (
    "a/1 < basic.get-ok delivery_tag={} redelivered=False exchange='' routing_key='amq.reply-to-<1>' message_count=0"
    " | headers={{CC: A {{S '~r'}}}} | b'm'"
)
_RETURNED = (
    "b/1 < basic.return reply_code=312 reply_text='NO_ROUTE' exchange='' routing_key='amq.reply-to-<1>' |  | b'answer'"
)
_NO_BODY = _CLOSE + (
    "505 reply_text='UNEXPECTED_FRAME - expected content body, got non content body frame instead'"
    " class_id=60 method_id=40"
)
_FRAME_ERROR = _CLOSE + "501 reply_text='FRAME_ERROR - {}' class_id=60 method_id=40"

_PASSIVE = (
    (
        "permission/queue-declare-passive",
        "b/1 < queue.declare-ok queue='~q' message_count=0 consumer_count=0",
        _NO_QUEUE,
    ),
    ("permission/queue-declare-passive-missing", _NOT_FOUND.format("queue '~q'") + _QUEUE, _NO_QUEUE),
    ("permission/exchange-declare-passive", "b/1 < exchange.declare-ok", _NO_EXCHANGE),
    ("permission/exchange-declare-passive-missing", _NOT_FOUND.format("exchange '~x'") + _EXCHANGE, _NO_EXCHANGE),
    ("order/queue-passive-locked", _LOCKED + _QUEUE, _NO_QUEUE),
    (
        "order/queue-no-name-passive",
        _NOT_FOUND.format("queue ''") + _QUEUE,
        _REFUSED.format("configure access to queue ''") + _QUEUE,
    ),
)

LATER: tuple[Accepted, ...] = (
    Accepted(
        "first frames",
        "Frames before tuning may have 8192 bytes, as since RabbitMQ 4.1: long client properties must fit.",
        (
            Case(
                "handshake/start-ok-5000-bytes",
                "a socket closed",
                ("a/0 < connection.tune channel_max=2047 frame_max=131072 heartbeat=60",),
            ),
        ),
    ),
    Accepted(
        "bodies longer than they may be",
        "Refused as soon as it shows, as later RabbitMQs do: a huge size at the header, before memory is taken for it,"
        " and a frame too long at once; 4.0 waits for the rest of a body that came already.",
        (
            Case(
                "framing/body-too-long*",
                _NO_BODY,
                (_FRAME_ERROR.format("content body frame exceeds remaining content size"),),
            ),
            Case(
                "framing/header-huge-body-size",
                _NO_BODY,
                (_FRAME_ERROR.format("content body size 536870913 exceeds maximum allowed size 536870912"),),
            ),
        ),
    ),
    Accepted(
        "direct reply-to is a queue",
        "As since RabbitMQ 4.2: delivery tags count replies, too (before, one tag stood for many), its consumer's tag"
        " is taken, and a mandatory reply is not returned, whether it was delivered or its requester is gone.",
        (
            *[
                Case(conversation, _REPLY.format(1) + body, (_REPLY.format(tag) + body,))
                for conversation, tag, body in (
                    ("reply/several", 2, "b'2'"),
                    ("reply/several", 3, "b''"),
                    ("reply/listener-with-prefetch", 2, "b'2'"),
                )
            ],
            Case("copies/reply-with-copy", _COPY.format(1), (_COPY.format(2),)),
            Case("reply/mandatory", _RETURNED, ()),
            Case("reply/gone-by-cancel-mandatory", _RETURNED, ()),
            Case(
                "reply/tag-for-a-queue",
                "a/1 < basic.consume-ok consumer_tag='t'",
                (
                    _CLOSE
                    + "530 reply_text=\"NOT_ALLOWED - attempt to reuse consumer tag 't'\" class_id=60 method_id=20",
                    "a socket closed",
                ),
            ),
        ),
    ),
    Accepted(
        "passive declares ask for a permission",
        "Who may do nothing with a queue or an exchange may not ask whether it is there, as in RabbitMQ 4.2.9.",
        tuple(Case(name, record, (ours,)) for name, record, ours in _PASSIVE),
    ),
    Accepted(
        "a new secret",
        "With connection.update-secret permissions are looked at again, and consumers cancelled that may not read any"
        " more, as in RabbitMQ 4.2.9.",
        (
            Case(
                "late/secret-renewed",
                "b/1 > basic.publish exchange='amq.fanout' routing_key='again'",
                (
                    "b/1 > basic.publish exchange='amq.fanout' routing_key='again'",
                    _REFUSED.format("write access to exchange 'amq.fanout'") + _PUBLISH,
                ),
            ),
            Case(
                "late/secret-renewed-without-entry",
                "b/0 < connection.update-secret-ok",
                (_NO_VHOST, "b socket closed"),
            ),
            Case(
                "late/secret-renewed-without-entry",
                _REFUSED.format("write access to exchange 'amq.direct'") + _PUBLISH,
                (),
            ),
            Case(
                "late/consumer-after-secret-renewed",
                "b/0 < connection.update-secret-ok",
                ("b/0 < connection.update-secret-ok", "b/1 < basic.cancel consumer_tag='t' nowait=True"),
            ),
            Case(
                "late/consumer-after-secret-renewed",
                "b/1 < basic.deliver consumer_tag='t' delivery_tag=1 redelivered=False exchange='' routing_key='~q'"
                " |  | b'm'",
                ("b nothing came",),
            ),
        ),
    ),
    Accepted(
        "whose channels are too many",
        "The refusal names the user, as 3.10 and later ones do; 4.0.5 has the name of its node there.",
        tuple(
            Case("limit/user-channels-*", place + _CHANNELS.format("NODE", n), (place + _CHANNELS.format("~u", n),))
            for place, n in (("a/0", 0), ("b/0", 0), ("b/0", 1), ("b/0", 2), ("c/0", 1))
        ),
    ),
)
