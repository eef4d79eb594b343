"""Differences about users, permissions and what administrators do."""

from interop.conformance.accepted.difference import Accepted

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
_TOO_BIG = "number too big in {} quantifier: at most 1000, also of repetitions within each other"
_PASSIVE = "Who may do nothing with a queue or an exchange may not ask whether it is there, as in RabbitMQ 4.2.9."
_SECRET = (
    "A new secret has permissions looked at again, and consumers cancelled that may not read, as in RabbitMQ 4.2.9."
)
_CHANNELS = (
    " < connection.close reply_code=530 reply_text=\"NOT_ALLOWED - number of channels opened for user '{}' has reached"
    ' the maximum allowed user limit of ({})" class_id=0 method_id=0'
)
_NOTHING_DONE = "A command that had nothing to do says so, as with 3.10."
_NO_USER = 'operator < User "~u" does not exist'

ACCESS: tuple[Accepted, ...] = (
    *[
        Accepted(name, record, (ours,), _PASSIVE)
        for name, record, ours in (
            (
                "permission/queue-declare-passive",
                "b/1 < queue.declare-ok queue='~q' message_count=0 consumer_count=0",
                _NO_QUEUE,
            ),
            ("permission/queue-declare-passive-missing", _NOT_FOUND.format("queue '~q'") + _QUEUE, _NO_QUEUE),
            ("permission/exchange-declare-passive", "b/1 < exchange.declare-ok", _NO_EXCHANGE),
            (
                "permission/exchange-declare-passive-missing",
                _NOT_FOUND.format("exchange '~x'") + _EXCHANGE,
                _NO_EXCHANGE,
            ),
            ("order/queue-passive-locked", _LOCKED + _QUEUE, _NO_QUEUE),
            (
                "order/queue-no-name-passive",
                _NOT_FOUND.format("queue ''") + _QUEUE,
                _REFUSED.format("configure access to queue ''") + _QUEUE,
            ),
        )
    ],
    Accepted(
        "late/secret-renewed",
        "b/1 > basic.publish exchange='amq.fanout' routing_key='again'",
        (
            "b/1 > basic.publish exchange='amq.fanout' routing_key='again'",
            _REFUSED.format("write access to exchange 'amq.fanout'") + _PUBLISH,
        ),
        _SECRET,
    ),
    Accepted(
        "late/secret-renewed-without-entry",
        "b/0 < connection.update-secret-ok",
        (
            _NO_VHOST,
            "b socket closed",
        ),
        _SECRET,
    ),
    Accepted(
        "late/secret-renewed-without-entry",
        _REFUSED.format("write access to exchange 'amq.direct'") + _PUBLISH,
        (),
        _SECRET,
    ),
    Accepted(
        "late/consumer-after-secret-renewed",
        "b/0 < connection.update-secret-ok",
        ("b/0 < connection.update-secret-ok", "b/1 < basic.cancel consumer_tag='t' nowait=True"),
        _SECRET,
    ),
    Accepted(
        "late/consumer-after-secret-renewed",
        "b/1 < basic.deliver consumer_tag='t' delivery_tag=1 redelivered=False exchange='' routing_key='~q' |  | b'm'",
        ("b nothing came",),
        _SECRET,
    ),
    *[
        Accepted(name, record, (record, answer), _NOTHING_DONE)
        for name, record, answer in (
            ("forced/user-unknown-deleted", "operator > delete_user '~u'", _NO_USER),
            ("forced/permissions-cleared-of-no-user", "operator > clear_permissions '~u' '/'", _NO_USER),
            (
                "forced/permissions-cleared-in-no-vhost",
                "operator > clear_permissions '~u' '~v'",
                "operator < Virtual host '~v' does not exist",
            ),
            ("forced/topic-permissions-cleared-of-no-user", "operator > clear_topic_permissions '~u' '/'", _NO_USER),
        )
    ],
    Accepted(
        "forced/vhost-deleted-with-a-consumer",
        "b/1 < basic.cancel consumer_tag='t' nowait=True",
        (),
        "The connection's end tells its consumers, too; RabbitMQ cancels them as it deletes their queues first.",
    ),
    *[
        Accepted(
            f"login/hash-{name}",
            f"operator > put_user '~u' '{hashed}' 'rabbit_password_hashing_sha256'",
            (
                f"operator > put_user '~u' '{hashed}' 'rabbit_password_hashing_sha256'",
                f"operator < password_hash: {size} bytes, where rabbit_password_hashing_sha256 has 36",
            ),
            "Refused when it is set, and not only when the user wants to log in.",
        )
        for name, hashed, size in (
            (
                "of-another-algorithm",
                "AQIDBEv08L+iRi6ZYtPsVLlHi/nOFKLypZXpZLuQCrgZ4K1q+WrKAlgZwNbemOkemTfbWw6ukQpIJFFKquObC2n3wxc=",
                68,
            ),
            ("cut-short", "AQIDBA==", 4),
        )
    ],
    *[
        Accepted(
            f"permission/no-pattern-{name}",
            f"operator < Invalid regexp {record}",
            (f"operator < Invalid regexp {ours}",),
            "What is no pattern another engine finds, in its own words or at another place.",
        )
        for name, record, ours in (
            (
                "range",
                "'[z-a]': {\"range out of order in character class\",3}",
                "'[z-a]': {\"range out of order in character class\",4}",
            ),
            (
                "counts",
                "'a{2,1}': {\"numbers out of order in {} quantifier\",5}",
                f"'a{{2,1}}': {{\"{_TOO_BIG}\",0}}",
            ),
        )
    ],
    Accepted(
        "topic/write-username-that-is-no-pattern",
        "b socket closed",
        (),
        "Names are put into patterns as they are; where that gives none, RabbitMQ's channel crashes.",
    ),
    Accepted(
        "topic/write-username-that-is-no-pattern",
        "b/0 < connection.close reply_code=541 reply_text='INTERNAL_ERROR' class_id=0 method_id=0",
        (_REFUSED.format("write access to topic '~u(' in exchange '~x'").replace("'~u'\"", "'~u('\"") + _PUBLISH,),
        "Names are put into patterns as they are; where that gives none, RabbitMQ's channel crashes.",
    ),
    *[
        Accepted(
            "limit/user-channels-*",
            place + _CHANNELS.format("NODE", limit),
            (place + _CHANNELS.format("~u", limit),),
            "4.0.5 has the name of its node here, where 3.10 and later ones have the user's.",
        )
        for place, limit in (("a/0", 0), ("b/0", 0), ("b/0", 1), ("b/0", 2), ("c/0", 1))
    ],
)
