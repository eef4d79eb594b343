"""Differences in what queues do by themselves: expiry, limits, dead letters, who is served."""

from interop.conformance.accepted.difference import Accepted, Case

_HIGH_AND_LOW = "ttl/high-priority-comes-after-low-and-expires"
_DEAD = "a/1 < queue.declare-ok queue='~dead' message_count={} consumer_count=0"
_COUNTS = "a/1 < queue.declare-ok queue='~q' message_count={} consumer_count={}"
_GOT = "a/1 < basic.get-ok delivery_tag={} redelivered=False exchange='' routing_key='~q' message_count={} | {}"
_POLICY_WINS = "policy/overflow-of-a-quorum-queue-the-policys-wins"
_SAME_KEY = (
    "a/1 < basic.get-ok delivery_tag=3 redelivered=False exchange='~x' routing_key='~q' message_count=0"
    " | headers={{CC: A {{S '~one'}}, x-death: A {{F {{count: l 1, reason: S 'rejected', queue: S '~s', time: T now,"
    " exchange: S '~y', routing-keys: A {{S '~q'{}}}}}, F {{count: l 1, reason: S 'rejected', queue: S '~q',"
    " time: T now, exchange: S '', routing-keys: A {{S '~q', S '~one'}}}}}}, x-first-death-exchange: S '',"
    " x-first-death-queue: S '~q', x-first-death-reason: S 'rejected', x-last-death-exchange: S '~y',"
    " x-last-death-queue: S '~s', x-last-death-reason: S 'rejected'}} | b'm'"
)

_GOT_BARE = _GOT.replace("| {}", "|  | b'{}'")
_NOTHING = "a/1 < basic.get-empty cluster_id=''"

_HIGH_EXPIRES = (
    (_COUNTS.format(2, 0), _COUNTS.format(1, 0)),
    (_GOT.format(1, 1, "priority=5 expiration='1' | b'high'"), _GOT.format(1, 0, " | b'low'")),
    (_GOT.format(2, 0, " | b'low'"), _NOTHING),
)
_OVER_FULL = (
    ("quorum/reject-publish-*", "a/1 < basic.ack for 2", "a/1 < basic.nack for 2"),
    ("quorum/reject-publish-none-confirmed-first", _COUNTS.format(2, 0), _COUNTS.format(1, 0)),
    ("quorum/reject-publish-open-again", _GOT_BARE.format(1, 1, 1), _GOT_BARE.format(1, 0, 1)),
    ("quorum/reject-publish-open-again", _GOT_BARE.format(2, 0, 2), _NOTHING),
    (_POLICY_WINS, "a/1 < basic.ack for 2", "a/1 < basic.nack for 2"),
    (_POLICY_WINS, _GOT_BARE.format(1, 1, 1), _GOT_BARE.format(1, 0, 1)),
)
_COUNTED = (
    ("single-active/quorum-counts", _COUNTS.format(0, 1), _COUNTS.format(0, 3)),
    ("quorum/get-counts-as-consumer", _COUNTS.format(1, 1), _COUNTS.format(1, 0)),
    ("quorum/cancelled-counts-while-it-holds", _COUNTS.format(0, 1), _COUNTS.format(0, 0)),
)

QUEUES: tuple[Accepted, ...] = (
    Accepted(
        "a message of high priority whose time is over",
        "It is not delivered; RabbitMQ looks whether the head's time is over only when it was alone.",
        tuple(Case(_HIGH_AND_LOW, record, (ours,)) for record, ours in _HIGH_EXPIRES),
    ),
    Accepted(
        "the keys of copies",
        "They are what a message's headers say: those of BCC are gone when it was routed, and whether CC is still used"
        " shows by the routing key alone; RabbitMQ keeps a list of keys beside the headers.",
        (
            Case("death/bcc-is-used-again", _DEAD.format(1), (_DEAD.format(0),)),
            Case("death/cc-with-the-same-key-again", _SAME_KEY.format(""), (_SAME_KEY.format(", S '~one'"),)),
        ),
    ),
    Accepted(
        "who counts as a consumer of a quorum queue",
        "They are counted as for classic queues: those who wait, too, and nobody who only holds messages.",
        tuple(Case(conversation, record, (ours,)) for conversation, record, ours in _COUNTED),
    ),
    Accepted(
        "limits of quorum queues",
        "Met to the message: a queue of at most one takes one; RabbitMQ notices that it is full when it is over-full.",
        tuple(Case(conversation, record, (ours,)) for conversation, record, ours in _OVER_FULL),
    ),
)
