"""A world of clients that do what clients do, in an order that a seed gives; the model looks on.

Every step is one client saying one thing. Afterwards whatever any client was sent is compared with the model: order
kept, nothing lost, no limit passed, and no message waiting while somebody has room for it.
"""

import random

import pamqp.frame

from tests.conversation import Basic, Broker, Channel, Client, Confirm, Exchange, Queue, Tx, cut
from tests.simulation.model import ChannelModel, ConsumerModel, QueueModel

SHARED = ("q0", "q1", "q2")
DELIVER, GET_OK = b"\x00\x3c\x00\x3c", b"\x00\x3c\x00\x47"


class Actor:
    """A client and what the model knows of its channels. ``stream`` are the frames sent to it, read or not."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.channels: dict[int, ChannelModel] = {}
        self._seen = 0
        self._taken = 0

    def stream(self) -> list[bytes]:
        client = self.client
        self._taken += len(client.raw)
        read, client.raw = client.raw, b""
        data = read + b"".join(client.session.outbox._chunks)
        fresh = data[self._seen - (self._taken - len(read)) :]
        self._seen += len(fresh)
        client.frames()
        return list(cut(fresh))


class World:
    """``log`` says what happened, a line a step."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.broker = Broker(seed=seed)
        self.actors: list[Actor] = []
        self.queues: dict[str, QueueModel] = {}
        self.messages = 0
        self.log: list[str] = []
        setup = self.broker.connect(1)
        setup.call(1, Exchange.Declare(exchange="all", exchange_type="fanout"), Exchange.DeclareOk)
        setup.close()
        self.broker.clients.clear()
        self.steps = {
            self.publish: 30,
            self.settle: 30,
            self.consume: 8,
            self.cancel: 4,
            self.get: 8,
            self.recover: 2,
            self.qos: 5,
            self.declare: 4,
            self.purge: 1,
            self.delete: 1,
            self.connect: 3,
            self.open_channel: 4,
            self.close_channel: 2,
            self.break_channel: 2,
            self.die: 1,
            self.break_connection: 1,
            self.select: 1,
            self.end_transaction: 6,
            self.pause_reading: 2,
            self.resume_reading: 4,
        }
        for name in SHARED:
            self._declare(self._connect(), name)

    # -- steps ---------------------------------------------------------------------------------------------------------

    def step(self) -> None:
        chosen = self.random.choices(list(self.steps), self.steps.values())[0]
        chosen()
        self.observe()

    def run(self, steps: int) -> None:
        for _ in range(steps):
            self.step()
        for actor in list(self.actors):
            self._gone(actor)
            self.observe()
        self._delete_everything()

    def _say(self, actor: Actor, text: str) -> None:
        self.log.append(f"{self.actors.index(actor)}: {text}")

    def _reader(self) -> Actor | None:
        readers = [actor for actor in self.actors if actor.client.reads]
        return self.random.choice(readers) if readers else None

    def _channel(self) -> tuple[Actor, int, ChannelModel] | None:
        actor = self._reader()
        if actor is None or not actor.channels:
            return None
        number = self.random.choice(list(actor.channels))
        return actor, number, actor.channels[number]

    def _queue_for(self, actor: Actor) -> QueueModel | None:
        usable = [queue for queue in self.queues.values() if queue.owner in (None, actor)]
        return self.random.choice(usable) if usable else None

    def connect(self) -> None:
        if len(self.actors) < 5:
            self._connect()

    def _connect(self) -> Actor:
        actor = Actor(self.broker.connect(frame_max=self.random.choice((4096, 131072))))
        self.actors.append(actor)
        self._say(actor, "connects")
        self._open(actor, 1)
        return actor

    def open_channel(self) -> None:
        actor = self._reader()
        if actor is not None:
            free = [number for number in (1, 2, 3) if number not in actor.channels]
            if free:
                self._open(actor, free[0])

    def _open(self, actor: Actor, number: int) -> None:
        self._say(actor, f"opens channel {number}")
        actor.client.send(number, Channel.Open())
        actor.channels[number] = ChannelModel(actor.client.session.outbox)

    def declare(self) -> None:
        actor = self._reader()
        missing = [name for name in (*SHARED, "auto", "mine") if name not in self.queues]
        if actor is not None and actor.channels and missing:
            self._declare(actor, self.random.choice(missing))

    def _declare(self, actor: Actor, name: str) -> None:
        self._say(actor, f"declares {name}")
        number = next(iter(actor.channels))
        exclusive, auto_delete = name == "mine", name == "auto"
        bind = Queue.Bind(queue=name, exchange="all", routing_key="")
        actor.client.send(number, Queue.Declare(queue=name, exclusive=exclusive, auto_delete=auto_delete), bind)
        self.queues[name] = QueueModel(name, auto_delete=auto_delete, owner=actor if exclusive else None)

    def publish(self) -> None:
        actor = self.random.choice(self.actors) if self.actors else None
        if actor is None or not actor.channels or actor.client.session.paused:
            return
        number = self.random.choice(list(actor.channels))
        exchange, key = self.random.choice([("", name) for name in (*SHARED, "auto", "mine")] + [("all", "")])
        count, size = self.random.choice((1, 1, 2, 5, 30)), self.random.choice((0, 0, 10, 3000, 9000))
        self._say(actor, f"publishes {count} of {size} to {exchange}/{key} on {number}")
        first, self.messages = self.messages, self.messages + count
        bodies = [b"%08d" % message + bytes(size) for message in range(first, first + count)]
        found = list(self.queues.values()) if exchange else [q for q in (self.queues.get(key),) if q is not None]
        actor.client.publish(number, *bodies, key=key, exchange=exchange)
        for message in range(first, first + count):
            actor.channels[number].publish(found, message)

    def settle(self) -> None:
        found = self._channel()
        if found is None or not found[2].outstanding:
            return
        actor, number, channel = found
        tag = self.random.choice(list(channel.outstanding))
        multiple, requeue = self.random.random() < 0.4, self.random.random() < 0.4
        if multiple and self.random.random() < 0.2:
            tag = 0
        tags = [t for t in channel.outstanding if t <= tag or not tag] if multiple else [tag]
        method = Basic.Nack(tag, multiple, requeue=True) if requeue else Basic.Ack(tag, multiple)
        if not multiple and self.random.random() < 0.3:
            method = Basic.Reject(tag, requeue=requeue)
        self._say(actor, f"{method.name} {dict(method)} on {number}")
        actor.client.send(number, method)
        channel.settle(tags, requeue)

    def consume(self) -> None:
        found = self._channel()
        queue = self._queue_for(found[0]) if found else None
        if queue is None:
            return
        actor, number, channel = found
        tag, no_ack = f"c{len(self.log)}", self.random.random() < 0.25
        priority = self.random.choice((0, 0, 0, 0, 5, -5))
        self._say(actor, f"consumes {queue.name} as {tag} on {number}, no_ack={no_ack}, priority {priority}")
        consumer = ConsumerModel(tag, channel, queue, no_ack)
        channel.consumers[tag] = consumer
        queue.consumers.append(consumer)
        arguments = {"x-priority": priority} if priority else {}
        actor.client.send(number, Basic.Consume(0, queue.name, tag, no_ack=no_ack, arguments=arguments))

    def cancel(self) -> None:
        found = self._channel()
        if found is None or not found[2].consumers:
            return
        actor, number, channel = found
        tag = self.random.choice(list(channel.consumers))
        queue = channel.consumers[tag].queue
        if queue.auto_delete and self._would_break_a_transaction():
            return
        self._say(actor, f"cancels {tag} on {number}")
        actor.client.send(number, Basic.Cancel(tag))
        channel.cancel(tag)
        self._perhaps_unused({queue})

    def get(self) -> None:
        found = self._channel()
        queue = self._queue_for(found[0]) if found else None
        if queue is None:
            return
        actor, number, _ = found
        no_ack = self.random.random() < 0.5
        self._say(actor, f"gets from {queue.name} on {number}, no_ack={no_ack}")
        self._getting = (queue, no_ack)
        actor.client.send(number, Basic.Get(queue=queue.name, no_ack=no_ack))

    def recover(self) -> None:
        found = self._channel()
        if found is None or found[2].transactional:
            return
        actor, number, channel = found
        self._say(actor, f"recovers on {number}")
        actor.client.send(number, Basic.Recover(requeue=True))
        channel.settle(list(channel.outstanding), requeue=True)

    def qos(self) -> None:
        found = self._channel()
        if found is None:
            return
        actor, number, channel = found
        count, shared = self.random.choice((0, 1, 2, 5, 20)), self.random.random() < 0.3
        self._say(actor, f"qos {count} global={shared} on {number}")
        actor.client.send(number, Basic.Qos(prefetch_count=count, global_=shared))
        channel.shared_prefetch = count if shared else 0
        channel.prefetch = channel.prefetch if shared else count

    def select(self) -> None:
        found = self._channel()
        if found is None or found[2].confirming or found[2].transactional:
            return
        actor, number, channel = found
        channel.transactional = self.random.random() < 0.5
        channel.confirming = not channel.transactional
        self._say(actor, f"selects {'tx' if channel.transactional else 'confirms'} on {number}")
        actor.client.send(number, Tx.Select() if channel.transactional else Confirm.Select())

    def end_transaction(self) -> None:
        transactional = [
            (actor, number, channel)
            for actor in self.actors
            for number, channel in actor.channels.items()
            if actor.client.reads and channel.transactional
        ]
        if not transactional:
            return
        actor, number, channel = self.random.choice(transactional)
        commit = self.random.random() < 0.7
        self._say(actor, f"{'commits' if commit else 'rolls back'} on {number}")
        actor.client.send(number, Tx.Commit() if commit else Tx.Rollback())
        (channel.commit if commit else channel.rollback)()

    def purge(self) -> None:
        self._on_queue(Queue.Purge, QueueModel.purge)

    def delete(self) -> None:
        # A queue that a transaction counts on may not go: the commit would fail, which has a test of its own.
        if not any(channel.transactional for actor in self.actors for channel in actor.channels.values()):
            self._on_queue(Queue.Delete, self._deleted)

    def _on_queue(self, method, effect) -> None:
        found = self._channel()
        queue = self._queue_for(found[0]) if found else None
        if queue is not None:
            actor, number, _ = found
            self._say(actor, f"{method.name} {queue.name} on {number}")
            actor.client.send(number, method(queue=queue.name))
            effect(queue)

    def _deleted(self, queue: QueueModel) -> None:
        queue.delete()
        del self.queues[queue.name]

    def _perhaps_unused(self, queues) -> None:
        for queue in queues:
            if queue.auto_delete and not queue.consumers and not queue.deleted:
                self._deleted(queue)

    def close_channel(self) -> None:
        self._end_channel("closes", Channel.Close(200, "", 0, 0))

    def break_channel(self) -> None:
        self._end_channel("breaks", Queue.Purge(queue="missing"))

    def _end_channel(self, verb: str, method) -> None:
        found = self._channel()
        if found is None or self._would_break_a_transaction(found[2]):
            return
        actor, number, channel = found
        self._say(actor, f"{verb} channel {number}")
        del actor.channels[number]
        left = channel.end()
        actor.client.send(number, method)
        if not isinstance(method, Channel.Close):
            actor.client.send(number, Channel.CloseOk())
        self._perhaps_unused(left)

    def _would_break_a_transaction(self, *ending: ChannelModel) -> bool:
        """Whether a queue that goes with these channels is one that somebody else's transaction counts on."""
        others = [channel for actor in self.actors for channel in actor.channels.values() if channel not in ending]
        return any(channel.tx_publishes for channel in others)

    def die(self) -> None:
        actor = self.random.choice(self.actors) if self.actors else None
        if actor is not None and not self._would_break_a_transaction(*actor.channels.values()):
            self._say(actor, "dies")
            self._gone(actor)

    def break_connection(self) -> None:
        actor = self._reader()
        if actor is not None and not self._would_break_a_transaction(*actor.channels.values()):
            self._say(actor, "breaks its connection")
            self._ended(actor)
            actor.client.send_bytes(b"\x09\x00\x00\x00\x00\x00\x00\xce")
            self.observe()
            self._gone(actor)

    def _ended(self, actor: Actor) -> None:
        left = set()
        for channel in actor.channels.values():
            left |= channel.end()
        actor.channels.clear()
        self._perhaps_unused(left)
        for queue in [queue for queue in self.queues.values() if queue.owner is actor]:
            self._deleted(queue)

    def _gone(self, actor: Actor) -> None:
        self._ended(actor)
        self.actors.remove(actor)
        self.broker.clients.remove(actor.client)
        actor.client.die()

    def pause_reading(self) -> None:
        actor = self._reader()
        if actor is not None:
            self._say(actor, "stops reading")
            actor.client.reads = False

    def resume_reading(self) -> None:
        deaf = [actor for actor in self.actors if not actor.client.reads]
        if deaf:
            actor = self.random.choice(deaf)
            self._say(actor, "reads again")
            actor.client.start_reading()

    # -- looking on ----------------------------------------------------------------------------------------------------

    _getting: tuple[QueueModel, bool] | None = None

    def observe(self) -> None:
        """Compare what was sent with the model."""
        waited = {queue: sorted(queue.ready) for queue in self.queues.values()}
        given: dict[QueueModel, set[int]] = {}
        for actor in self.actors:
            last: dict[tuple[ChannelModel, QueueModel], int] = {}
            for number, method, message in _contents(actor.stream()):
                self._take(actor, number, method, message, given, last)
        for queue, numbers in given.items():
            assert numbers == set(waited[queue][: len(numbers)]), f"{queue.name}: {numbers} before others that waited"
        self._getting = None
        for name, queue in self.queues.items():
            queue.check(self.broker.queue(name))
            if queue.ready:
                idle = [consumer.tag for consumer in queue.consumers if consumer.has_room()]
                assert not idle, f"{len(queue.ready)} wait in {name} while {idle} have room"
        assert self.broker.queues == set(self.queues)
        self._check_confirms()

    def _take(self, actor: Actor, number: int, method, message: int, given, last) -> None:
        channel = actor.channels[number]
        if isinstance(method, Basic.Deliver):
            consumer = channel.consumers[method.consumer_tag]
            queue, no_ack = consumer.queue, consumer.no_ack
        else:
            assert self._getting is not None
            consumer, (queue, no_ack) = None, self._getting
        place = queue.hand_out(message, method.redelivered, no_ack)
        given.setdefault(queue, set()).add(place)
        if consumer is not None:
            lane = (channel, queue)
            assert last.get(lane, 0) < place, f"channel {number} was sent {place} of {queue.name} after {last[lane]}"
            last[lane] = place
        if not no_ack:
            channel.outstanding[method.delivery_tag] = (queue, place, consumer)
            if consumer is not None:
                consumer.outstanding += 1

    def _check_confirms(self) -> None:
        for actor in self.actors:
            for number, channel in actor.channels.items():
                state = actor.client.referee.channel(number)
                if channel.confirming and actor.client.reads:
                    assert state.confirmed_below == state.published + 1, "a publish without its confirm"
                if actor.client.reads:
                    assert list(state.unsettled) == list(channel.outstanding)

    def _delete_everything(self) -> None:
        vhost = self.broker.node.vhosts["/"]
        with self.broker.turn() as turn:
            for queue in list(vhost.queues.values()):
                vhost.delete_queue(queue, turn)
        assert abs(self.broker.node.gauge.bytes) < 1e-3
        assert not self.broker.node.sessions


def _contents(frames: list[bytes]):
    """(channel, deliver or get-ok, the message's number) for every message among the frames."""
    under_way = {}
    for raw in frames:
        kind, number = raw[0], int.from_bytes(raw[1:3], "big")
        if kind == 1 and raw[7:11] in (DELIVER, GET_OK):
            under_way[number] = pamqp.frame.unmarshal(raw)[2]
        elif kind == 3 and number in under_way:
            yield number, under_way.pop(number), int(raw[7:15])
