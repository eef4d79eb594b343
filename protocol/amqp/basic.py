"""The hot path over bytes: read publish, ack, nack and reject; write deliver, get-ok, return, ack and nack.

A *content* is what follows a publish, kept as it came: one header frame and, unless the body is empty, one body frame,
each whole, with the publisher's channel number in it. A delivery is ``prefix + tag + suffix + content``, so a message
of one body frame is sliced off once and joined once, never taken apart. Reading in runs (the same publish frame again
is one comparison) costs about 0.7 us a message in plain Python; decoding it with pamqp costs 12.

Methods (AMQP 0-9-1, class 60), each in a method frame::

    publish   reserved u16 | exchange ss | routing key ss | bits: mandatory, immediate
    deliver   consumer tag ss | delivery tag u64 | redelivered u8 | exchange ss | routing key ss
    get-ok    delivery tag u64 | redelivered u8 | exchange ss | routing key ss | message count u32
    return    reply code u16 | reply text ss | exchange ss | routing key ss
    ack       delivery tag u64 | bits: multiple              (21 bytes a frame, as nack and reject)
    nack      delivery tag u64 | bits: multiple, requeue
    reject    delivery tag u64 | bits: requeue

The content header's payload: class u16 | weight u16 | body size u64 | properties.
"""

from struct import Struct
from typing import Final

from protocol.amqp import erlang, properties, replies
from protocol.amqp.errors import HardError, MalformedText

try:
    import cython
except ImportError:
    from protocol.native import cythonless as cython  # type: ignore[no-redef]

CLASS_BASIC = 60
PUBLISH = b"\x00\x3c\x00\x28"
PUBLISH_METHOD = 40
ACK_METHOD = 80
REJECT_METHOD = 90
NACK_METHOD = 120
SETTLEMENT_FRAME_BYTES = 21

_SETTLEMENTS = {
    b"\x00\x3c\x00\x50": ACK_METHOD,
    b"\x00\x3c\x00\x5a": REJECT_METHOD,
    b"\x00\x3c\x00\x78": NACK_METHOD,
}

_CONTENT_HEAD = Struct(">3sIIQ")
_BODY_HEAD = Struct(">3sI")
_METHOD_HEAD = Struct(">BHII")
# Frame head and class/method id, tag, bits and the end mark.
_SETTLEMENT = Struct(">11sQBB")
_ACK_HEAD = Struct(">BHI4sQBB")

# Where, in a content, the properties begin: 7 bytes of frame head, then class, weight and body size.
PROPERTIES_AT = 19

# Publishes in one run. To a fanout of 10,000 queues each is 10,000 references, which is as long as a run should take;
# with one queue the run's own cost, about 1 us, is spread over enough of them.
_RUN_MAX: Final = 256
# Settlements in one run, of which each may be for many, or for none: 1 ms.
_SETTLEMENTS_MAX: Final = 512
_PERSISTENT: Final = properties.PERSISTENT

pack_tag = Struct(">Q").pack


class PublishArguments:
    """What a publish frame says. ``route`` is exchange and routing key as they stand on the wire, for deliveries and
    returns.
    """

    __slots__ = ("exchange", "immediate", "mandatory", "route", "routing_key")

    def __init__(self, arguments: bytes) -> None:
        """``arguments`` is the payload behind the method id. Raises HardError 501 where it cannot be decoded."""
        try:
            exchange_end = 3 + arguments[2]
            key_end = exchange_end + 1 + arguments[exchange_end]
            self.exchange = arguments[3:exchange_end].decode()
            self.routing_key = arguments[exchange_end + 1 : key_end].decode()
        except UnicodeDecodeError:
            raise MalformedText from None
        except IndexError:
            key_end = len(arguments)
        if key_end + 1 != len(arguments):
            text = f"cannot decode {erlang.binary(arguments, erlang.REPLY_BYTES)}"
            raise HardError(replies.FRAME_ERROR, text, CLASS_BASIC, PUBLISH_METHOD)
        self.route = arguments[2:key_end]
        self.mandatory = bool(arguments[key_end] & 1)
        self.immediate = bool(arguments[key_end] & 2)


class PublishRun:
    """Publishes with one and the same method frame, one after the other: the unit in which a turn takes them in. Either
    all are persistent or none is.
    """

    __slots__ = ("arguments", "channel", "contents", "flags", "stop")

    def __init__(self, channel: int, arguments: bytes, contents: list[bytes], flags: int, stop: int) -> None:
        self.channel = channel
        # The method's payload behind the ids: the key of the publisher's route cache.
        self.arguments = arguments
        self.contents = contents
        # All property flags seen in the run, or-ed: says whether a look at each message's properties is needed.
        self.flags = flags
        # Where in the data the run ended.
        self.stop = stop

    @property
    def persistent(self) -> bool:
        return self.flags & properties.PERSISTENT > 0


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _u32(data: cython.p_const_uchar, at: cython.Py_ssize_t) -> cython.uint:
    first: cython.uint = data[at]
    return first << 24 | data[at + 1] << 16 | data[at + 2] << 8 | data[at + 3]


