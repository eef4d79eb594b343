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
from protocol.amqp import basic
from protocol.amqp.content import readdress

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
        tag = unsettled.next_tag
        pieces: list[bytes] = []
        pack, mark, frame_max = basic.pack_tag, self._content_mark, self._frame_max
        by_tag = None if self.no_ack else unsettled.by_tag
        # Of redelivered ones the parts are made anew.
        last_route = b"" if redelivered else self._last_route
        prefix, suffix = self._last_parts
        for message in messages:
            if message.route is not last_route:
                last_route = message.route
                prefix, suffix = self._frame_parts(last_route, redelivered)
            content = message.content
            if not content.startswith(mark) or len(content) > frame_max:
                content = readdress(content, self._number, frame_max)
            pieces += (prefix, pack(tag), suffix, content)
            if by_tag is not None:
                by_tag[tag] = (self, sequence, message)
                sequence += step
            tag += 1
        if not redelivered:
            self._last_route = last_route
            self._last_parts = (prefix, suffix)
        unsettled.next_tag = tag
        self.last_tag = tag - 1
        self.outbox.append(b"".join(pieces))
        if self.tap.vhost.firehose is not None and self.queue.kind != REPLY_TO:
            self.tap.delivered(self.queue.name, messages, redelivered=redelivered)
        if by_tag is not None:
            self.limit.outstanding += len(messages)
            self.shared.outstanding += len(messages)
            if self.timed is not None:
                self.timed(tag - len(messages))

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


class Getter:
    """Stands in Unsettled for the consumer that a basic.get does not have; counts against no limit."""

    __slots__ = ("queue",)

    arguments: Mapping[str, Any] = MappingProxyType({})

    def __init__(self, queue: ClassicQueue) -> None:
        self.queue = queue

    def settled(self, count: int, turn: "Turn") -> None:
        pass
