"""QueueFactory: makes the queues of one virtual host, of each kind, new ones and restored ones."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from broker.dead_letters import DeadLettering
from broker.delayed import DelayedDelivery
from broker.profile import Profile
from broker.queues import Queue
from broker.queues.arguments import QUORUM, STREAM, queue_type
from broker.queues.classic import ClassicQueue
from broker.queues.delay import DelayQueue
from broker.queues.gauge import MemoryGauge
from broker.queues.quorum import QuorumQueue
from broker.queues.stream import StreamQueue, segment_bytes
from broker.store.committing import Logged
from broker.store.definition_state import QueueDefinition
from broker.store.queue_log import QueueLog
from broker.store.store import Store
from broker.vhost import VirtualHost

if TYPE_CHECKING:
    from broker.turn import Turn


class QueueFactory:
    """``tell`` is given each log that was opened, for what opening it found. ``serve`` must be called once."""

    __slots__ = ("_dead_letters", "_delayed", "_gauge", "_profile", "_store", "_tell", "_vhost")

    def __init__(self, store: Store, gauge: MemoryGauge, profile: Profile, *, tell: Callable[[Logged], None]) -> None:
        self._store = store
        self._gauge = gauge
        self._profile = profile
        self._tell = tell

    def serve(self, vhost: VirtualHost[Queue]) -> None:
        """Whose queues these are."""
        self._vhost = vhost
        self._delayed = DelayedDelivery(vhost)
        self._dead_letters = DeadLettering(vhost, continues_published=self._profile.continues_published_x_death)

    def make(
        self,
        name: str,
        durable: bool,
        auto_delete: bool,
        exclusive_owner: object | None,
        arguments: dict[str, Any],
        effective: Mapping[str, Any],
    ) -> Queue:
        """A new queue of the kind that its arguments ask for. Raises what ``Store.queue_log`` raises."""
        log_id = self._store.next_log_id() if durable else 0
        if queue_type(arguments) == STREAM:
            return self._stream(name, arguments, effective, log_id)
        return self._classic(
            name,
            arguments,
            effective,
            log_id,
            durable=durable,
            auto_delete=auto_delete,
            exclusive_owner=exclusive_owner,
            open_log=self._opener(log_id) if durable and self._store.definitions is not None else None,
        )

    def restore(self, definition: QueueDefinition, effective: Mapping[str, Any]) -> Queue:
        """A queue that was there before a restart, with its messages. Raises what ``Store.queue_log`` raises."""
        log_id = definition.log_id
        if queue_type(definition.arguments) == STREAM:
            return self._stream(definition.name, definition.arguments, effective, log_id)
        log = self._store.queue_log(log_id) if self._store.has_log(log_id) else None
        if log is not None:
            self._tell(log)
        return self._classic(
            definition.name,
            definition.arguments,
            effective,
            log_id,
            durable=True,
            auto_delete=definition.auto_delete,
            exclusive_owner=None,
            open_log=self._opener(log_id),
            log=log,
        )

    def make_delay_queue(self, exchange: str, durable: bool, log_id: int) -> DelayQueue:
        """What a delayed exchange holds messages back in; a restored one if there is a log id.

        Raises what ``Store.queue_log`` raises.
        """
        deliver = self._delayed.deliver
        if not durable:
            return DelayQueue(exchange, deliver=deliver, gauge=self._gauge)
        log = self._store.queue_log(log_id) if log_id and self._store.has_log(log_id) else None
        if log is not None:
            self._tell(log)
        log_id = log_id or self._store.next_log_id()
        open_log = self._opener(log_id) if self._store.definitions is not None else None
        return DelayQueue(exchange, deliver=deliver, gauge=self._gauge, log_id=log_id, open_log=open_log, log=log)

    def _classic(
        self, name: str, arguments: dict[str, Any], effective: Mapping[str, Any], log_id: int, **settings: Any
    ) -> ClassicQueue:
        settings |= {
            "arguments": arguments,
            "effective": effective,
            "log_id": log_id,
            "gauge": self._gauge,
            "dead_letters": self._dead_letters,
            "on_idle": self._idle,
        }
        if queue_type(arguments) == QUORUM:
            profile = self._profile
            return QuorumQueue(
                name,
                delivery_limit=profile.delivery_limit,
                tells_acquired=profile.tells_acquired,
                priorities=profile.quorum_priorities,
                **settings,
            )
        return ClassicQueue(name, **settings)

    def _stream(self, name: str, arguments: dict[str, Any], effective: Mapping[str, Any], log_id: int) -> StreamQueue:
        log = self._store.stream_log(log_id, segment_bytes(effective))
        self._tell(log)
        gauge = self._gauge if self._store.in_memory else None
        return StreamQueue(name, arguments=arguments, effective=effective, log_id=log_id, log=log, gauge=gauge)

    def _opener(self, log_id: int) -> Callable[[], QueueLog]:
        return lambda: self._store.queue_log(log_id)

    def _idle(self, queue: ClassicQueue, turn: "Turn") -> None:
        """Nobody used it for as long as it may be unused."""
        self._vhost.delete_queue(queue, turn)
