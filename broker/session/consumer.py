"""Consumer: one basic.consume. Takes messages from its queue, within its limits, and writes the deliveries.

This is the hot half of delivering: per message one tuple, one pack and, where it must be acked, one entry in Unsettled.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from broker.message import Message
from broker.queues.classic import ClassicQueue
from broker.session.reply_to import KIND as REPLY_TO
from broker.session.subscription import UNLIMITED, Subscription
from broker.session.unsettled import Delivery
from protocol.amqp import basic
from protocol.amqp.content import readdress

try:
    import cython
except ImportError:
    from protocol.native import cythonless as cython  # type: ignore[no-redef]

if cython.compiled:
    from cython.cimports.cpython.bytes import PyBytes_FromStringAndSize  # type: ignore[import-untyped]
    from cython.cimports.libc.string import memcpy  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from broker.turn import Turn

# Routing keys whose frame heads a consumer remembers, at some 350 bytes each; to make them anew takes 1 us.
_FRAME_PARTS_MAX = 256


class Consumer(Subscription):
    """See ``queues.subscribers.Subscriber``."""

    __slots__ = (
        "_content_mark",
        "_frame_max",
        "_last_parts",
        "_last_route",
        "_number",
        "_parts",
        "_tag_wire",
        "exclusive",
        "lane",
        "no_ack",
        "priority",
    )

    def __init__(
        self,
        tag: str,
        queue: ClassicQueue,
        *,
        channel: int,
        frame_max: int,
        no_ack: bool,
        exclusive: bool,
        **settings: Any,
    ) -> None:
        """``settings`` are Subscription's."""
        super().__init__(tag, queue, **settings)
        self.no_ack = no_ack
        self.exclusive = exclusive
        self.priority: int = self.arguments.get("x-priority", 0)
        self.lane: object = self._unsettled
        self._number = channel
        self._frame_max = frame_max
        self._tag_wire = basic.short_string(tag)
        self._content_mark = b"\x02" + channel.to_bytes(2, "big")
        self._parts: dict[bytes, tuple[bytes, bytes]] = {}
        self._last_route = b""
        self._last_parts = (b"", b"")

    @property
    def shares_room(self) -> bool:
        return self.shared.prefetch > 0 and not self.no_ack

    @property
    def outstanding(self) -> int:
        return self.limit.outstanding

    def room(self) -> int:
        if self.outbox.full:
            return 0
        shared = self.shared.room()
        if self.no_ack:
            # As in RabbitMQ: what it gets counts against no limit, but it has to wait with its channel.
            return UNLIMITED if shared > 0 else 0
        return min(self.limit.room(), shared)

    def deliver(self, messages: list[Message], sequence: int, step: int, redelivered: bool) -> None:
        """Write deliveries; see ``queues.subscribers.Subscriber``."""
        unsettled = self._unsettled
        first: cython.ulonglong = unsettled.next_tag
        unsettled.next_tag = first + len(messages)
        self.last_tag = unsettled.next_tag - 1
        self.outbox.append(self._written(messages, first, redelivered))
        if self.tap.vhost.firehose is not None and self.queue.kind != REPLY_TO:
            self.tap.delivered(self.queue.name, messages, redelivered=redelivered)
        if not self.no_ack:
            _hold(unsettled.by_tag, self, messages, first, sequence, step)
            self.limit.outstanding += len(messages)
            self.shared.outstanding += len(messages)
            if self.timed is not None:
                self.timed(first)

    def _written(self, messages: list[Message], tag: cython.ulonglong, redelivered: bool) -> bytes:
        """The deliveries of messages, under ascending tags."""
        pieces: list[bytes] = []
        pack, frame_max = basic.pack_tag, self._frame_max
        mark: bytes = self._content_mark
        # Of redelivered ones the parts are made anew.
        last_route: bytes = b"" if redelivered else self._last_route
        prefix: bytes
        suffix: bytes
        prefix, suffix = self._last_parts
        message: Message
        content: bytes
        for message in messages:
            if message.route is not last_route:
                last_route = message.route
                prefix, suffix = self._frame_parts(last_route, redelivered)
            content = message.content
            if not content.startswith(mark) or len(content) > frame_max:
                content = readdress(content, self._number, frame_max)
            if cython.compiled:
                pieces.append(prefix)
                pieces.append(suffix)
                pieces.append(content)
            else:
                pieces += (prefix, pack(tag), suffix, content)
                tag += 1
        if not redelivered:
            self._last_route = last_route
            self._last_parts = (prefix, suffix)
        return _joined(pieces, tag) if cython.compiled else b"".join(pieces)

    def _frame_parts(self, route: bytes, redelivered: bool) -> tuple[bytes, bytes]:
        """A deliver frame before and behind its tag."""
        if redelivered:
            return basic.deliver_prefix(self._number, self._tag_wire, route), basic.deliver_suffix(True, route)
        parts = self._parts.get(route)
        if parts is None:
            if len(self._parts) >= _FRAME_PARTS_MAX:
                self._parts.clear()
            parts = basic.deliver_prefix(self._number, self._tag_wire, route), basic.deliver_suffix(False, route)
            self._parts[route] = parts
        return parts

    def settled(self, count: int, turn: "Turn") -> None:
        """Deliveries were settled, so there is room again. Room that is shared the channel offers to all."""
        self.limit.outstanding -= count
        self.shared.outstanding -= count
        if not self.shared.prefetch:
            self.queue.reconsider(self, turn)


@cython.cfunc
def _joined(pieces: list[bytes], tag: cython.ulonglong) -> bytes:
    """Of each delivery there is what goes before its tag, behind it, and the content: all of them, with the tags.

    Written into one object of the right size: 36 ns a delivery where packing each tag and joining the pieces takes 240.
    """
    piece: bytes
    size: cython.Py_ssize_t = len(pieces) // 3 * 8
    for piece in pieces:
        size += len(piece)
    joined: bytes = PyBytes_FromStringAndSize(cython.NULL, size)
    to: cython.p_uchar = joined
    place: cython.Py_ssize_t
    byte: cython.Py_ssize_t
    for place, piece in enumerate(pieces):
        if place % 3 == 1:
            for byte in range(8):
                to[byte] = tag >> (56 - 8 * byte) & 0xFF
            to += 8
            tag += 1
        memcpy(to, cython.cast(cython.p_uchar, piece), len(piece))
        to += len(piece)
    return joined


@cython.cfunc
def _hold(
    by_tag: dict[int, Delivery],
    holder: "Consumer",
    messages: list[Message],
    tag: cython.ulonglong,
    sequence: cython.ulonglong,
    step: cython.ulonglong,
) -> None:
    """Put deliveries under their tags."""
    for message in messages:
        by_tag[tag] = (holder, sequence, message)
        sequence += step
        tag += 1


class Getter:
    """Stands in Unsettled for the consumer that a basic.get does not have; counts against no limit."""

    __slots__ = ("queue",)

    arguments: Mapping[str, Any] = MappingProxyType({})

    def __init__(self, queue: ClassicQueue) -> None:
        self.queue = queue

    def settled(self, count: int, turn: "Turn") -> None:
        pass
