"""Mutators that know what they change: one for each value of a target's ``MUTATES``.

``any_bytes`` is libFuzzer's own mutator, which knows which values comparisons failed on; what stands around them,
sizes and end markers, is put right again most of the time, or nothing would come through.
"""

import random
from collections.abc import Callable
from struct import Struct

from protocol.amqp import methods, tables
from protocol.amqp.errors import HardError
from tests.fuzz import recordings
from tests.fuzz.pieces import HEAD_BYTES
from tests.hostile.noise import Noise, frame

AnyBytes = Callable[[bytes, int], bytes]

_FRAME_HEAD = Struct(">BHI")
_NAMES = ("q", "q2", "amq.topic", "amq.headers", "e", "", "noise", "amq.rabbitmq.reply-to", "é" * 127 + "x", "#.a")
_NUMBERS = (0, 1, 2, 13, 255, 4096, 65535)
_ARGUMENTS = (
    ("x-max-length", (0, 1, 3, -1)),
    ("x-message-ttl", (0, 1, 1000, tables.Long(2**40), "1")),
    ("x-expires", (1, 1000, 0)),
    ("x-max-priority", (1, 5, 255, 256)),
    ("x-max-length-bytes", (0, 10, 1000)),
    ("x-overflow", ("drop-head", "reject-publish", "reject-publish-dlx", "no")),
    ("x-dead-letter-exchange", ("", "amq.topic", "amq.fanout", "e")),
    ("x-dead-letter-routing-key", ("q", "q2", "")),
    ("x-queue-type", ("classic", "quorum", "stream", "no")),
    ("x-single-active-consumer", (True, False, 1)),
    ("x-delivery-limit", (0, 1, 2)),
    ("x-stream-offset", ("first", "last", "next", 0, tables.Long(3), tables.Timestamp(1_700_000_000), "1h")),
    ("x-consumer-timeout", (1, 60000)),
    ("x-priority", (-1, 0, 5)),
    ("x-match", ("any", "all-with-x", "all", "no")),
    ("x-delayed-type", ("direct", "topic", "no")),
    ("x-recent-history-length", (0, 1, 20)),
    ("x-cache-size", (1, 3)),
    ("x-message-deduplication", (True,)),
    ("alternate-exchange", ("amq.fanout", "e", "")),
    ("hash-header", ("a",)),
    ("a", (1, "x", None, True, [1, {"b": 2}])),
    ("CC", (["q", "q2"], "q", [1])),
    ("BCC", (["q2"],)),
    ("x-delay", (0, 1, 1000, -5, "7")),
    ("x-deduplication-header", ("1", "2", 3)),
    ("x-death", ([{"queue": "q", "reason": "rejected", "count": tables.Long(3)}], "no")),
    ("x-stream-filter-value", ("v",)),
    ("x-stream-filter", ("v", ["v", "w"])),
)
_KINDS = ("direct", "fanout", "topic", "headers", "x-consistent-hash", "x-delayed-message", "x-recent-history")
_TYPES = b"tbBsuIilLfdTDVSxFA?"


def split(stream: bytes) -> list[bytes]:
    """Frames, as far as there are any; what is none stands at the end."""
    found, pos = [], 0
    while pos + 8 <= len(stream):
        is_header = stream.startswith(b"AMQP", pos)
        size = 0 if is_header else _FRAME_HEAD.unpack_from(stream, pos)[2]
        if pos + 8 + size > len(stream):
            break
        found.append(stream[pos : pos + 8 + size])
        pos += 8 + size
    return [*found, stream[pos:]] if pos < len(stream) else found


