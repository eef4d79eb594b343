"""Noise: byte strings that no client should send, of four kinds, made from one ``random.Random``.

Kinds: bytes without any sense; frames with a right envelope and senseless contents; real conversations with bits
flipped, cut, doubled or lost; real frames in any order on any channel.
"""

import random
from struct import Struct

import pamqp.frame
from pamqp import commands
from pamqp.body import ContentBody
from pamqp.commands import Basic, Channel, Confirm, Connection, Exchange, Queue, Tx
from pamqp.header import ContentHeader

from tests.conversation import PROTOCOL_HEADER, cut

_HEAD = Struct(">BHI")
_METHOD_IDS = [index.to_bytes(4, "big") for index in commands.INDEX_MAPPING]


def frame(kind: int, channel: int, payload: bytes) -> bytes:
    return _HEAD.pack(kind, channel, len(payload)) + payload + b"\xce"


def marshal(channel: int, *frames) -> bytes:
    return b"".join(pamqp.frame.marshal(each, channel) for each in frames)


def opening(frame_max: int = 131072) -> bytes:
    """All a client says until its connection is open, and channel 1 with it."""
    start_ok = Connection.StartOk({"capabilities": {"basic.nack": True}}, "PLAIN", "\0guest\0guest", "en_US")
    tune_ok = Connection.TuneOk(2047, frame_max, 0)
    return PROTOCOL_HEADER + marshal(0, start_ok, tune_ok, Connection.Open("/")) + marshal(1, Channel.Open())


def publish(message: bytes = b"body", exchange: str = "", key: str = "noise", **properties) -> list:
    return [
        Basic.Publish(exchange=exchange, routing_key=key, mandatory=True),
        ContentHeader(0, len(message), Basic.Properties(**properties)),
        *([ContentBody(message)] if message else []),
    ]


_HEADERS = {"a": 1, "b": "text", "c": [1, 2.5, None, {"d": True}], "e": bytearray(b"\xff"), "CC": ["noise"]}
_CONVERSATION = [
    Queue.Declare(queue="noise"),
    Queue.Declare(queue="noise-args", arguments={"x-max-length": 5, "x-message-ttl": 100, "x-queue-type": "classic"}),
    Queue.Declare(queue="noise-mine", exclusive=True, auto_delete=True),
    Exchange.Declare(exchange="noise", exchange_type="headers", arguments={"alternate-exchange": "amq.fanout"}),
    Queue.Bind(queue="noise", exchange="noise", arguments={"x-match": "any", "a": 1, "e": bytearray(b"\xff")}),
    Queue.Bind(queue="noise", exchange="amq.topic", routing_key="*.noise.#"),
    Exchange.Bind(destination="amq.topic", source="noise", arguments={"b": "text"}),
    Confirm.Select(),
    *publish(),
    *publish(b"", "noise", headers=_HEADERS),
    *publish(b"x" * 300, "amq.topic", "a.noise.b", expiration="1000", user_id="guest", delivery_mode=2, priority=3),
    *publish(key="nowhere", content_type="text/plain", message_id="1"),
    Basic.Consume(queue="amq.rabbitmq.reply-to", consumer_tag="replies", no_ack=True),
    *publish(reply_to="amq.rabbitmq.reply-to"),
    *[Basic.Get(queue="noise")] * 4,
    Basic.Ack(1),
    Basic.Nack(2, multiple=False, requeue=True),
    Basic.Reject(3, requeue=False),
    Basic.Qos(prefetch_count=2),
    Basic.Consume(queue="noise", consumer_tag="c"),
    Basic.Get(queue="noise", no_ack=True),
    Basic.Recover(requeue=True),
    Basic.Cancel("c"),
    Queue.Purge(queue="noise"),
    Queue.Unbind(queue="noise", exchange="amq.topic", routing_key="*.noise.#"),
    Exchange.Unbind(destination="amq.topic", source="noise"),
    Exchange.Delete(exchange="noise"),
    Queue.Delete(queue="noise"),
    Channel.Flow(active=True),
    Tx.Select(),
    Channel.Close(200, "", 0, 0),
]
CONVERSATION = marshal(1, *_CONVERSATION)
FRAMES = list(cut(CONVERSATION))

# Makes the broker read the headers of what is published to amq.headers.
BIND = marshal(
    1,
    Queue.Declare(queue="noise"),
    Queue.Bind(queue="noise", exchange="amq.headers", arguments={"x-match": "any-with-x", "a": 1, "CC": None}),
)


