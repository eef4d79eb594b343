"""Dead letters: why a message leaves a queue without being acked, and who takes it in then."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol

from broker.message import Message

if TYPE_CHECKING:
    from broker.store.committing import Logged
    from broker.turn import Turn

REJECTED: Final = "rejected"
EXPIRED: Final = "expired"
MAXLEN: Final = "maxlen"
DELIVERY_LIMIT: Final = "delivery_limit"

# The number of a message that its queue never took.
NO_PLACE: Final = -1


class Death:
    """Messages that leave ``queue``, each with its number there, for one reason.

    ``reached`` names the queues that have their letters already, and ``logs`` are to have them safe there.
    """

    __slots__ = ("entries", "logs", "queue", "reached", "reason")

    def __init__(
        self,
        queue: Any,
        entries: "Sequence[tuple[int, Message]]",
        reason: str,
        reached: frozenset[str] = frozenset(),
        logs: "frozenset[Logged]" = frozenset(),
    ) -> None:
        self.queue = queue
        self.entries = entries
        self.reason = reason
        self.reached = reached
        self.logs = logs


class DeadLetters(Protocol):
    """Where a queue's dead letters go."""

    def bury(self, death: Death, turn: "Turn") -> int:
        """Publish them to the queue's dead letter exchange, and settle them there. What it cost, in messages."""
