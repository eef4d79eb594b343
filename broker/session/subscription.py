"""Subscription: what every consumer is, whatever its queue's kind: its tag, its limits, how it comes and goes."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from broker.session.outbox import Outbox
from broker.session.tap import Tap
from broker.session.unsettled import Unsettled

if TYPE_CHECKING:
    from broker.turn import Turn

# "As many as there are": no outbox takes more in one go.
UNLIMITED = 1 << 30


class Limit:
    """A prefetch limit, and how many deliveries count against it; 0 means none. A channel's is shared by its
    consumers. ``most`` holds beside it, whatever the client says.
    """

    __slots__ = ("most", "outstanding", "prefetch", "was_full")

    def __init__(self, prefetch: int, most: int = UNLIMITED) -> None:
        self.prefetch = prefetch
        self.most = most
        self.outstanding = 0
        # Whether somebody was refused for ``most``; whoever offers the room again takes it back.
        self.was_full = False

    def room(self) -> int:
        room = self.most - self.outstanding
        if room <= 0:
            self.was_full = True
        return min(room, self.prefetch - self.outstanding) if self.prefetch else room


class Subscription:
    """One basic.consume. ``limit`` is its own prefetch, ``shared`` the channel's (basic.qos global=true).

    ``last_tag`` is the delivery tag it was given last. ``timed`` is called with the first tag of each batch, where
    deliveries must be acked in time.
    """

    __slots__ = (
        "_on_queue_gone",
        "_unsettled",
        "arguments",
        "last_tag",
        "limit",
        "outbox",
        "queue",
        "shared",
        "tag",
        "tap",
        "timed",
    )

    def __init__(
        self,
        tag: str,
        queue: Any,
        *,
        prefetch: int,
        shared: Limit,
        arguments: dict[str, Any],
        unsettled: Unsettled,
        outbox: Outbox,
        on_queue_gone: "Callable[[Any, Turn], None]",
        tap: Tap,
    ) -> None:
        self.tap = tap
        self.tag = tag
        self.queue = queue
        self.arguments = arguments
        self.limit = Limit(prefetch)
        self.shared = shared
        self.outbox = outbox
        self.last_tag = 0
        self.timed: Callable[[int], None] | None = None
        self._unsettled = unsettled
        self._on_queue_gone = on_queue_gone

    def leave(self, turn: "Turn") -> None:
        """Take no more from the queue."""
        self.queue.unsubscribe(self, turn)

    def look_again(self, turn: "Turn") -> None:
        """There may be room."""
        self.queue.reconsider(self, turn)

    def queue_gone(self, turn: "Turn") -> None:
        """The queue was deleted."""
        self._on_queue_gone(self, turn)
