"""Outcomes: what comes of an input, as bytes that two builds of the same sources must agree on.

A kind a function, from an input to something whose ``repr`` says all that can be seen: events, bytes out, refusals.
What raises is an outcome, too.
"""

import re
from collections.abc import Callable, Iterator
from hashlib import blake2b

from protocol.amqp import basic, properties
from protocol.amqp.content import content_of, properties_of, readdress, with_properties
from tests.fuzz import stored, targets
from tests.fuzz.answering import Answering
from tests.fuzz.pieces import pieces
from tests.fuzz.targets import connection, node, stamps

DIGEST_BYTES = 8
_ADDRESS = re.compile("at 0x[0-9a-f]+")


def _connection(data: bytes) -> object:
    peer = Answering()
    peer.put(connection.OPENINGS[data[0] % len(connection.OPENINGS)])
    for piece in pieces(data[2:], data[1]):
        peer.put(piece)
    return peer.events, peer.heard, peer.connection.state, peer.connection.held_bytes


def _properties(data: bytes) -> object:
    checker = properties.Checker()
    flags = checker.check(data)
    readers = (properties.headers, properties.priority, properties.delivery_mode, properties.fields)
    texts = [properties.short_string(data, flag) for flag in (properties.EXPIRATION, properties.USER_ID)]
    parts = properties.Parts(data)
    cut = [getattr(parts, name) for name in ("head", "fields", "flags", "mode", "tail", "expiration")]
    return flags, checker.last, [read(data) for read in readers], texts, cut


def _runs(data: bytes) -> object:
    """The readers alone, and what a content becomes for others. (Which properties the checker remembers may differ: it
    looks at them before or after a body's size.)
    """
    found: list[object] = []
    payload_max, header_max = 20 + data[0] * 3, 14 + data[1] * 3
    stream, pos, checker = data[2:], 0, properties.Checker()
    while pos + 11 <= len(stream):
        if stream[pos + 7 : pos + 11] == basic.PUBLISH:
            run = basic.read_publish_run(stream, pos, payload_max, header_max, checker)
            if run is not None:
                found.append((run.channel, run.arguments, run.contents, run.flags, run.stop, run.persistent))
                found += [_contents(content) for content in run.contents[:2]]
        else:
            run = basic.read_settlement_run(stream, pos)
            if run is not None:
                found.append((run.channel, run.method, run.tags, run.multiple, run.requeue, run.stop))
        pos = run.stop if run is not None else pos + 8 + int.from_bytes(stream[pos + 3 : pos + 7], "big")
    return found


def _contents(content: bytes) -> object:
    raw = properties_of(content)
    others = [readdress(content, channel, frame_max) for channel in (1, 700) for frame_max in (20, 64, 4096)]
    return raw, content_of(raw), with_properties(content, raw + raw), others


def _node(data: bytes) -> object:
    """All that two clients of a whole broker are sent."""
    said: list[bytes] = []
    world = node.replay(data, said.append)
    world.end()
    return said, world.broker.notices


# Of each hundred inputs so many, and the target whose seeds and mutator they have.
KINDS: dict[str, tuple[int, Callable[[bytes], object], str]] = {
    "connection": (40, _connection, "connection"),
    "properties": (28, _properties, "properties"),
    "runs": (20, _runs, "connection"),
    "stamps": (10, stamps.written, "stamps"),
    "node": (2, _node, "node"),
}


def of(kind: str, data: bytes) -> str:
    """What came of an input, in words."""
    try:
        return repr(KINDS[kind][1](data))
    except Exception as error:
        return _ADDRESS.sub("at", f"{type(error).__name__}: {error}")


def digest(outcome: str) -> bytes:
    return blake2b(outcome.encode("utf-8", "surrogatepass"), digest_size=DIGEST_BYTES).digest()


def seeds(kind: str) -> Iterator[bytes]:
    """What its inputs are made from."""
    yield from targets.load(KINDS[kind][2]).seeds()
    yield from stored.evolved(KINDS[kind][2])
    yield from stored.findings(KINDS[kind][2]).values()
