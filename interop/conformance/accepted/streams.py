"""Differences of streams."""

from interop.conformance.accepted.difference import Accepted, Case


def _delivered(content: str, *, tag: int = 1, c: str = "a") -> str:
    return (
        f"{c}/1 < basic.deliver consumer_tag='t' delivery_tag={tag} redelivered=False exchange='' routing_key='~q'"
        f" | {content}"
    )


_BODIES = ("a85f9983", "b3b44e47", "9f88360b", "8463e1cf", "c7f0c693")


def _large(number: int, offset: int, *, tag: int, c: str = "a") -> str:
    """The delivery of the large message of that number."""
    return _delivered(
        f"headers={{x-stream-offset: l {offset}}} delivery_mode=2 | 1000 bytes crc {_BODIES[number]}", tag=tag, c=c
    )


_OFFSET_4_OR_8 = _delivered("headers={{x-stream-offset: l {}}} delivery_mode=2 | 2000 bytes crc c1c357ff", c="b")

STREAMS: tuple[Accepted, ...] = (
    Accepted(
        "offsets are dense",
        "Offsets count messages only; RabbitMQ spends some on records of its own: one at the start of each segment but"
        " the first, and those of publishers.",
        (
            *[
                Case("stream-retention/*", _large(n, 2 * n, tag=tag, c=c), (_large(n, n, tag=tag, c=c),))
                for n, tag, c in ((1, 2, "a"), (2, 3, "a"), (3, 4, "a"), (3, 1, "a"), (4, 1, "a"), (3, 2, "b"))
            ],
            Case("stream-retention/no-limit-offset-between", _large(2, 4, tag=1), (_large(3, 3, tag=1),)),
            Case("stream-retention/no-limit-offset-between", _large(3, 6, tag=2), ("a nothing came",)),
            Case("stream-retention/no-limit-count", "~q has 7 ready, 0 consumers", ("~q: (4, 0), not (7, 0)",)),
            Case("stream-retention/bytes-count", "~q has 2 ready, 0 consumers", ("~q: (1, 0), not (2, 0)",)),
            Case("policy/stream-max-length-bytes", _OFFSET_4_OR_8.format(8), (_OFFSET_4_OR_8.format(4),)),
        ),
    ),
    Accepted(
        "what a cancelled consumer of a stream settles",
        "It is that consumer's own; RabbitMQ counts it for a later consumer of the same tag, which then has more than"
        " its prefetch.",
        (
            Case(
                "stream-consume/cancel-and-begin-again",
                _delivered("headers={x-stream-offset: l 2} delivery_mode=2 | b'2'", tag=5),
                ("a nothing came",),
            ),
            Case("stream-consume/cancel-and-begin-again", "a/1 > basic.ack delivery_tag=3", ()),
        ),
    ),
)
