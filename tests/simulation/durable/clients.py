"""Clients: the steps that clients take, each one thing said by one of them; the models hear it before the broker."""

from pamqp.commands import Basic, Channel, Confirm, Connection, Exchange, Queue, Tx

from tests.simulation.durable import frames
from tests.simulation.durable.actor import Actor, Channels, Run
from tests.simulation.durable.queue_model import QueueModel
from tests.simulation.durable.stream_model import VALUES, StreamConsumer, StreamModel
from tests.simulation.durable.topology import PREDECLARED
from tests.simulation.durable.topology import Exchange as ExchangeModel
from tests.simulation.model import ConsumerModel

DURABLE = ("d0", "d1", "d2")
STREAMS = ("s0", "s1")
QUEUES = (*DURABLE, "lasting", "t0", "auto", "mine", *STREAMS)
EXCHANGES = ("x0", "x1", "x2", "x3")
KEYS = ("a", "b", "a.b", "a.b.c")
PATTERNS = ("a", "b", "a.*", "#", "*.b", "a.#")
HEADERS = ({}, {"h1": 1}, {"h1": 1, "h2": 2}, {"h2": 1})
CRITERIA = ({"x-match": "all", "h1": 1}, {"x-match": "any", "h1": 1, "h2": 2}, {"h1": 1, "h2": 2})