class Mutator:
    """``seed`` comes with each call, so that a run can be had again."""

    def __init__(self, any_bytes: AnyBytes) -> None:
        self._any_bytes = any_bytes
        self._random = random.Random(0)
        self._noise = Noise(0)
        self._noise.random = self._random

    def whatever(self, data: bytes, size_max: int, seed: int) -> bytes:
        return self._any_bytes(data, size_max)

    # -- streams -------------------------------------------------------------------------------------------------------

    def frames(self, data: bytes, size_max: int, seed: int) -> bytes:
        rnd = self._random
        rnd.seed(seed)
        head, stream = data[:HEAD_BYTES].ljust(HEAD_BYTES, b"\0"), data[HEAD_BYTES:]
        if rnd.random() < 0.1:
            head = rnd.randbytes(HEAD_BYTES) if rnd.random() < 0.5 else bytes((head[0], rnd.choice((0, 0, 1, 7, 90))))
        if rnd.random() < 0.1:
            return (head + self._any_bytes(stream, size_max - HEAD_BYTES))[:size_max]
        found = split(stream)
        for _ in range(rnd.choice((1, 1, 1, 2, 4))):
            self._change_frames(found)
        return (head + b"".join(found))[:size_max]

    def _change_frames(self, found: list[bytes]) -> None:
        rnd = self._random
        place = rnd.randrange(len(found) + 1)
        if not found or rnd.random() < 0.35:
            found.insert(place, self._new_frame())
            return
        place = min(place, len(found) - 1)
        match rnd.randrange(7):
            case 6 if found[place][:1] == b"\3":
                found[place : place + 1] = self._in_two(found[place])
            case 0 if len(found) > 1:
                del found[place : place + rnd.choice((1, 1, 2, 5))]
            case 1:
                found.insert(rnd.randrange(len(found) + 1), found[place])
            case 2:
                found[place] = found[place][:1] + bytes((0, rnd.randrange(5))) + found[place][3:]
            case 3:
                other = rnd.randrange(len(found))
                found[place], found[other] = found[other], found[place]
            case _:
                found[place] = self._changed(found[place])

    def _in_two(self, raw: bytes) -> list[bytes]:
        """A body that comes in two frames."""
        payload, channel = raw[7:-1], int.from_bytes(raw[1:3], "big")
        cut = self._random.randrange(len(payload) + 1)
        return [frame(3, channel, payload[:cut]), frame(3, channel, payload[cut:])]

    def _new_frame(self) -> bytes:
        rnd = self._random
        channel = rnd.choice((1, 1, 1, 2, 2, 3))
        match rnd.randrange(6):
            case 0 | 1:
                raw = rnd.choice(recordings.frames())
                return raw[:1] + (channel.to_bytes(2, "big") if raw[2] else raw[1:3]) + raw[3:]
            case 2 | 3:
                return frame(1, channel, self._made_method())
            case 4:
                return self._made_publish(channel)
            case _:
                return rnd.choice((self._noise.methods, self._noise.contents, self._noise.frames))()

    def _changed(self, raw: bytes) -> bytes:
        """The same frame with another payload; its envelope is right."""
        if raw.startswith(b"AMQP") or len(raw) < 8:
            return self._any_bytes(raw, 40)
        payload = raw[7:-1]
        if raw[0] == 1 and self._random.random() < 0.5:
            payload = self._changed_method(payload)
        else:
            keep = {1: 4, 2: 12}.get(raw[0], 0) if self._random.random() < 0.8 else 0
            payload = payload[:keep] + self._any_bytes(payload[keep:] or b"\0", len(payload) + 30)
        return frame(raw[0], raw[1] << 8 | raw[2], payload)

    # -- methods -------------------------------------------------------------------------------------------------------

    def method(self, data: bytes, size_max: int, seed: int) -> bytes:
        rnd = self._random
        rnd.seed(seed)
        if rnd.random() < 0.5:
            return self._any_bytes(data, size_max)
        if rnd.random() < 0.2:
            data = rnd.choice(recordings.methods_raw())
        return self._changed_method(data)[:size_max]

    def _made_method(self) -> bytes:
        payload = self._random.choice(recordings.methods_raw())
        return self._changed_method(payload) if self._random.random() < 0.8 else payload

    def _changed_method(self, payload: bytes) -> bytes:
        """One argument is another."""
        try:
            method = methods.decode(payload)
        except HardError:
            return self._any_bytes(payload, len(payload) + 10)
        if not method.__slots__:
            return payload
        name = self._random.choice(method.__slots__)
        setattr(method, name, self._value(method.amqp_type(name), name))
        try:
            return methods.encode(1, method)[7:-1]
        except (ValueError, TypeError, OverflowError):
            return payload

    def _value(self, kind: str, name: str) -> object:
        rnd = self._random
        match kind:
            case "bit":
                return rnd.random() < 0.5
            case "table":
                return self._arguments()
            case "shortstr":
                return rnd.choice(_KINDS if name == "exchange_type" else _NAMES)
            case "longstr":
                return rnd.choice(("\0guest\0guest", "\0guest\0wrong", ""))
            case _:
                return min(rnd.choice(_NUMBERS), 255 if kind == "octet" else 65535)

    def _arguments(self) -> tables.FieldTable:
        rnd = self._random
        chosen = rnd.sample(_ARGUMENTS, rnd.choice((0, 1, 1, 2, 3)))
        return {name: rnd.choice(values) for name, values in chosen}

    def _made_publish(self, channel: int) -> bytes:
        rnd = self._random
        exchange, key = rnd.choice(("", "", "amq.topic", "amq.headers", "e", "amq.fanout")), rnd.choice(_NAMES[:6])
        method = methods.Basic.Publish()
        method.exchange, method.routing_key, method.mandatory = exchange, key, rnd.random() < 0.3
        size = rnd.choice((0, 1, 5, 5, 30))
        table = tables.write_table(self._arguments())
        properties = rnd.choice((b"\0\0", b"\x10\0\2", b"\x20\0" + table, b"\x21\0" + table + b"\0011", b"\1\0\2-1"))
        head = b"\x00\x3c\0\0" + size.to_bytes(8, "big") + properties
        out = methods.encode(channel, method) + frame(2, channel, head)
        return (out + frame(3, channel, bytes(size)) if size else out) * rnd.choice((1, 1, 1, 2, 5))

    # -- tables --------------------------------------------------------------------------------------------------------

    def table(self, data: bytes, size_max: int, seed: int) -> bytes:
        rnd = self._random
        rnd.seed(seed)
        match rnd.randrange(4):
            case 0:
                return self._any_bytes(data, size_max)
            case 1:
                fields = b"".join(self._field(0) for _ in range(rnd.randrange(4)))
                cut = rnd.randrange(4, max(5, len(data)))
                inner = rnd.choice((data[4:] + fields, fields, data[4:cut] + fields))
            case _:
                inner = self._any_bytes(data[4:] or b"\0", size_max - 4)
        return self._sized(inner, 0.9)[:size_max]

    def properties(self, data: bytes, size_max: int, seed: int) -> bytes:
        rnd = self._random
        rnd.seed(seed)
        if rnd.random() < 0.5:
            return self._any_bytes(data, size_max)
        if rnd.random() < 0.3:
            table = self.table(rnd.choice(recordings.table_list()), size_max - 2, seed + 1)
            return (rnd.choice((b"\x20\0", b"\x21\0", b"\x30\0")) + table + rnd.choice((b"", b"\2", b"\3abc")))[
                :size_max
            ]
        flags, out = rnd.randrange(65536) & 0xFFFE, b""
        for bit in range(15, 1, -1):
            if flags >> bit & 1:
                out += self._property(bit)
        return (flags.to_bytes(2, "big") + out)[:size_max]

    def _property(self, bit: int) -> bytes:
        rnd = self._random
        if bit == 13:
            return self._sized(b"".join(self._field(0) for _ in range(rnd.randrange(4))), 0.97)
        if bit in (12, 11):
            return rnd.choice((b"\0", b"\1", b"\2", b"\3", b"\xff"))
        if bit == 6:
            return rnd.randbytes(8)
        text = rnd.choice((b"", b"guest", b"10", b"amq.rabbitmq.reply-to", b"\xff\xfe", rnd.randbytes(3)))
        return bytes((len(text),)) + text

    def _field(self, depth: int) -> bytes:
        name = self._random.choice((b"a", b"b", b"", b"CC", b"x-stream-offset", b"\xff", b"name" * 10))
        return bytes((len(name),)) + name + self._value_bytes(depth)

    def _value_bytes(self, depth: int) -> bytes:
        rnd = self._random
        kind = rnd.choice(_TYPES)
        code = bytes((kind,))
        if code in b"SxFA":
            count = rnd.randrange(3) if depth < 4 else 0
            inner = {
                b"F": lambda: b"".join(self._field(depth + 1) for _ in range(count)),
                b"A": lambda: b"".join(self._value_bytes(depth + 1) for _ in range(count)),
            }.get(code, lambda: rnd.randbytes(rnd.randrange(5)))()
            return code + self._sized(inner, 0.97)
        width = {b"t": 1, b"b": 1, b"B": 1, b"s": 2, b"u": 2, b"V": 0, b"D": 5, b"I": 4, b"i": 4, b"f": 4}.get(code, 8)
        return code + rnd.choice((rnd.randbytes(width), bytes(width), b"\1" * width))

    def _sized(self, inner: bytes, right: float) -> bytes:
        size = len(inner)
        if self._random.random() > right:
            size += self._random.choice((-1, 1, 4, 2**31))
        return (size % 2**32).to_bytes(4, "big") + inner
