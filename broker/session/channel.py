"""Channel: one channel's state, and what the methods of classes basic, confirm, tx and channel do to it.

Class exchange and queue are in ``topology``; what is legal when is in ``protocol.amqp.channels``.
"""

import base64
from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from broker.access import READ
from broker.queues import Queue
from broker.queues.arguments import QUORUM
from broker.queues.bloom import wanted
from broker.queues.offset_argument import offset_spec
from broker.queues.stream import StreamQueue
from broker.session import overdue, topology
from broker.session.ack_timer import AckTimer
from broker.session.confirms import Confirms
from broker.session.consumer import Consumer, Getter
from broker.session.permits import Permits
from broker.session.publisher import Direct, Outlet, Publisher
from broker.session.reply_to import PSEUDO_QUEUE, ReplyQueue, check_consume
from broker.session.settling import discard, give_back, recall, requeue, settle
from broker.session.stream_consumer import StreamConsumer
from broker.session.subscription import UNLIMITED, Limit, Subscription
from broker.session.tap import Tap
from broker.session.transaction import Settle, Transaction
from broker.session.unsettled import Delivery, Unsettled
from broker.store.committing import Logged
from broker.store.promise import Awaited
from broker.turn import WARNING
from broker.vhost import VirtualHost
from protocol.amqp import basic, methods
from protocol.amqp.content import readdress
from protocol.amqp.errors import (
    SoftError,
    access_refused,
    command_invalid,
    not_allowed,
    not_implemented,
    precondition_failed,
    resource_locked,
)
from protocol.amqp.methods import Access, Basic, Confirm, Method, Tx

if TYPE_CHECKING:
    from broker.session.session import Session
    from broker.turn import Turn

_TAG_RANDOM_BYTES = 16
# Deliveries that one ack, nack or reject for many settles in one turn: 5 to 10 ms. (A million at once: 0.7 s.)
_SETTLED_AT_ONCE = 16_384