def read_publish_run(
    data: bytes,
    start: cython.Py_ssize_t,
    payload_max: cython.Py_ssize_t,
    header_max: cython.Py_ssize_t,
    checker: properties.Checker,
) -> PublishRun | None:
    """All whole publishes from ``start`` on that repeat one method frame, have at most one body frame each, and are
    persistent like the first or not like it. ``payload_max`` is for body frames, ``header_max`` for header frames.
    There are at least the method's type, channel, size and ids.

    Stops, without a complaint, at whatever else stands there: another frame, a half frame, a body in pieces, an error.
    The frame by frame path reads that and knows the words for it. None if not even one message could be read.
    """
    end: cython.Py_ssize_t = len(data)
    head: cython.Py_ssize_t = start + 8 + int.from_bytes(data[start + 3 : start + 7], "big")
    body: cython.Py_ssize_t
    header_size: cython.Py_ssize_t
    size: cython.Py_ssize_t
    if head > end or data[head - 1] != 0xCE:
        return None
    method = data[start:head]
    method_size: cython.Py_ssize_t = head - start
    channel: cython.Py_ssize_t = data[start + 1] << 8 | data[start + 2]
    header_mark, body_mark = b"\x02" + method[1:3], b"\x03" + method[1:3]
    unpack_content_head, unpack_body_head = _CONTENT_HEAD.unpack_from, _BODY_HEAD.unpack_from
    contents: list[bytes] = []
    left: cython.Py_ssize_t = _RUN_MAX
    flags: cython.uint = 0
    last: bytes = checker.last
    last_flags: cython.uint = checker.flags
    last_size: cython.Py_ssize_t = len(last)
    # The same bytes, to be read past the checks that Python makes: each step below makes its own.
    view: cython.p_const_uchar = data
    pos: cython.Py_ssize_t = start
    while left and data.startswith(method, pos):
        head = pos + method_size
        body = head + 19
        if body + 3 > end:
            break
        if cython.compiled:
            if (
                view[head] != 2
                or (view[head + 1] << 8 | view[head + 2]) != channel
                or _u32(view, head + 7) != 60 << 16
                or _u32(view, head + 11)
            ):
                break
            header_size = _u32(view, head + 3)
            size = _u32(view, head + 15)
        else:
            mark, header_size, class_and_weight, size = unpack_content_head(data, head)
            if mark != header_mark or class_and_weight != 60 << 16:
                break
        if not 12 <= header_size <= header_max:
            break
        body = head + 8 + header_size
        if body > end or view[body - 1] != 0xCE:
            break
        if header_size - 12 != last_size or not data.startswith(last, head + 19):
            try:
                last_flags = checker.check(view[head + 19 : body - 1])
            except properties.BadProperties:
                break
            last = checker.last
            last_size = len(last)
            # Costs nothing where properties repeat: then they are persistent, or not, as before.
            if contents and (flags ^ last_flags) & _PERSISTENT:
                break
        if size:
            if body + 7 > end:
                break
            # Driven by the frame's 32-bit size; the header's 64-bit one is only compared.
            if cython.compiled:
                if view[body] != 3 or (view[body + 1] << 8 | view[body + 2]) != channel or _u32(view, body + 3) != size:
                    break
            else:
                mark, body_size = unpack_body_head(data, body)
                if mark != body_mark or body_size != size:
                    break
            if size > payload_max:
                break
            body += 8 + size
            if body > end or view[body - 1] != 0xCE:
                break
        flags |= last_flags
        contents.append(view[head:body])
        left -= 1
        pos = body
    if not contents:
        return None
    return PublishRun(channel, method[11:-1], contents, flags, pos)


class SettlementRun:
    """Acks, nacks or rejects with one and the same meaning, one after the other: their tags, in the order they came."""

    __slots__ = ("channel", "method", "multiple", "requeue", "stop", "tags")

    def __init__(self, channel: int, method: int, bits: int, tags: list[int], stop: int) -> None:
        self.channel = channel
        self.method = method
        self.tags = tags
        self.multiple = bool(bits & 1) and method != REJECT_METHOD
        self.requeue = bool(bits & 1 if method == REJECT_METHOD else bits & 2) and method != ACK_METHOD
        self.stop = stop


