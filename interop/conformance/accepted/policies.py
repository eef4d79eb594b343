"""Accepted differences in the conversations about policies."""

from interop.conformance.accepted.difference import Accepted

_DELIVERED = (
    "b/1 < basic.deliver consumer_tag='t' delivery_tag=1 redelivered=False exchange='' routing_key='~q'"
    " | headers={{x-stream-offset: l {}}} delivery_mode=2 | 2000 bytes crc c1c357ff"
)

_GOT = "a/1 < basic.get-ok delivery_tag=1 redelivered=False exchange='' routing_key='~q' message_count={} |  | b'1'"

POLICIES: tuple[Accepted, ...] = (
    Accepted(
        "policy/stream-max-length-bytes",
        _DELIVERED.format(8),
        (_DELIVERED.format(4),),
        "Offsets count messages only; RabbitMQ's records of publishers take some, too.",
    ),
    *[
        Accepted("policy/refused-mirroring", line, (), "Mirroring may be asked for, as with 3.13, and has no effect.")
        for line in (
            "operator < Validation failed",
            'operator < [{<<"ha-mode">>,<<"all">>}] are not recognised policy settings',
        )
    ],
    *[
        Accepted(
            "policy/overflow-of-a-quorum-queue-the-policys-wins", theirs, (ours,), "A limit is met to the message."
        )
        for theirs, ours in (
            ("a/1 < basic.ack for 2", "a/1 < basic.nack for 2"),
            (_GOT.format(1), _GOT.format(0)),
        )
    ],
)
