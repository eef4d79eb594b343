"""Dead letters: why a message leaves a queue without being acked, and who takes it in then."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol

from broker.message import Message

if TYPE_CHECKING:
    from broker.turn import Turn

REJECTED: Final = "rejected"
EXPIRED: Final = "expired"
MAXLEN: Final = "maxlen"
DELIVERY_LIMIT: Final = "delivery_limit"

# The number of a message that its queue never took.
NO_PLACE: Final = -1


class Death:
    """Messages that leave ``queue``, each with its number there, for one reason."""

    __slots__ = ("entries", "queue", "reason")

    def __init__(self, queue: Any, entries: "Sequence[tuple[int, Message]]", reason: str) -> None:
        self.queue = queue
        self.entries = entries
        self.reason = reason


class DeadLetters(Protocol):
    """Where a queue's dead letters go."""

    def bury(self, death: Death, turn: "Turn") -> int:
        """Publish them to the queue's dead letter exchange, and settle them there. What it cost, in messages."""
