"""World: the broker, its clients and what both are called; how a step finds a client that can take it."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine

from broker.administration.refused import Refused
from tests.conversation import Broker, Channel, Connection, Exchange, Queue
from tests.stateful.actor import Actor, ChannelState
from tests.stateful.ledger import PLAIN, Ledger

ACTORS_MAX = 5
VHOSTS = ("/", "other")
USERS = ("guest", "bob")
# Queues whose messages may go by themselves, and how they are declared.
RULED = {
    "r-short": {"x-max-length": 3, "x-dead-letter-exchange": "", "x-dead-letter-routing-key": "r-dead"},
    "r-bytes": {"x-max-length-bytes": 200, "x-overflow": "reject-publish"},
    "r-brief": {"x-message-ttl": 1000, "x-dead-letter-exchange": "odd"},
    "r-ranked": {"x-max-priority": 5},
    "r-expires": {"x-expires": 5000},
    "r-single": {"x-single-active-consumer": True},
    "r-quorum": {"x-queue-type": "quorum", "x-delivery-limit": 2, "x-dead-letter-exchange": "odd"},
    "r-stream": {"x-queue-type": "stream", "x-max-length-bytes": 2000},
    "r-dead": {},
}
QUEUES = (*PLAIN, *RULED)
# What the exchange "odd" may be; the others are a fanout and a topic exchange.
ODD_KINDS = {
    "headers": {},
    "direct": {},
    "x-consistent-hash": {},
    "x-modulus-hash": {},
    "x-recent-history": {"x-recent-history-length": 3},
    "x-delayed-message": {"x-delayed-type": "topic"},
    "topic": {"alternate-exchange": "amq.fanout"},
}
EXCHANGES = ("all", "topic", "odd")

actors = st.integers(0, ACTORS_MAX - 1)
channels = st.sampled_from((1, 2, 3))
# Some are where most things happen.
BUSY = ("plain", "plain", "plain", "plain", "durable", "durable", "r-short", "r-quorum")
queues = st.sampled_from((*QUEUES, *BUSY))
vhosts = st.sampled_from(VHOSTS)
users = st.sampled_from(USERS)


class World(RuleBasedStateMachine):
    # Of all machines of this process.
    steps = clients = 0

    def __init__(self) -> None:
        super().__init__()
        self.broker = Broker(consumer_timeout_ms=600_000)
        self.ledger = Ledger(self.broker)
        self.actors: list[Actor] = []
        self.bodies = 0

    # -- who says something --------------------------------------------------------------------------------------------

    def on(self, number: int, channel: int) -> tuple[Actor, int, ChannelState] | None:
        """A step begins: a client that may say something, and one of its channels."""
        actor = self.actor(number)
        if actor is None:
            return None
        if not actor.channels:
            self.say(actor, channel, Channel.Open())
        open_ = list(actor.channels)
        if not open_ or not actor.able:
            return None
        chosen = open_[channel % len(open_)]
        return actor, chosen, actor.channels[chosen]

    def actor(self, number: int) -> Actor | None:
        """A step begins: a client that may say something; what it began to say is said."""
        World.steps += 1
        actor = self._able(number) or self._mended()
        if actor.rest:
            self.finish(actor)
        return actor if actor.able else None

    def finish(self, actor: Actor) -> None:
        """What it began to say is said; see ``messages``."""
        raise NotImplementedError

    def _able(self, number: int) -> Actor | None:
        able = [actor for actor in self.actors if actor.able]
        return able[number % len(able)] if able else None

    def _mended(self) -> Actor:
        """Nobody can say anything any more: the operator sees to it."""
        self.broker.node.memory_limit_bytes = 2**40
        self.operate(lambda: self.broker.admin.set_permissions("guest", ".*", ".*", ".*", vhost="/"))
        if self._able(0) is None:
            self.connect("/", "guest", 0)
        actor = self._able(0)
        assert actor is not None, "nobody can say anything"
        return actor

    # -- what is said --------------------------------------------------------------------------------------------------

    def say(self, actor: Actor, channel: int, *methods) -> None:
        actor.client.send(channel, *methods)
        self.observe()

    def ask(self, actor: Actor, channel: int, method, reply: type):
        """The reply; None where the broker had none, but closed something."""
        client = actor.client
        client.send(channel, method)
        found = next((got for got in client._inbox if isinstance(got.method, reply) and got.channel == channel), None)
        self.observe()
        return found

    def observe(self) -> None:
        """Go through all that came, to anybody."""
        while True:
            for actor in self.actors:
                actor.collect()
            heard = [actor.hear_some() for actor in self.actors]
            if not any(heard):
                break
        for actor in self.actors:
            assert actor.stuck is None, f"{actor.stuck} was delivered and did not wait"
        self.actors = [actor for actor in self.actors if not actor.over]

    def all_read(self) -> None:
        """Whoever did not read does again."""
        for actor in self.actors:
            if not actor.client.reads:
                actor.client.start_reading()
        self.observe()

    def operate(self, work) -> None:
        """An operator's verb, which may be refused."""
        try:
            work()
        except Refused:
            pass
        with self.broker.turn():
            pass
        self.observe()

    # -- what is there -------------------------------------------------------------------------------------------------

    def connect(self, vhost: str, user: str, heartbeat: int) -> None:
        World.clients += 1
        # Small frames for some, so that bodies are cut.
        frame_max = 4096 if heartbeat else 131072
        client = self.broker.accept(frame_max=frame_max)
        client.send_bytes(b"AMQP\0\0\x09\x01")
        client.expect(Connection.Start)
        client.send(0, client.start_ok(user, user))
        got = client.frames()[0]
        if isinstance(got.method, Connection.Tune):
            client.send(0, Connection.TuneOk(2047, frame_max, heartbeat), Connection.Open(vhost))
            (got,) = client.frames()
        if isinstance(got.method, Connection.OpenOk):
            actor = Actor(client, vhost)
            self.actors.append(actor)
            self.say(actor, 1, Channel.Open())
        else:
            client.send(0, Connection.CloseOk())
            client.die()
            # Others may hear of it by the events' exchange.
            self.observe()

    def declare(self, actor: Actor, number: int, name: str) -> bool:
        """Whether it is there then."""
        method = Queue.Declare(
            queue=name,
            durable=name in ("durable", "r-quorum", "r-stream"),
            exclusive=name == "mine",
            auto_delete=name == "auto",
            arguments=RULED.get(name, {}),
        )
        there = self.ask(actor, number, method, Queue.DeclareOk) is not None
        if there and name in PLAIN:
            self.ledger.declared((actor.vhost, name))
        return there

    def existing(self, actor: Actor, number: int, name: str) -> str | None:
        """This queue, declared if need be, or another where it is somebody else's. None where it cannot be."""
        host = self.broker.node.vhosts[actor.vhost]
        found = host.queues.get(name)
        if found is not None and found.exclusive_owner not in (None, actor.client.session):
            return self.existing(actor, number, "plain")
        return name if found is not None or self.declare(actor, number, name) else None

    def declare_exchange(self, actor: Actor, number: int, name: str, kind: str) -> None:
        if name != "odd":
            kind = "fanout" if name == "all" else "topic"
        arguments = ODD_KINDS[kind] if name == "odd" else {}
        method = Exchange.Declare(exchange=name, durable=name == "topic", arguments=arguments)
        # Past pamqp's own check.
        method.exchange_type = kind
        self.say(actor, number, method)

    def exchanges_exist(self, actor: Actor, number: int, *names: str) -> bool:
        """Declared if need be; whether the channel is still there."""
        for name in names:
            there = self.broker.node.vhosts[actor.vhost].exchanges
            if name not in there and name in EXCHANGES and number in actor.channels:
                self.declare_exchange(actor, number, name, sorted(ODD_KINDS)[self.bodies % len(ODD_KINDS)])
        return number in actor.channels and actor.able