def read_settlement_run(data: bytes, start: cython.Py_ssize_t) -> SettlementRun | None:
    """All whole ack, nack or reject frames from ``start`` on that differ in nothing but their tag, 512 at most. None if
    there is none.
    """
    count: cython.Py_ssize_t = min((len(data) - start) // SETTLEMENT_FRAME_BYTES, _SETTLEMENTS_MAX)
    method = _SETTLEMENTS.get(data[start + 7 : start + 11])
    if count <= 0 or method is None or data[start + 3 : start + 7] != b"\x00\x00\x00\x0d":
        return None
    first, _, first_bits, _ = _SETTLEMENT.unpack_from(data, start)
    tags: list[int]
    if cython.compiled:
        tags = _read_tags(data, start, count)
    else:
        tags = []
        frames = memoryview(data)[start : start + count * SETTLEMENT_FRAME_BYTES]
        for head, tag, bits, mark in _SETTLEMENT.iter_unpack(frames):
            if head != first or bits != first_bits or mark != 0xCE:
                break
            tags.append(tag)
    if not tags:
        return None
    stop = start + len(tags) * SETTLEMENT_FRAME_BYTES
    return SettlementRun(first[1] << 8 | first[2], method, first_bits, tags, stop)


@cython.cfunc
def _read_tags(data: bytes, start: cython.Py_ssize_t, count: cython.Py_ssize_t) -> list[int]:
    """The tags of the settlements that are like the first one; there are ``count`` of their size."""
    view: cython.p_const_uchar = data
    like = data[start : start + 11]
    bits: cython.uchar = view[start + 19]
    tag: cython.ulonglong
    tags: list[int] = []
    pos: cython.Py_ssize_t = start
    while count and data.startswith(like, pos) and view[pos + 19] == bits and view[pos + 20] == 0xCE:
        tag = _u32(view, pos + 11)
        tags.append(tag << 32 | _u32(view, pos + 15))
        pos += 21
        count -= 1
    return tags


def short_string(value: str) -> bytes:
    """A short string as it stands on the wire. ``value`` has at most 255 bytes of UTF-8."""
    raw = value.encode()
    return bytes((len(raw),)) + raw


def route_size(data: bytes) -> int:
    """The size of the route that ``data`` begins with: exchange and routing key, as they stand on the wire."""
    key_at = 1 + data[0]
    return key_at + 1 + data[key_at]


def route_names(route: bytes) -> tuple[str, str]:
    """The exchange and the routing key of a route in wire form."""
    key_at = 1 + route[0]
    return route[1:key_at].decode(errors="replace"), route[key_at + 1 :].decode(errors="replace")


def deliver_prefix(channel: int, consumer_tag: bytes, route: bytes) -> bytes:
    """A deliver frame up to its delivery tag. ``consumer_tag`` and ``route`` are in wire form."""
    return _METHOD_HEAD.pack(1, channel, 4 + len(consumer_tag) + 9 + len(route), 0x003C003C) + consumer_tag


def deliver_suffix(redelivered: bool, route: bytes) -> bytes:
    """A deliver frame behind its delivery tag."""
    return b"%c%b\xce" % (redelivered, route)


def get_ok(channel: int, tag: int, redelivered: bool, route: bytes, message_count: int) -> bytes:
    """A whole get-ok frame. ``message_count`` is what is left and ready in the queue."""
    head = _METHOD_HEAD.pack(1, channel, 4 + 9 + len(route) + 4, 0x003C0047)
    return b"%b%b%c%b%b\xce" % (head, pack_tag(tag), redelivered, route, message_count.to_bytes(4, "big"))


def basic_return(channel: int, code: int, text: bytes, route: bytes) -> bytes:
    """A whole return frame; the content goes behind it. ``text`` is a short string in wire form."""
    head = _METHOD_HEAD.pack(1, channel, 4 + 2 + len(text) + len(route), 0x003C0032)
    return b"%b%b%b%b\xce" % (head, code.to_bytes(2, "big"), text, route)


def ack(channel: int, tag: int, multiple: bool) -> bytes:
    """A whole ack frame: a publisher's confirm."""
    return _ACK_HEAD.pack(1, channel, 13, b"\x00\x3c\x00\x50", tag, multiple, 0xCE)


def nack(channel: int, tag: int, multiple: bool) -> bytes:
    """A whole nack frame: a publish that was refused. As in RabbitMQ it says requeue, which means nothing here."""
    return _ACK_HEAD.pack(1, channel, 13, b"\x00\x3c\x00\x78", tag, 2 | multiple, 0xCE)
