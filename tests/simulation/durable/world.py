"""World: a node on its disk, the clients, the models, the log of steps: what the other files of this folder share."""

from collections import Counter
from contextlib import contextmanager
from random import Random

import broker.node
import broker.session.session
from broker.session.outbox import Outbox
from broker.store.committing import Committing
from tests.conversation import Broker
from tests.simulation.durable.actor import Actor, WatchedOutbox
from tests.simulation.durable.disk import Disk
from tests.simulation.durable.topology import Topology


class Broken(AssertionError):
    """The node broke a promise."""


class World:
    """``observer`` is told when a look at what the broker wrote is due; it is set by the maker."""

    observer = None

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.random = Random(seed)
        self.disk = Disk(self.random)
        self.now = 1000.0
        self.durability = "fsync"
        self.broker: Broker | None = None
        self.actors: list[Actor] = []
        self.topology = Topology()
        # Models of everything that ever had a log, by its name.
        self.logged: dict[str, object] = {}
        self.sizes: dict[str, int] = {}
        # What was written with other sizes is still there.
        self.largest_chunk = 0
        self.messages = 0
        # What all its runs went through, in numbers.
        self.tally: Counter[str] = Counter()
        self.log: list[str] = []
        # Whether the models follow what the node commits.
        self.follows = False

    @property
    def vhost(self):
        return self.broker.node.vhosts["/"]

    @property
    def committing(self) -> "WatchedCommitting":
        return self.broker.node.committing

    def say(self, text: str) -> None:
        self.log.append(text)

    def queue(self, model):
        """The broker's queue."""
        return self.broker.queue(model.name)

    def name(self, actor: Actor) -> str:
        """For people."""
        return f"client {actor.number}"

    def store_next_log_id(self) -> int:
        """What the next queue's log will be called."""
        return self.broker.store.definitions.state.next_log_id

    # -- what the node commits -----------------------------------------------------------------------------------------

    def safety_of(self, logged):
        """How far the history behind this log is safe; None where nobody cares any more."""
        name = logged.log.name
        if name == "d":
            return self.topology.safety
        return self.logged[name].safety

    def make_committing(self, backlog) -> "WatchedCommitting":
        committing = WatchedCommitting(backlog)
        committing.world = self
        return committing


class WatchedCommitting(Committing):
    """Tells the models what is on its way, and what is safe before anybody else hears of it."""

    world: World

    def take(self, turn):
        world = self.world
        if world.follows:
            world.observer.observe()
        batch = super().take(turn)
        if world.follows and batch is not None:
            for logged, _, _ in batch.results():
                world.safety_of(logged).take()
        return batch

    def finished(self, batch, turn) -> None:
        if self.world.follows:
            for logged, _, error in batch.results():
                if error is None:
                    self.world.safety_of(logged).finish()
        super().finished(batch, turn)


@contextmanager
def watched(world: World):
    """Within it every node is watched, for this world."""
    broker.node.Committing = world.make_committing
    broker.session.session.Outbox = WatchedOutbox
    try:
        yield
    finally:
        broker.node.Committing = Committing
        broker.session.session.Outbox = Outbox
