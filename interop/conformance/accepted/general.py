"""Differences of everything but streams."""

from interop.conformance.accepted.difference import Accepted

_HEADERS = "a/1 < basic.get-ok delivery_tag=1 redelivered=False exchange='' routing_key='~q' message_count=0 | headers="
_CLOSE = "a/0 < connection.close reply_code="
_REPLY = (
    "a/1 < basic.deliver consumer_tag='t' delivery_tag={} redelivered=False exchange=''"
    " routing_key='amq.reply-to-<1>' |  | "
)
_COPY = (
    "a/1 < basic.get-ok delivery_tag={} redelivered=False exchange='' routing_key='amq.reply-to-<1>' message_count=0"
    " | headers={{CC: A {{S '~r'}}}} | b'm'"
)
_NO_BODY = _CLOSE + (
    "505 reply_text='UNEXPECTED_FRAME - expected content body, got non content body frame instead'"
    " class_id=60 method_id=40"
)
_START = "a/0 < connection.start version_major=0 version_minor=9 server_properties={capabilities: F {"

GENERAL: tuple[Accepted, ...] = (
    Accepted(
        "handshake/whole",
        _START + "publisher_confirms: t True, exchange_exchange_bindings: t True, basic.nack: t True,"
        " consumer_cancel_notify: t True, connection.blocked: t True, consumer_priorities: t True,"
        " authentication_failure_close: t True, per_consumer_qos: t True, direct_reply_to: t True},"
        " cluster_name: S '...', copyright: S '...', information: S '...', platform: S '...', product: S 'RabbitMQ',"
        " version: S '...'} mechanisms='ANONYMOUS AMQPLAIN PLAIN' locales='en_US'",
        (
            _START + "authentication_failure_close: t True, basic.nack: t True, connection.blocked: t True,"
            " consumer_cancel_notify: t True, consumer_priorities: t True, direct_reply_to: t True,"
            " exchange_exchange_bindings: t True, per_consumer_qos: t True,"
            " publisher_confirms: t True}, cluster_name: S '...', copyright: S '...', information: S '...',"
            " leveret: S '...', platform: S '...', product: S 'RabbitMQ', version: S '...'}"
            " mechanisms='PLAIN AMQPLAIN' locales='en_US'",
        ),
        "The same capabilities in another order; the real name is told too; nobody logs in unnamed.",
    ),
    Accepted(
        "handshake/start-ok-5000-bytes",
        "a socket closed",
        ("a/0 < connection.tune channel_max=2047 frame_max=131072 heartbeat=60",),
        "Frames before tuning may have 8192 bytes, as since RabbitMQ 4.1: long client properties must fit.",
    ),
    Accepted(
        "framing/body-too-long*",
        _NO_BODY,
        (
            _CLOSE + "501 reply_text='FRAME_ERROR - content body frame exceeds remaining content size'"
            " class_id=60 method_id=40",
        ),
        "Told at once, as later RabbitMQs do; 4.0 waits for ever for the rest of a body that came already.",
    ),
    Accepted(
        "framing/header-huge-body-size",
        _NO_BODY,
        (
            _CLOSE + "501 reply_text='FRAME_ERROR - content body size 536870913 exceeds maximum allowed size"
            " 536870912' class_id=60 method_id=40",
        ),
        "Refused at the header, as later RabbitMQs do, before memory is taken for it.",
    ),
    Accepted(
        "framing/headers-of-every-type",
        _HEADERS + "{array: A {I 1, S 'two', V None, A {I 3}}, binary-text: S b'\\xff\\xfe', bool: t True,"
        " bytes: x b'\\x00\\xff', decimal: D (2, 314), double: d -2.25, empty: S '', float: f 1.5, int16: s -300,"
        " int32: I -70000, int64: l -1099511627776, int64-capital: l 1099511627776, int8: b -1,"
        " table: F {inner: F {deep: I 1}}, text: S 'grüße', timestamp: T 1700000000, uint16: u 60000,"
        " uint32: i 4000000000, uint8: B 200, void: V None} delivery_mode=2 timestamp=1700000000 | b'm'",
        (
            _HEADERS + "{bool: t True, int8: b -1, uint8: B 200, int16: s -300, uint16: u 60000, int32: I -70000,"
            " uint32: i 4000000000, int64: l -1099511627776, int64-capital: L 1099511627776, float: f 1.5,"
            " double: d -2.25, decimal: D (2, 314), text: S 'grüße', bytes: x b'\\x00\\xff',"
            " array: A {I 1, S 'two', V None, A {I 3}}, table: F {inner: F {deep: I 1}}, timestamp: T 1700000000,"
            " void: V None, binary-text: S b'\\xff\\xfe', empty: S ''} delivery_mode=2 timestamp=1700000000 | b'm'",
        ),
        "Headers pass through byte for byte; 4.0 sorts them by key and rewrites L as l (3.10 does neither).",
    ),
    Accepted(
        "framing/header-key-twice",
        _HEADERS + "{a: I 1} | b''",
        (_HEADERS + "{a: I 1, a: I 2} | b''",),
        "Headers pass through byte for byte, as with 3.10.",
    ),
    Accepted(
        "framing/method-unknown",
        "a socket closed",
        (
            _CLOSE + "503 reply_text='COMMAND_INVALID - unimplemented method' class_id=50 method_id=99",
            "a socket closed",
        ),
        "RabbitMQ's reader crashes and says nothing; a close that names the method is kinder.",
    ),
    Accepted(
        "framing/class-unknown",
        "a socket closed",
        (
            _CLOSE + "503 reply_text='COMMAND_INVALID - unimplemented method' class_id=99 method_id=1",
            "a socket closed",
        ),
        "RabbitMQ's reader crashes and says nothing; a close that names the method is kinder.",
    ),
    Accepted(
        "framing/method-unknown-on-channel-unopened",
        "a socket closed",
        (
            _CLOSE + "503 reply_text='COMMAND_INVALID - unimplemented method' class_id=99 method_id=1",
            "a socket closed",
        ),
        "RabbitMQ's reader crashes and says nothing; a close that names the method is kinder.",
    ),
    Accepted(
        "framing/table-unknown-type",
        "a socket closed",
        (
            _CLOSE + "501 reply_text='FRAME_ERROR - cannot decode <<0,0,1,120,0,0,0,0,3,1,97,63>>'"
            " class_id=50 method_id=10",
            "a socket closed",
        ),
        "RabbitMQ's reader crashes and says nothing; every other table that cannot be read gets this close.",
    ),
    Accepted(
        "publish/too-large",
        "a/1 < channel.close reply_code=406 reply_text='PRECONDITION_FAILED - message size 16777217 is larger than"
        " configured max size 16777216' class_id=60 method_id=40",
        (),
        "Bodies up to 128 MiB are taken, as with 3.10; 4.0 lowered the default to 16 MiB.",
    ),
    *[
        Accepted(
            "reply/several",
            _REPLY.format(1) + body,
            (_REPLY.format(tag) + body,),
            "Delivery tags count replies too, as since RabbitMQ 4.2; before, one tag stood for many.",
        )
        for tag, body in ((2, "b'2'"), (3, "b''"))
    ],
    Accepted(
        "reply/listener-with-prefetch",
        _REPLY.format(1) + "b'2'",
        (_REPLY.format(2) + "b'2'",),
        "Delivery tags count replies too, as since RabbitMQ 4.2; before, one tag stood for many.",
    ),
    Accepted(
        "copies/reply-with-copy",
        _COPY.format(1),
        (_COPY.format(2),),
        "Delivery tags count replies too, as since RabbitMQ 4.2; before, one tag stood for many.",
    ),
    Accepted(
        "reply/mandatory",
        "b/1 < basic.return reply_code=312 reply_text='NO_ROUTE' exchange='' routing_key='amq.reply-to-<1>'"
        " |  | b'answer'",
        (),
        "A reply that was delivered is not returned, as since RabbitMQ 4.2.",
    ),
    Accepted(
        "reply/gone-by-cancel-mandatory",
        "b/1 < basic.return reply_code=312 reply_text='NO_ROUTE' exchange='' routing_key='amq.reply-to-<1>'"
        " |  | b'answer'",
        (),
        "A reply whose requester is gone is lost, as since RabbitMQ 4.2.",
    ),
    Accepted(
        "reply/tag-for-a-queue",
        "a/1 < basic.consume-ok consumer_tag='t'",
        (
            _CLOSE + "530 reply_text=\"NOT_ALLOWED - attempt to reuse consumer tag 't'\" class_id=60 method_id=20",
            "a socket closed",
        ),
        "A tag names one consumer of a channel; RabbitMQ overlooks the one of direct reply-to.",
    ),
    *[
        Accepted(
            conversation,
            line,
            (),
            "The specification has a client answer a server's basic.cancel; RabbitMQ closes the connection for it.",
        )
        for conversation in ("consume/cancel-ok-from-client", "queue/delete-cancels-own-consumer")
        for line in (
            _CLOSE + "503 reply_text='COMMAND_INVALID - unimplemented method' class_id=60 method_id=31",
            "a socket closed",
        )
    ],
)
