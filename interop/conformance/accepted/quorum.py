"""Differences of quorum queues."""

from interop.conformance.accepted.difference import Accepted

_COUNTS = "a/1 < queue.declare-ok queue='~q' message_count={} consumer_count={}"
_GOT = (
    "a/1 < basic.get-ok delivery_tag={0} redelivered=False exchange='' routing_key='~q' message_count={1} |  | b'{0}'"
)
_FIRST = "a/1 < basic.deliver consumer_tag='{}' delivery_tag=1 redelivered=False exchange='' routing_key='~q' |  | b'1'"
_COUNTED = "Consumers are counted as for classic queues: those who wait, too, and nobody who only holds messages."
_EXACT = "A queue of at most one message takes one; RabbitMQ notices that it is full when it is over-full already."

QUORUM: tuple[Accepted, ...] = (
    Accepted("single-active/quorum-counts", _COUNTS.format(0, 1), (_COUNTS.format(0, 3),), _COUNTED),
    Accepted("quorum/get-counts-as-consumer", _COUNTS.format(1, 1), (_COUNTS.format(1, 0),), _COUNTED),
    Accepted("quorum/cancelled-counts-while-it-holds", _COUNTS.format(0, 1), (_COUNTS.format(0, 0),), _COUNTED),
    Accepted("quorum/reject-publish-*", "a/1 < basic.ack for 2", ("a/1 < basic.nack for 2",), _EXACT),
    Accepted("quorum/reject-publish-none-confirmed-first", _COUNTS.format(2, 0), (_COUNTS.format(1, 0),), _EXACT),
    Accepted("quorum/reject-publish-open-again", _GOT.format(1, 1), (_GOT.format(1, 0),), _EXACT),
    Accepted("quorum/reject-publish-open-again", _GOT.format(2, 0), ("a/1 < basic.get-empty cluster_id=''",), _EXACT),
    Accepted(
        "quorum-consume/more-room-waits-first",
        _FIRST.format("five"),
        (_FIRST.format("one"),),
        "Of equals the one that came first follows, as RabbitMQ's pages say; it prefers who may hold more.",
    ),
)