class Clients:
    """``step`` takes one."""

    def __init__(self, world) -> None:
        self.world = world
        self.random = world.random
        self._connected = 0
        self.steps = {
            self.publish: 40,
            self.settle: 30,
            self.consume: 8,
            self.cancel: 4,
            self.get: 8,
            self.recover: 2,
            self.qos: 4,
            self.declare_queue: 8,
            self.declare_again: 2,
            self.declare_exchange: 4,
            self.bind: 6,
            self.unbind: 2,
            self.delete_exchange: 1,
            self.purge: 1,
            self.delete_queue: 2,
            self.connect: 4,
            self.open_channel: 4,
            self.close_channel: 2,
            self.break_channel: 1,
            self.die: 1,
            self.leave: 1,
            self.select: 4,
            self.end_transaction: 6,
            self.pause_reading: 1,
            self.resume_reading: 4,
            self.say_close_ok: 8,
        }

    def swarm(self) -> None:
        """Leave some steps out for a while, so that the others meet in longer rows."""
        always = (self.connect, self.declare_queue, self.publish, self.say_close_ok, self.resume_reading)
        self._mix = {
            step: weight for step, weight in self.steps.items() if step in always or self.random.random() < 0.75
        }
        self._weights = list(self._mix.values())
        self._chosen = list(self._mix)

    def opening(self) -> list:
        """Steps for the beginning: without clients, queues and consumers little would happen until the next crash."""
        steps = []
        for _ in range(self.random.choice((0, 1, 1, 2, 3))):
            steps += (self.connect, self.open_channel, self.select)
        steps += [self.declare_queue] * self.random.randrange(4)
        middle = [self.qos, self.bind] * self.random.randrange(3) + [self.consume] * self.random.randrange(5)
        self.random.shuffle(middle)
        return steps + middle

    def step(self) -> None:
        self.random.choices(self._chosen, self._weights)[0]()

    # -- who -----------------------------------------------------------------------------------------------------------

    def _say(self, actor: Actor, text: str) -> None:
        self.world.say(f"{self.world.name(actor)} {text}")

    def _actor(self) -> Actor | None:
        able = [actor for actor in self.world.actors if actor.able]
        return self.random.choice(able) if able else None

    def _channel(self, of=lambda *_: True) -> tuple[Actor, int, Channels] | None:
        """One on which a client that waits for its answers may speak."""
        found = [
            (actor, number, channel)
            for actor in self.world.actors
            if actor.able and actor.reads
            for number, channel in actor.channels.items()
            if not actor.is_busy(number) and of(actor, number, channel)
        ]
        return self.random.choice(found) if found else None

    def _queue_for(self, actor: Actor, *, streams: bool = True):
        queues = self.world.topology.queues.values()
        usable = [queue for queue in queues if queue.owner in (None, actor) and (streams or not queue.is_stream)]
        return self.random.choice(usable) if usable else None

    def _transactions_wait(self, *ending: Channels) -> bool:
        """Whether a transaction counts on queues: one that goes would make it fail, which has a test of its own."""
        channels = [channel for actor in self.world.actors for channel in actor.channels.values()]
        return any(channel.tx_publishes for channel in channels if channel not in ending)

    def _perhaps_nowait(self, method):
        if hasattr(method, "nowait") and self.random.random() < 0.1:
            method.nowait = True
        return method

    # -- connections and channels --------------------------------------------------------------------------------------

    def connect(self) -> None:
        if len(self.world.actors) < 4:
            self._connected += 1
            actor = Actor(self.world.broker, self._connected, self.random.choice((4096, 131072)), self._told)
            self.world.actors.append(actor)
            self._say(actor, "connects")
            self._open(actor, 1)

    def open_channel(self) -> None:
        actor = self._actor()
        if actor is not None:
            taken = {*actor.channels, *actor.dead, *(number for number, asked in actor.asked.items() if asked)}
            free = [number for number in (1, 2, 3) if number not in taken]
            if free:
                self._open(actor, free[0])

    def _open(self, actor: Actor, number: int) -> None:
        self._say(actor, f"opens channel {number}")
        actor.channels[number] = Channels(actor.outbox, self.world.tally)
        actor.send(number, Channel.Open())

    def close_channel(self) -> None:
        found = self._channel()
        if found is not None and not self._transactions_wait(found[2]):
            actor, number, _ = found
            self._say(actor, f"closes channel {number}")
            self._end(actor, number)
            actor.send(number, Channel.Close(200, "", 0, 0))

    def break_channel(self) -> None:
        found = self._channel()
        if found is not None and not self._transactions_wait(found[2]):
            actor, number, _ = found
            self._say(actor, f"breaks channel {number}")
            self._end(actor, number)
            actor.dead.add(number)
            if self.random.random() < 0.5:
                actor.send(number, Queue.Purge(queue="missing"))
            else:
                message = frames.content(number, b"", persistent=True, headers={}, frame_max=actor.frame_max)
                actor.publish(number, frames.publish(number, "missing", "", False) + message, 1)

    def say_close_ok(self) -> None:
        for actor in self.world.actors:
            if actor.told_closed and actor.able:
                number = actor.told_closed.pop()
                self._say(actor, f"agrees that {number} is closed")
                actor.dead.discard(number)
                actor.send(number, Channel.CloseOk())
                return

    def _end(self, actor: Actor, number: int) -> None:
        """A channel ends, by whomever."""
        self._unused(actor.channels.pop(number).end())
        self.world.topology.changed()

    def _unused(self, queues) -> None:
        for queue in queues:
            if queue.auto_delete and queue.ever_consumed and not queue.consumers and not queue.deleted:
                self._deleted(queue)

    def _deleted(self, queue) -> None:
        queue.delete()
        queue.gone_at = len(self.world.topology.history)
        self.world.topology.delete_queue(queue.name)

    def die(self) -> None:
        if self.world.actors:
            actor = self.random.choice(self.world.actors)
            if not self._transactions_wait(*actor.channels.values()):
                self._say(actor, "dies")
                self.ended(actor)
                self.world.actors.remove(actor)
                actor.die()

    def leave(self) -> None:
        """In order, or for a frame that nobody can read."""
        actor = self._actor()
        if actor is not None and not self._transactions_wait(*actor.channels.values()):
            politely = self.random.random() < 0.5
            self._say(actor, "says good-bye" if politely else "sends rubbish")
            self.ended(actor)
            if politely:
                actor.send(0, Connection.Close(200, "", 0, 0))
            else:
                actor.send_rubbish()
            self.world.actors.remove(actor)
            actor.die()

    def ended(self, actor: Actor) -> None:
        """To the models: all that was its goes."""
        left: set = set()
        for channel in actor.channels.values():
            left |= channel.end()
        actor.channels.clear()
        self._unused(left)
        for queue in [queue for queue in self.world.topology.queues.values() if queue.owner is actor]:
            self._deleted(queue)
        self.world.topology.changed()

    def pause_reading(self) -> None:
        actor = self._actor()
        if actor is not None:
            self._say(actor, "stops reading")
            actor.reads = False

    def resume_reading(self) -> None:
        deaf = [actor for actor in self.world.actors if not actor.reads]
        if deaf:
            actor = self.random.choice(deaf)
            self._say(actor, "reads again")
            actor.start_reading()

    # -- answers -------------------------------------------------------------------------------------------------------

    def _told(self, actor: Actor, number: int, asked, answer) -> None:
        """A client has read an answer: what it says must be safe."""
        safe = self.world.topology.safety.safe
        assert asked.state <= safe, f"{answer.name} needs state {asked.state} of the definitions, and {safe} is safe"
        if asked.expect is not None:
            asked.expect(answer)

    # -- topology ------------------------------------------------------------------------------------------------------

    def declare_queue(self) -> None:
        found = self._channel()
        missing = [name for name in QUEUES if name not in self.world.topology.queues]
        if found is not None and missing:
            self._declare(found[0], found[1], self.random.choice(missing))

    def _declare(self, actor: Actor, number: int, name: str) -> None:
        world = self.world
        self._say(actor, f"declares {name} on {number}")
        method = Queue.Declare(
            queue=name,
            durable=name in (*DURABLE, *STREAMS, "lasting"),
            exclusive=name == "mine",
            auto_delete=name in ("auto", "lasting"),
            arguments=self._stream_arguments() if name in STREAMS else {},
        )
        log_name = ""
        if method.durable:
            log_name = f"{'s' if name in STREAMS else 'q'}{world.store_next_log_id()}"
        owner = actor if method.exclusive else None
        if name in STREAMS:
            model = StreamModel(name, log_name, method)
        else:
            model = QueueModel(name, log_name, method, owner=owner)
        world.topology.queues[name] = model
        if log_name:
            world.logged[log_name] = model
        state = model.declared_at = world.topology.changed()
        actor.send(number, self._perhaps_nowait(method), state=state, expect=_declared(name, 0))

    def _stream_arguments(self) -> dict:
        arguments = {
            "x-queue-type": "stream",
            "x-stream-max-segment-size-bytes": self.random.choice((0, 300, 2000)),
        }
        if self.random.random() < 0.5:
            arguments["x-max-length-bytes"] = self.random.choice((500, 3000))
        if self.random.random() < 0.3:
            arguments["x-max-age"] = "5s"
        return arguments

    def declare_again(self) -> None:
        """What is there already: its messages are counted. What the answer says must be safe, whoever declared it."""
        found = self._channel()
        queue = self._queue_for(found[0]) if found else None
        if queue is None:
            return
        actor, number, _ = found
        passive = self.random.random() < 0.5
        self._say(actor, f"declares {queue.name} again on {number}, passive={passive}")
        count = self.world.queue(queue).message_count if queue.is_stream else len(queue.ready)
        method = Queue.Declare(queue=queue.name, passive=True) if passive else queue.declare
        state = self.world.topology.since("queue", queue.name) if queue.durable else 0
        actor.send(number, method, state=state, expect=_declared(queue.name, count))

    def declare_exchange(self) -> None:
        found = self._channel()
        missing = [name for name in EXCHANGES if name not in self.world.topology.exchanges]
        if found is None or not missing:
            return
        actor, number, _ = found
        exchange = ExchangeModel(
            self.random.choice(missing),
            self.random.choice(("direct", "fanout", "fanout", "topic", "headers")),
            durable=self.random.random() < 0.7,
            auto_delete=self.random.random() < 0.3,
            alternate=self.random.choice((None, None, *EXCHANGES)),
        )
        self._say(actor, f"declares {vars(exchange)} on {number}")
        self.world.topology.exchanges[exchange.name] = exchange
        method = Exchange.Declare(
            exchange=exchange.name,
            exchange_type=exchange.kind,
            durable=exchange.durable,
            auto_delete=exchange.auto_delete,
            arguments=exchange.arguments,
        )
        actor.send(number, self._perhaps_nowait(method), state=self.world.topology.changed())

    def delete_exchange(self) -> None:
        found = self._channel()
        there = [name for name in self.world.topology.exchanges if name not in PREDECLARED]
        if found is not None and there:
            actor, number, _ = found
            name = self.random.choice(there)
            self._say(actor, f"deletes exchange {name} on {number}")
            self.world.topology.delete_exchange(name)
            method = self._perhaps_nowait(Exchange.Delete(exchange=name))
            actor.send(number, method, state=self.world.topology.changed())

    def bind(self) -> None:
        found = self._channel()
        if found is None:
            return
        actor, number, _ = found
        topology = self.world.topology
        source = topology.exchanges[self._exchange()]
        key = self.random.choice(PATTERNS)
        arguments = self.random.choice(CRITERIA) if source.kind == "headers" else {}
        queue = self._queue_for(actor)
        if self.random.random() < 0.2:
            destination = self._exchange()
            method = Exchange.Bind(destination=destination, source=source.name, routing_key=key, arguments=arguments)
        elif queue is not None:
            destination = queue.name
            method = Queue.Bind(queue=destination, exchange=source.name, routing_key=key, arguments=arguments)
        else:
            return
        self._say(actor, f"binds {destination} to {source.name} with {key} {arguments} on {number}")
        to_exchange = isinstance(method, Exchange.Bind)
        topology.bindings[source.name, to_exchange, destination, key, tuple(sorted(arguments.items()))] = None
        actor.send(number, self._perhaps_nowait(method), state=topology.changed())

    def _exchange(self) -> str:
        """Rather one that a client declared."""
        names = list(self.world.topology.exchanges)
        return self.random.choice(names[len(PREDECLARED) :] * 3 + names)

    def unbind(self) -> None:
        found = self._channel()
        topology = self.world.topology
        if found is None or not topology.bindings:
            return
        actor, number, _ = found
        binding = self.random.choice(list(topology.bindings))
        source, to_exchange, destination, key, arguments = binding
        if not to_exchange and topology.queues[destination].owner not in (None, actor):
            return
        self._say(actor, f"unbinds {destination} from {source} with {key} on {number}")
        topology.unbind(binding)
        if to_exchange:
            method = Exchange.Unbind(destination=destination, source=source, routing_key=key, arguments=dict(arguments))
        else:
            method = Queue.Unbind(queue=destination, exchange=source, routing_key=key, arguments=dict(arguments))
        actor.send(number, self._perhaps_nowait(method), state=topology.changed())

    def purge(self) -> None:
        found = self._channel()
        queue = self._queue_for(found[0], streams=False) if found else None
        if queue is not None:
            actor, number, _ = found
            self._say(actor, f"purges {queue.name} on {number}")
            count = len(queue.ready)
            queue.purge()
            actor.send(number, self._perhaps_nowait(Queue.Purge(queue=queue.name)), expect=_counted(count))

    def delete_queue(self) -> None:
        found = self._channel()
        queue = self._queue_for(found[0]) if found else None
        if queue is not None and not self._transactions_wait():
            actor, number, _ = found
            self._say(actor, f"deletes {queue.name} on {number}")
            count = 0 if queue.is_stream else len(queue.ready)
            self._deleted(queue)
            state = self.world.topology.changed()
            method = self._perhaps_nowait(Queue.Delete(queue=queue.name))
            actor.send(number, method, state=state, expect=_counted(count))

    # -- publishing ----------------------------------------------------------------------------------------------------

    def publish(self) -> None:
        actors = [actor for actor in self.world.actors if actor.able and actor.channels]
        if not actors:
            return
        actor = self.random.choice(actors)
        number = self.random.choice(list(actor.channels))
        channel = actor.channels[number]
        # Nothing may be said there before commit-ok.
        if channel.committing:
            return
        exchange, key = self._address()
        headers = dict(self.random.choice(HEADERS))
        value = self.random.choice(VALUES) if self.random.random() < 0.3 else None
        if value is not None:
            headers["x-stream-filter-value"] = value
        mandatory = self.random.random() < 0.2
        count, size = self.random.choice((1, 1, 2, 5, 30)), self.random.choice((0, 0, 10, 100, 100, 700, 5000))
        if count * size > 20_000:
            count = 3
        manner = self.random.choice(("persistent", "persistent", "transient", "mixed"))
        queues, apart = self.world.topology.route(exchange, key, headers)
        self._say(actor, f"publishes {count} {manner} of {size} to {exchange}/{key} {headers} on {number}")
        method = frames.publish(number, exchange, key, mandatory)
        data, runs = [], []
        for _ in range(count):
            message, self.world.messages = self.world.messages, self.world.messages + 1
            self.world.tally["published"] += 1
            persistent = manner == "persistent" or (manner == "mixed" and self.random.random() < 0.5)
            body = b"%08d" % message + bytes(size)
            data += (method, frames.content(
                number, body, persistent=persistent, headers=headers, frame_max=actor.frame_max
            ))  # fmt: skip
            if apart or size + 8 > actor.frame_max - 8 or not runs or runs[-1].persistent != persistent:
                runs.append(Run(queues, [], persistent, self.world.broker.wall_ms(), value))
            runs[-1].messages.append(message)
        self._published(channel, runs, mandatory and not queues)
        actor.publish(number, b"".join(data), count)

    def _address(self) -> tuple[str, str]:
        if self.random.random() < 0.5:
            return "", self.random.choice((*DURABLE, *DURABLE, *QUEUES))
        return self._exchange(), self.random.choice(KEYS)

    def _published(self, channel: Channels, runs: list[Run], returned: bool) -> None:
        for run in runs:
            channel.enqueue(run)
            if channel.confirming:
                needs = run.needs()
                for message in run.messages:
                    channel.published.append([(q, place) for q, place in needs if q.messages[place] == message])
            if returned:
                (channel.tx_returns if channel.transactional else channel.returns).extend(run.messages)

    def select(self) -> None:
        found = self._channel()
        if found is None or found[2].confirming or found[2].transactional:
            return
        actor, number, channel = found
        channel.transactional = self.random.random() < 0.3
        channel.confirming = not channel.transactional
        self._say(actor, f"selects {'tx' if channel.transactional else 'confirms'} on {number}")
        actor.send(number, Tx.Select() if channel.transactional else Confirm.Select())

    def end_transaction(self) -> None:
        transactional = [
            (actor, number, channel)
            for actor in self.world.actors
            for number, channel in actor.channels.items()
            if actor.able and actor.reads and channel.transactional and not actor.is_busy(number)
        ]
        if transactional:
            actor, number, channel = self.random.choice(transactional)
            commit = self.random.random() < 0.7
            self._say(actor, f"{'commits' if commit else 'rolls back'} on {number}")
            (channel.commit if commit else channel.rollback)()
            actor.send(number, Tx.Commit() if commit else Tx.Rollback())

    # -- consuming -----------------------------------------------------------------------------------------------------

    def consume(self) -> None:
        found = self._channel()
        queue = self._queue_for(found[0]) if found else None
        if queue is None:
            return
        actor, number, channel = found
        tag = f"c{len(self.world.log)}"
        if queue.is_stream:
            self._consume_stream(actor, number, channel, queue, tag)
            return
        no_ack = self.random.random() < 0.25
        priority = self.random.choice((0, 0, 0, 0, 5, -5))
        self._say(actor, f"consumes {queue.name} as {tag} on {number}, no_ack={no_ack}, priority {priority}")
        consumer = ConsumerModel(tag, channel, queue, no_ack)
        self._add(consumer)
        arguments = {"x-priority": priority} if priority else {}
        method = Basic.Consume(0, queue.name, tag, no_ack=no_ack, arguments=arguments)
        actor.send(number, self._perhaps_nowait(method))

    def _add(self, consumer) -> None:
        consumer.channel.consumers[consumer.tag] = consumer
        consumer.queue.consumers.append(consumer)
        consumer.queue.ever_consumed = True

    def _consume_stream(self, actor: Actor, number: int, channel: Channels, queue, tag: str) -> None:
        if not channel.prefetch or channel.shared_prefetch:
            return
        consumer = StreamConsumer(tag, channel, queue)
        arguments = consumer.arguments(self.random, self.world.queue(queue)._log, self.world.broker.wall_ms())
        self._say(actor, f"reads {queue.name} as {tag} on {number} from {arguments}")
        self._add(consumer)
        actor.send(number, self._perhaps_nowait(Basic.Consume(0, queue.name, tag, arguments=arguments)))

    def cancel(self) -> None:
        found = self._channel()
        if found is None or not found[2].consumers:
            return
        actor, number, channel = found
        tag = self.random.choice(list(channel.consumers))
        queue = channel.consumers[tag].queue
        if queue.auto_delete and self._transactions_wait():
            return
        self._say(actor, f"cancels {tag} on {number}")
        channel.cancel(tag)
        self._unused({queue})
        actor.send(number, self._perhaps_nowait(Basic.Cancel(tag)), state=self.world.topology.changed())

    def qos(self) -> None:
        found = self._channel()
        if found is None:
            return
        actor, number, channel = found
        reads_stream = any(consumer.queue.is_stream for consumer in channel.consumers.values())
        count = self.random.choice((0, 1, 2, 5, 20))
        shared = self.random.random() < 0.3 and not reads_stream
        self._say(actor, f"qos {count} global={shared} on {number}")
        channel.shared_prefetch = count if shared else 0
        channel.prefetch = channel.prefetch if shared else count
        actor.send(number, Basic.Qos(prefetch_count=count, global_=shared))

    def get(self) -> None:
        found = self._channel()
        queue = self._queue_for(found[0], streams=False) if found else None
        if queue is not None:
            actor, number, channel = found
            no_ack = self.random.random() < 0.5
            self._say(actor, f"gets from {queue.name} on {number}, no_ack={no_ack}")
            channel.getting.append((queue, no_ack, len(queue.ready) - 1))
            actor.send(number, Basic.Get(queue=queue.name, no_ack=no_ack))

    def settle(self) -> None:
        found = self._channel(_known)
        if found is None:
            return
        actor, number, channel = found
        known = _known(*found)
        tag = self.random.choice(known)
        multiple, requeue = self.random.random() < 0.4, self.random.random() < 0.3
        if multiple and self.random.random() < 0.2 and len(known) == len(channel.outstanding):
            tag = 0
        tags = [t for t in channel.outstanding if t <= tag or not tag] if multiple else [tag]
        method = Basic.Nack(tag, multiple, requeue=True) if requeue else Basic.Ack(tag, multiple)
        if not multiple and self.random.random() < 0.3:
            method = Basic.Reject(tag, requeue=requeue)
        self._say(actor, f"{method.name} {dict(method)} on {number}")
        channel.settle(tags, requeue)
        actor.send(number, method)

    def recover(self) -> None:
        found = self._channel()
        if found is None or found[2].transactional:
            return
        actor, number, channel = found
        # What this gives back to a stream's reader is used before recover-ok.
        streams = [tag for tag, (queue, *_) in channel.outstanding.items() if queue.is_stream]
        referee = actor.referee.channel(number)
        if not all(tag in referee.unsettled for tag in streams):
            return
        for tag in streams:
            referee.unsettled.pop(tag).outstanding -= 1
        self._say(actor, f"recovers on {number}")
        channel.settle(list(channel.outstanding), requeue=True)
        actor.send(number, Basic.Recover(requeue=True))


def _known(actor: Actor, number: int, channel: Channels) -> list[int]:
    """The tags that a client may settle: what was delivered and not read yet it does not know."""
    return [tag for tag in actor.referee.channel(number).unsettled if tag in channel.outstanding]


def _declared(name: str, count: int):
    def check(answer) -> None:
        assert answer.queue == name
        assert answer.message_count == count, f"declare-ok: {answer.message_count} in {name}, not {count}"

    return check


def _counted(count: int):
    def check(answer) -> None:
        assert answer.message_count == count, f"{answer.name}: {answer.message_count}, not {count}"

    return check