class Noise:
    """``kinds`` maps a name to (whether it is meant for an open connection, a function that makes one string)."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.kinds = {
            "senseless bytes": (False, self.senseless),
            "senseless bytes behind a header": (False, self.behind_header),
            "senseless bytes on an open connection": (True, self.senseless),
            "senseless frames": (True, self.frames),
            "senseless methods": (True, self.methods),
            "senseless contents": (True, self.contents),
            "a mutated opening": (False, self.mutated_opening),
            "a mutated conversation": (True, self.mutated),
            "frames in any order": (True, self.shuffled),
        }

    def senseless(self) -> bytes:
        return self.random.randbytes(self.random.randint(1, 64))

    def behind_header(self) -> bytes:
        return PROTOCOL_HEADER + self.senseless()

    def _channel(self) -> int:
        return self.random.choice((0, 1, 1, 1, 2, 3, self.random.randrange(65536)))

    def frames(self) -> bytes:
        rnd = self.random
        kind = rnd.choice((1, 2, 3, 4, 8, rnd.randrange(256)))
        return frame(kind, self._channel(), rnd.randbytes(rnd.randint(0, 40)))

    def methods(self) -> bytes:
        """Methods that exist, with arguments that may be anything."""
        rnd = self.random
        out = []
        for _ in range(rnd.randint(1, 3)):
            arguments = rnd.choice((self.senseless, self._plausible))()
            out.append(frame(1, self._channel(), rnd.choice(_METHOD_IDS) + arguments))
        return b"".join(out)

    def _plausible(self) -> bytes:
        """Two reserved bytes, short strings, bits, a table: what most methods look like."""
        rnd = self.random
        out = [rnd.choice((b"\0\0", b""))]
        for _ in range(rnd.randint(0, 3)):
            name = rnd.choice((b"noise", b"", b"amq.topic", b"\xff\xfe", b"c", rnd.randbytes(rnd.randint(0, 9))))
            out.append(bytes([len(name)]) + name)
        out.append(bytes([rnd.randrange(32)]))
        table = b"".join(self._field(0) for _ in range(rnd.randint(0, 3)))
        out.append(len(table).to_bytes(4, "big") + table)
        return b"".join(out)

    def _field(self, depth: int) -> bytes:
        key = self.random.choice((b"a", b"x-match", b"x-expires", b"x-queue-type", b"CC", b"\xff"))
        return bytes([len(key)]) + key + self._value(depth)

    def _value(self, depth: int) -> bytes:
        rnd = self.random
        kind = rnd.choice(b"tbBsuIilLfdTDVSxAF?")
        if kind in b"AF" and depth < 3:
            make = self._field if kind == ord("F") else self._value
            inner = b"".join(make(depth + 1) for _ in range(rnd.randint(0, 3)))
            return bytes([kind]) + len(inner).to_bytes(4, "big") + inner
        if kind in b"SxAF":
            inner = rnd.randbytes(rnd.randint(0, 6))
            return bytes([kind]) + rnd.choice((len(inner), rnd.randrange(20))).to_bytes(4, "big") + inner
        sizes = dict(zip(b"tbBsuIilLfdTDV?", (1, 1, 1, 2, 2, 4, 4, 8, 8, 4, 8, 8, 5, 0, 1), strict=True))
        return bytes([kind]) + rnd.randbytes(sizes[kind])

    def contents(self) -> bytes:
        """A good publish method, then a header and bodies that may be anything."""
        rnd = self.random
        channel = rnd.choice((1, 1, 1, 2))
        exchange = rnd.choice((b"", b"amq.headers", b"amq.topic", b"noise", b"missing"))
        method = b"\x00\x3c\x00\x28\0\0" + bytes([len(exchange)]) + exchange + b"\x05noise" + bytes([rnd.randrange(4)])
        size = rnd.choice((0, 1, 5, 5, 2**64 - 1, 2**32, 600 * 2**20))
        head = rnd.choice((b"\0\x3c\0\0", b"\0\x3c\0\0", b"\0\x3c\0\0", rnd.randbytes(4))) + size.to_bytes(8, "big")
        out = [BIND] if rnd.random() < 0.05 else []
        out += [frame(1, channel, method), frame(2, channel, head + self._properties())]
        out += [frame(3, channel, rnd.randbytes(rnd.choice((0, 1, 5, 6)))) for _ in range(rnd.randint(0, 2))]
        return b"".join(out)

    def _properties(self) -> bytes:
        rnd = self.random
        if rnd.random() < 0.3:
            return rnd.randbytes(rnd.randint(0, 30))
        table = b"".join(self._field(0) for _ in range(rnd.randint(0, 3)))
        text = rnd.choice((b"guest", b"-1", b"12x", b"\xff\xff", b"", b"amq.rabbitmq.reply-to"))
        return rnd.choice(
            (
                b"\x00\x00",
                b"\x20\x00" + len(table).to_bytes(4, "big") + table,
                b"\x01\x00" + bytes([len(text)]) + text,
                b"\x00\x10" + bytes([len(text)]) + text,
                b"\x80\x00" + bytes([len(text)]) + text,
                b"\x02\x00" + bytes([len(text)]) + text,
            )
        )

    def mutated_opening(self) -> bytes:
        return self._mutate(opening())

    def mutated(self) -> bytes:
        start = self.random.randrange(len(FRAMES) - 6)
        return self._mutate(b"".join(FRAMES[start : start + self.random.randint(2, 12)]))

    def _mutate(self, data: bytes) -> bytes:
        rnd, out = self.random, bytearray(data)
        for _ in range(rnd.choice((1, 1, 1, 2, 4))):
            place = rnd.randrange(len(out))
            match rnd.randrange(5):
                case 0 | 1:
                    out[place] ^= 1 << rnd.randrange(8)
                case 2:
                    out[place] = rnd.randrange(256)
                case 3:
                    del out[place : place + rnd.randint(1, 8)]
                case _:
                    out[place:place] = out[place : place + rnd.randint(1, 30)]
            if not out:
                break
        if rnd.random() < 0.2:
            del out[rnd.randrange(len(out) + 1) :]
        return bytes(out)

    def shuffled(self) -> bytes:
        rnd = self.random
        out = []
        for each in rnd.choices(FRAMES, k=rnd.randint(1, 6)):
            channel = rnd.choice((1, 1, 2, 3))
            out.append(each[:1] + channel.to_bytes(2, "big") + each[3:])
            if rnd.random() < 0.3:
                out.append(
                    marshal(channel, rnd.choice((Channel.Open(), Channel.Close(200, "", 0, 0), Channel.CloseOk())))
                )
        return b"".join(out)
