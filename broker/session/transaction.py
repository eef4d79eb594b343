"""Transaction: what a channel in tx mode published and settled, held until commit or rollback.

Source: AMQP 0-9-1, class tx; as in RabbitMQ, messages are routed when they are published and atomic only per queue.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from broker.message import Message
from broker.queues.gauge import MemoryGauge
from broker.queues.holding import MESSAGE_OVERHEAD_BYTES
from broker.session.publisher import Direct, Queues
from broker.session.unsettled import Delivery
from broker.store.committing import Logged
from protocol.amqp.errors import channel_error, precondition_failed

if TYPE_CHECKING:
    from broker.turn import Turn

# What to do with deliveries when the transaction commits.
Settle = Callable[[Iterable[Delivery], "Turn"], None]


class Transaction:
    """Starts again by itself after commit and rollback. What it holds counts in ``gauge`` like what a queue holds.

    ``committing``: the client was not told yet that all is done, and may not go on meanwhile.
    """

    __slots__ = ("_direct", "_gauge", "_held_bytes", "_publishes", "_returns", "_settlements", "_taken", "committing")

    def __init__(self, direct: Direct, gauge: MemoryGauge) -> None:
        self._direct = direct
        self._gauge = gauge
        self._held_bytes = 0
        self._returns: list[bytes] = []
        self._publishes: list[tuple[list[Message], Queues, int, bool]] = []
        self._settlements: list[tuple[Settle, dict[int, Delivery]]] = []
        self._taken: dict[int, Delivery] = {}
        self.committing = False

    def open(self) -> "Transaction":
        """Itself. Raises HardError 504 where a commit is under way (rabbit_channel:handle_method/3)."""
        if self.committing:
            raise channel_error("unexpected command while processing 'tx.commit'")
        return self

    def deliver(
        self,
        messages: list[Message],
        queues: Queues,
        size_bytes: int,
        turn: "Turn",  # noqa: ARG002
        *,
        persistent: bool,
    ) -> Iterable[Logged]:
        """Hold publishes back."""
        self._publishes.append((messages, queues, size_bytes, persistent))
        self._hold(size_bytes + len(messages) * MESSAGE_OVERHEAD_BYTES)
        return ()

    def give_back(self, frames: bytes) -> None:
        """Hold a return back."""
        self._returns.append(frames)
        self._hold(len(frames))

    def _hold(self, size_bytes: int) -> None:
        self._held_bytes += size_bytes
        self._gauge.bytes += size_bytes

    def settle(self, settle: Settle, deliveries: dict[int, Delivery]) -> None:
        """Hold settlements back. ``deliveries`` by tag. Neighbours of one kind are one, as in RabbitMQ."""
        if self._settlements and self._settlements[-1][0] is settle:
            self._settlements[-1][1].update(deliveries)
        else:
            self._settlements.append((settle, dict(deliveries)))
        self._taken.update(deliveries)

    def commit(self, turn: "Turn") -> set[Logged]:
        """Publish, then settle. Returns the logs that must have it all before the client is told. ``committing`` holds
        from here on if a queue was published to.

        Raises SoftError 406, when all else is done, if a queue was deleted meanwhile or would not have a message.
        """
        publishes, returns, settlements = self._publishes, self._returns, self._settlements
        self._forget()
        lost = False
        logs: set[Logged] = set()
        for frames in returns:
            self._direct.give_back(frames)
        for messages, queues, size_bytes, persistent in publishes:
            living = tuple(queue for queue in queues if not queue.deleted)
            lost = lost or len(living) < len(queues)
            self.committing = self.committing or bool(living)
            logs.update(self._direct.deliver(messages, living, size_bytes, turn, persistent=persistent))
        lost = lost or bool(turn.refused)
        turn.refused.clear()
        for settle, deliveries in settlements:
            # Rejected in any order, they die in the order in which they were delivered.
            settle([deliveries[tag] for tag in sorted(deliveries)], turn)
        if lost:
            # What was published is delivered before the channel goes, to its own consumers, too.
            turn.catch_up()
            raise precondition_failed("partial tx completion")
        return logs

    def rollback(self) -> dict[int, Delivery]:
        """Forget the publishes; the deliveries that are outstanding again, by tag."""
        taken = self._taken
        self._forget()
        return taken

    def _forget(self) -> None:
        self._hold(-self._held_bytes)
        self._publishes = []
        self._returns = []
        self._settlements = []
        self._taken = {}