class Channel:
    """``owner`` is the session; exclusive queues belong to it."""

    def __init__(self, number: int, owner: "Session", vhost: VirtualHost[Queue], frame_max: int) -> None:
        self.number = number
        self.owner = owner
        self.vhost = vhost
        self.last_queue = ""
        self.consumers: dict[str, Subscription] = {}
        self.unsettled = Unsettled()
        # Every consumer counts its deliveries here, whether there is a limit or not: one may be set at any time.
        self.shared = Limit(0, owner.node.unacked_max or UNLIMITED)
        self._frame_max = frame_max
        self._prefetch = 0
        self._first = 0
        self._closed = False
        self.ack_timer: AckTimer | None = None
        self._replies: ReplyQueue | None = None
        self._confirms: Confirms | None = None
        self._transaction: Transaction | None = None
        self._tap = Tap(vhost, owner.connection_name, number, owner.user)
        self.permits = Permits(
            owner.node.access,
            owner.user,
            vhost.name,
            impersonates=owner.impersonates,
            profile=owner.node.profile,
        )
        self._publisher = Publisher(vhost, self.permits, channel=number, frame_max=frame_max, tap=self._tap)
        self._direct = Direct(owner.outbox.append)

    # -- hot path ------------------------------------------------------------------------------------------------------

    def publish(self, run: basic.PublishRun, turn: "Turn") -> None:
        """A run of publishes. Raises SoftError, HardError."""
        if self.permits.used_at != turn.peer_now:
            self.permits.use(turn.peer_now)
        outlet: Outlet = self._direct if self._transaction is None else self._transaction.open()
        logs = self._publisher.publish(run, outlet, turn)
        if self._confirms is not None:
            refused = self._publisher.refused
            if refused:
                self._tell_refused(self._confirms, len(run.contents), refused, logs)
            else:
                self._confirms.published(len(run.contents), logs)
            for log in logs:
                log.waiters[self._committed] = None
            turn.flush(self._confirm)

    def _tell_refused(self, confirms: Confirms, count: int, refused: list[int], logs: list[Logged]) -> None:
        """Of a run of ``count`` publishes these were refused."""
        taken = 0
        for place in refused:
            if place > taken:
                confirms.published(place - taken, logs)
            confirms.refused(1)
            taken = place + 1
        if count > taken:
            confirms.published(count - taken, logs)

    def settlement(self, run: basic.SettlementRun, turn: "Turn") -> bool:
        """A run of acks, nacks or rejects. Raises SoftError 406; those before the wrong one have been settled then.

        True if there is more of it to be done, in a later turn, before anything else that the client says.
        """
        act = self._act_of(run)
        unsettled = self.unsettled
        if self._transaction is None and not run.multiple:
            taken: list[Delivery] = []
            try:
                # What was taken before a wrong tag must not be lost.
                unsettled.take_each(run.tags, taken)
            finally:
                act(taken, turn)
        elif self._transaction is None:
            for place, tag in enumerate(run.tags):
                if not tag and not unsettled.by_tag:
                    # Of none: 512 of these took 0.7 ms.
                    continue
                # All there are: those that are delivered before the last of them is settled are not meant.
                last = tag or max(unsettled.by_tag, default=0)
                act(unsettled.take_some_through(last, _SETTLED_AT_ONCE), turn)
                if last in unsettled.by_tag:
                    run.tags = [last, *run.tags[place + 1 :]]
                    return True
        else:
            transaction = self._transaction.open()
            for tag in run.tags:
                deliveries = unsettled.take_through(tag) if run.multiple else {tag: unsettled.take(tag)}
                transaction.settle(act, deliveries)
        self._shared_room(turn)
        return False

    def _act_of(self, run: basic.SettlementRun) -> Settle:
        if run.method == basic.ACK_METHOD:
            return settle
        if not run.requeue:
            return discard
        counts = run.method == basic.REJECT_METHOD or self.owner.node.profile.nack_counts
        return requeue if counts else give_back

    def _confirm(self, turn: "Turn") -> None:  # noqa: ARG002
        if self._confirms is not None:
            self._confirms.flush()

    def _committed(self, turn: "Turn") -> None:  # noqa: ARG002
        """A log that publishes went to is safe up to a point."""
        if self._confirms is not None and not self._closed:
            self._confirms.look(self._committed)

    def _shared_room(self, turn: "Turn") -> None:
        """Deliveries were settled: consumers of other queues may have room, too."""
        if self.shared.prefetch or self.shared.was_full:
            self.shared.was_full = False
            self.reconsider(turn)

    # -- other methods -------------------------------------------------------------------------------------------------

    def handle(self, method: Method, turn: "Turn") -> None:
        """Any other method; its reply is written. Raises SoftError, HardError."""
        if self._transaction is not None:
            self._transaction.open()
        turn.catch_up()
        self.permits.use(turn.peer_now)
        reply = _HANDLERS.get(type(method), Channel.refuse_method)(self, method, turn)
        if reply is not None:
            self.send(reply)

    def change_topology(self, method: Method, turn: "Turn") -> Method | None:
        """See ``topology.handle``."""
        self.vhost.act_as(self.owner.user, self.permits)
        try:
            return topology.handle(self, method, turn)
        finally:
            self.vhost.act_as_nobody()

    def send(self, method: Method) -> None:
        self.owner.connection.send(self.number, method)

    def qos(self, method: Basic.Qos, turn: "Turn") -> Method:
        if method.prefetch_size:
            raise not_implemented(f"prefetch_size!=0 ({method.prefetch_size})")
        if method.global_ and self.owner.node.profile.global_qos:
            self.shared.prefetch = method.prefetch_count
        else:
            # As in RabbitMQ: it counts for consumers to come, and lifts the channel's own limit.
            self._prefetch = method.prefetch_count
            self.shared.prefetch = 0
        self.reconsider(turn)
        return Basic.QosOk()

    def consume(self, method: Basic.Consume, turn: "Turn") -> None:
        # The queue's name is looked for before the tag, the queue itself after it.
        name = topology.resolve_queue_name(self, method.queue)
        tag = method.consumer_tag
        if tag in self.consumers or (self._replies is not None and self._replies.tag == tag):
            raise not_allowed(f"attempt to reuse consumer tag '{tag}'")
        most = self.owner.node.consumers_max
        if most and len(self.consumers) >= most:
            raise not_allowed(f"reached maximum ({most}) of consumers per channel")
        if method.queue == PSEUDO_QUEUE:
            self._consume_replies(method)
            return
        queue = self._readable(name)
        arguments = method.arguments or {}
        self.vhost.check_consumer(queue, arguments)
        if isinstance(queue, StreamQueue):
            self._consume_stream(method, queue, turn)
            return
        if queue.heeds_exclusive and (
            queue.has_exclusive_consumer
            or (method.exclusive and (queue.consumer_count or queue.settings.single_active))
        ):
            raise access_refused(f"{self.vhost.describe_queue(queue.name)} in exclusive use")
        consumer = self._make_consumer(method, queue)
        if queue.kind == QUORUM:
            self._limit_by_itself(consumer)
        self._add_consumer(consumer, method)
        queue.subscribe(consumer, turn)

    def _limit_by_itself(self, consumer: Consumer) -> None:
        """Quorum queues know no limit of a channel: one that is set refuses them, and one that comes later is not
        theirs. Who asks for no limit has one all the same.
        """
        if self.shared.prefetch:
            raise not_implemented(f"{self.vhost.describe_queue(consumer.queue.name)} does not support global qos")
        consumer.shared = Limit(0)
        consumer.limit.prefetch = consumer.limit.prefetch or consumer.queue.prefetch_usual

    def _add_consumer(self, consumer: Subscription, method: Basic.Consume) -> None:
        self.consumers[consumer.tag] = consumer
        overdue.watch(self, consumer)
        if not method.nowait:
            # Before the queue is asked, which may deliver: a client must know the tag first.
            self.send(Basic.ConsumeOk(consumer.tag))
        if self.owner.node.events.heard:
            self._tell_consumer(consumer, method)

    def _tell_consumer(self, consumer: Subscription, method: Basic.Consume) -> None:
        facts = {
            "consumer_tag": consumer.tag,
            "queue": consumer.queue.name,
            "ack_required": not method.no_ack,
            "exclusive": method.exclusive,
            "prefetch_count": consumer.limit.prefetch,
            "arguments": consumer.arguments,
        }
        self.owner.node.events.consumer_created(self.owner, self.number, self.vhost.name, facts)

    def _tell_consumer_gone(self, consumer: Subscription) -> None:
        events = self.owner.node.events
        events.consumer_deleted(self.owner, self.number, self.vhost.name, consumer.tag, consumer.queue.name)

    def _consume_stream(self, method: Basic.Consume, queue: StreamQueue, turn: "Turn") -> None:
        resource = self.vhost.describe_queue(queue.name)
        arguments = method.arguments or {}
        spec = offset_spec(resource, arguments, turn.wall_ms)
        if not self._prefetch:
            raise precondition_failed(f"consumer prefetch count is not set for stream {resource}")
        if method.no_ack:
            raise not_implemented(f"automatic acknowledgement not supported by stream {resource}")
        if self.shared.prefetch:
            raise not_implemented(f"{resource} does not support global qos")
        consumer = StreamConsumer(self._tag_of(method), queue, **self._settings_of(method))
        self._add_consumer(consumer, method)
        queue.attach(consumer, spec, wanted(arguments), turn)

    def _make_consumer(self, method: Basic.Consume, queue: Any) -> Consumer:
        return Consumer(
            self._tag_of(method),
            queue,
            no_ack=method.no_ack,
            exclusive=method.exclusive,
            **self._settings_of(method),
        )

    def _tag_of(self, method: Basic.Consume) -> str:
        return method.consumer_tag or self._unguessable("amq.ctag-")

    def _settings_of(self, method: Basic.Consume) -> dict[str, Any]:
        """What a consumer of any kind is given."""
        return {
            "channel": self.number,
            "frame_max": self._frame_max,
            "prefetch": self._prefetch,
            "shared": self.shared,
            "arguments": method.arguments or {},
            "unsettled": self.unsettled,
            "outbox": self.owner.outbox,
            "on_queue_gone": self._queue_gone,
            "tap": self._tap,
        }

    def _unguessable(self, prefix: str) -> str:
        random = self.owner.node.random_bytes(_TAG_RANDOM_BYTES)
        return prefix + base64.urlsafe_b64encode(random).rstrip(b"=").decode()

    def _consume_replies(self, method: Basic.Consume) -> None:
        check_consume(method.no_ack, already=self._replies is not None)
        queue = ReplyQueue(self._unguessable(PSEUDO_QUEUE + "."))
        queue.consumer = self._make_consumer(method, queue)
        self._replies = self.vhost.volatile_queues[queue.name] = queue
        self._publisher.reply_to = queue.name
        if not method.nowait:
            self.send(Basic.ConsumeOk(queue.consumer.tag))

    def _end_replies(self) -> None:
        if self._replies is not None:
            self._replies.consumer = None
            self.vhost.volatile_queue_gone(self._replies.name)
            self._replies = None
            self._publisher.reply_to = ""

    def cancel(self, method: Any, turn: "Turn") -> Method | None:
        self.drop_consumer(method.consumer_tag, turn)
        return None if method.nowait else Basic.CancelOk(method.consumer_tag)

    def cancel_ok(self, method: Any, turn: "Turn") -> None:
        if not self.owner.node.profile.takes_cancel_ok:
            self.refuse_method(method, turn)
        self.drop_consumer(method.consumer_tag, turn)

    def drop_consumer(self, tag: str, turn: "Turn") -> None:
        """End a consumer, if there is one of that tag."""
        if self._replies is not None and self._replies.tag == tag:
            self._end_replies()
        consumer = self.consumers.pop(tag, None)
        if consumer is not None:
            consumer.leave(turn)
            self._tell_consumer_gone(consumer)
            self.vhost.queue_unused(consumer.queue, turn)

    def look_at_permissions(self, turn: "Turn") -> None:
        """Forget what was allowed before; consumers that may not read their queues any more are cancelled."""
        self.permits.forget()
        for tag, consumer in list(self.consumers.items()):
            try:
                self.permits.queue(READ, consumer.queue.name)
            except SoftError:
                turn.notice(WARNING, f"{self.owner.name}: consumer '{tag}' of '{consumer.queue.name}' may not read on")
                self.drop_consumer(tag, turn)
                self._tell_soon_cancelled(tag, turn)

    def _queue_gone(self, consumer: Subscription, turn: "Turn") -> None:
        """Its queue was deleted: tell the client, if it can take it."""
        del self.consumers[consumer.tag]
        self._tell_consumer_gone(consumer)
        # Behind the reply to the delete, which may be this channel's own.
        self._tell_soon_cancelled(consumer.tag, turn)

    def _tell_soon_cancelled(self, tag: str, turn: "Turn") -> None:
        if self.owner.connection.capabilities.get("consumer_cancel_notify") is True:
            turn.flush(lambda _: self._tell_cancelled(tag))

    def _tell_cancelled(self, tag: str) -> None:
        # In the same turn the tag may have been given to a new consumer, which must not be taken for the old one.
        if not self._closed and tag not in self.consumers:
            self.send(Basic.Cancel(tag, nowait=True))

    def get(self, method: Basic.Get, turn: "Turn") -> Method | None:
        queue = self._readable(method.queue)
        if isinstance(queue, StreamQueue):
            raise not_implemented(f"basic.get not supported by stream queues {self.vhost.describe_queue(queue.name)}")
        if queue.kind == QUORUM and queue.settings.single_active:
            raise resource_locked(
                f"cannot obtain access to locked {self.vhost.describe_queue(queue.name)}. basic.get operations are not "
                "supported by quorum queues with single active consumer"
            )
        if not method.no_ack and len(self.unsettled) >= self.shared.most:
            raise precondition_failed(
                f"{len(self.unsettled)} deliveries on channel {self.number} are not acknowledged, as many as may be"
            )
        found = queue.take(turn)
        if found is None:
            return Basic.GetEmpty()
        turn.moved += 1
        sequence, message, redelivered = found
        tag = self.unsettled.next_tag
        self.unsettled.next_tag += 1
        if method.no_ack:
            queue.settle([sequence], turn)
        else:
            getter = Getter(queue)
            self.unsettled.by_tag[tag] = (getter, sequence, message)
            overdue.got(self, getter, tag)
        head = basic.get_ok(self.number, tag, redelivered, message.route, queue.message_count)
        self.owner.outbox.append(head + readdress(message.content, self.number, self._frame_max))
        self._tap.delivered(queue.name, [message], redelivered=redelivered)
        return None

    def _readable(self, name: str) -> Queue:
        """The queue of a name, to take messages from. Raises SoftError 403, 404 and 405."""
        name = topology.resolve_queue_name(self, name)
        self.permits.queue(READ, name)
        return self.vhost.queue(name, self.owner)

    def recover(self, method: Basic.Recover | Basic.RecoverAsync, turn: "Turn") -> Method | None:
        if not method.requeue:
            raise not_implemented("requeue=false")
        act = requeue if self.owner.node.profile.nack_counts else give_back
        act(self.unsettled.take_all().values(), turn)
        self._shared_room(turn)
        self._let_streams_go_on(turn)
        return Basic.RecoverOk() if isinstance(method, Basic.Recover) else None

    def _let_streams_go_on(self, turn: "Turn") -> None:
        """What settling gave back to consumers of streams is used before the reply, as in RabbitMQ, where they are read
        by the channel itself; what other queues took back is delivered behind it.
        """
        for consumer in self.consumers.values():
            if isinstance(consumer, StreamConsumer):
                turn.catch_up_with(consumer.queue)

    def confirm_select(self, method: Confirm.Select, turn: "Turn") -> Method | None:  # noqa: ARG002
        if self._transaction is not None:
            raise precondition_failed("cannot switch from tx to confirm mode")
        if self._confirms is None:
            self._confirms = Confirms(self.number, self.owner.outbox.append)
        return None if method.nowait else Confirm.SelectOk()

    def tx_select(self, method: Tx.Select, turn: "Turn") -> Method:  # noqa: ARG002
        if self._confirms is not None:
            raise precondition_failed("cannot switch from confirm to tx mode")
        if self._transaction is None:
            self._transaction = Transaction(self._direct, self.owner.node.gauge)
        return Tx.SelectOk()

    def tx_commit(self, method: Tx.Commit, turn: "Turn") -> Method | None:  # noqa: ARG002
        transaction = self._transactional()
        logs = transaction.commit(turn)
        self._shared_room(turn)
        self._let_streams_go_on(turn)
        if not transaction.committing:
            return Tx.CommitOk()
        if logs:
            Awaited(logs, self._tell_committed)
        else:
            turn.flush(self._tell_committed)
        return None

    def _tell_committed(self, turn: "Turn") -> None:  # noqa: ARG002
        if not self._closed:
            self._transactional().committing = False
            self.send(Tx.CommitOk())

    def tx_rollback(self, method: Tx.Rollback, turn: "Turn") -> Method:  # noqa: ARG002
        self.unsettled.put_back(self._transactional().rollback())
        overdue.look_soon(self)
        return Tx.RollbackOk()

    def _transactional(self) -> Transaction:
        if self._transaction is None:
            raise precondition_failed("channel is not transactional")
        return self._transaction

    def flow(self, method: methods.Channel.Flow, turn: "Turn") -> Method:  # noqa: ARG002
        if not method.active:
            raise not_implemented("active=false")
        return methods.Channel.FlowOk(active=True)

    def access_request(self, method: Access.Request, turn: "Turn") -> Method:  # noqa: ARG002
        return Access.RequestOk()

    def refuse_method(self, method: Method, turn: "Turn") -> None:  # noqa: ARG002
        """A method that only a server may send."""
        raise command_invalid("unimplemented method")

    # -- life cycle ----------------------------------------------------------------------------------------------------

    def reconsider(self, turn: "Turn") -> None:
        """Have every consumed queue look again, once a turn: there may be room."""
        turn.flush(self._reconsider)

    def _reconsider(self, turn: "Turn") -> None:
        queues = list(dict.fromkeys(consumer.queue for consumer in self.consumers.values()))
        # As in RabbitMQ, each time another queue is first, which may use up all the room that its consumers share with
        # others; in a queue it is who was served longest ago.
        self._first = first = (self._first + 1) % (len(queues) or 1)
        for queue in queues[first:] + queues[:first]:
            turn.touch(queue)
        for consumer in sorted(self.consumers.values(), key=attrgetter("last_tag")):
            consumer.look_again(turn)

    def close(self, turn: "Turn") -> None:
        """Let go of everything: consumers first, so that nothing comes back here, then what they had not settled."""
        self._closed = True
        if self.ack_timer is not None:
            turn.forget(self.ack_timer)
            self.ack_timer = None
        self._confirm(turn)
        self._end_replies()
        consumers, self.consumers = self.consumers, {}
        for consumer in consumers.values():
            consumer.leave(turn)
            self._tell_consumer_gone(consumer)
        self.owner.node.events.channel_closed(self.owner, self.number)
        if self._transaction is not None:
            self.unsettled.put_back(self._transaction.rollback())
        recall(self.unsettled.take_all().values(), turn)
        for consumer in consumers.values():
            self.vhost.queue_unused(consumer.queue, turn)


_Handler = Callable[[Channel, Any, "Turn"], Method | None]
_HANDLERS: dict[type[Method], _Handler] = {
    Basic.Qos: Channel.qos,
    Basic.Consume: Channel.consume,
    Basic.Cancel: Channel.cancel,
    Basic.CancelOk: Channel.cancel_ok,
    Basic.Get: Channel.get,
    Basic.Recover: Channel.recover,
    Basic.RecoverAsync: Channel.recover,
    Confirm.Select: Channel.confirm_select,
    Tx.Select: Channel.tx_select,
    Tx.Commit: Channel.tx_commit,
    Tx.Rollback: Channel.tx_rollback,
    methods.Channel.Flow: Channel.flow,
    Access.Request: Channel.access_request,
    **dict.fromkeys(topology.METHODS, Channel.change_topology),
}
