"""A broker and up to five clients, of several users and virtual hosts, that do what clients do, right and wrong, in any
order; an operator changes policies, permissions and users under them, time goes on, memory runs out.

After each step: every frame was legal (``tests.referee``), every plain queue holds exactly what its clients know of
(``ledger``), publishes are confirmed. At the end, when all are gone, nothing is left (``tests.census``).
"""

import gc
import sys

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from tests.census import census
from tests.conversation import Channel, Connection, Queue
from tests.hostile.noise import frame
from tests.stateful.actor import Actor
from tests.stateful.messages import Messages
from tests.stateful.operating import Operating
from tests.stateful.topology import Topology
from tests.stateful.world import ACTORS_MAX, EXCHANGES, QUEUES, USERS, VHOSTS, World, actors, channels, users
from tests.stateful.wrongs import WRONGS

# Frames of anything, by kind.
_NOISES = {"a header of anything": 2, "a body of anything": 3, "a heartbeat of anything": 8}


class BrokerMachine(Topology, Messages, Operating):
    def __init__(self) -> None:
        self.census = census()
        super().__init__()

    @initialize()
    def set_up(self) -> None:
        admin = self.broker.admin
        admin.add_user("bob", "bob")
        admin.add_vhost("other")
        for vhost in VHOSTS:
            for user in USERS:
                admin.set_permissions(user, ".*", ".*", ".*", vhost=vhost)
        for vhost, user in (("/", "guest"), ("/", "bob"), ("other", "guest")):
            self.connect(vhost, user, 0)
        for actor in (self.actors[0], self.actors[2]):
            self._declare_all(actor)

    def _declare_all(self, actor: Actor) -> None:
        for name in QUEUES:
            self.declare(actor, 1, name)
        for name in EXCHANGES:
            self.declare_exchange(actor, 1, name, "x-delayed-message")
        for name in ("plain", "durable", "r-short", "r-ranked"):
            self.say(actor, 1, Queue.Bind(queue=name, exchange="all"))
            self.say(actor, 1, Queue.Bind(queue=name, exchange="topic", routing_key="a.*"))
        for name in ("plain", "durable", "r-quorum"):
            self.start_consumer(actor, 1, actor.channels[1], name, {"consumer_tag": name})

    # -- clients come and go -------------------------------------------------------------------------------------------

    @rule(vhost=st.sampled_from(("/", "/", "other")), user=users, heartbeat=st.sampled_from((0, 0, 10)))
    def somebody_connects(self, vhost: str, user: str, heartbeat: int) -> None:
        World.steps += 1
        if len(self.actors) < ACTORS_MAX:
            self.connect(vhost, user, heartbeat)

    @rule(who=actors, how=st.sampled_from(("dies", "dies in the midst of it", "says good-bye")))
    def leave(self, who: int, how: str) -> None:
        if how == "dies in the midst of it":
            World.steps += 1
            begun = [actor for actor in self.actors if actor.rest]
            actor = begun[0] if begun else None
        else:
            actor = self.actor(who)
        if actor is None or len(self.actors) < 2:
            return
        if how == "says good-bye":
            self.say(actor, 0, Connection.Close(200, "Goodbye", 0, 0))
        actor.leave()
        self.observe()

    @rule(who=actors, channel=channels, opens=st.booleans())
    def with_a_channel(self, who: int, channel: int, opens: bool) -> None:
        if opens:
            actor = self.actor(who)
            if actor is not None and channel not in actor.channels:
                self.say(actor, channel, Channel.Open())
        elif found := self.on(who, channel):
            self.say(*found[:2], Channel.Close(200, "", 0, 0))

    @rule(who=actors, stops=st.booleans())
    def read(self, who: int, stops: bool) -> None:
        """One does not empty its socket for a while."""
        if stops:
            actor = self.actor(who)
            if actor is not None and not _takes_for_good(actor):
                actor.client.reads = False
        else:
            World.steps += 1
            self.all_read()

    @rule(who=actors)
    def beat(self, who: int) -> None:
        actor = self.actor(who)
        if actor is not None:
            actor.client.send_bytes(b"\x08\0\0\0\0\0\0\xce")
            self.observe()

    # -- wrong ---------------------------------------------------------------------------------------------------------

    @rule(who=actors, channel=channels, what=st.sampled_from((*sorted(WRONGS), *_NOISES)), noise=st.binary(max_size=20))
    def do_wrong(self, who: int, channel: int, what: str, noise: bytes) -> None:
        found = self.on(who, channel)
        if not found or (found[2].transactional and what == "a transaction nobody began"):
            return
        actor, number, _ = found
        actor.client.referee = None
        before = actor.client.session.connection.state
        actor.client.send_bytes(frame(_NOISES[what], number, noise) if what in _NOISES else WRONGS[what](number))
        self.observe()
        hurt = number not in actor.channels or actor.client.session.connection.state is not before
        assert hurt, f"{what} was taken"

    # -- what must hold ------------------------------------------------------------------------------------------------

    @invariant()
    def nothing_is_lost_or_made_up(self) -> None:
        self.ledger.check()
        node = self.broker.node
        assert len(node.sessions) == len(self.actors), "sessions without clients"
        assert node.gauge.bytes > -1

    @invariant()
    def publishes_are_confirmed(self) -> None:
        for actor in self.actors:
            if actor.rest or not actor.client.reads or actor.client.referee is None:
                continue
            for number, state in actor.channels.items():
                seen = actor.client.referee.channel(number)
                if state.confirming:
                    assert seen.confirmed_below == seen.published + 1, "a publish without its confirm"
                assert list(seen.unsettled) == list(state.unsettled)

    # -- the end -------------------------------------------------------------------------------------------------------

    def teardown(self) -> None:
        if sys.exc_info()[0] is not None:
            # Something broke before; what is left says nothing then.
            return
        self._end_all()
        self._delete_everything()
        self._check_empty()
        del self.broker, self.ledger, self.actors
        gc.collect()
        left = census() - self.census
        assert not left, f"still alive: {dict(left)}"

    def _end_all(self) -> None:
        for actor in list(self.actors):
            actor.leave()
            self.observe()

    def _delete_everything(self) -> None:
        admin = self.broker.admin
        self.operate(lambda: admin.delete_vhost("other"))
        self.operate(lambda: admin.trace_off(vhost="/"))
        with self.broker.turn() as turn:
            host = self.broker.node.vhosts["/"]
            for queue in list(host.queues.values()):
                host.delete_queue(queue, turn)
            for name in list(host.exchanges):
                if name and not name.startswith("amq."):
                    host.delete_exchange(name, if_unused=False, turn=turn)
        self.broker.advance(100_000)

    def _check_empty(self) -> None:
        node, backlog = self.broker.node, self.broker.node.backlog
        assert abs(node.gauge.bytes) < 1, f"{node.gauge.bytes} bytes are held of nothing"
        left = (backlog.queues, backlog.outboxes, backlog.unread, backlog.chores, backlog.unwritten)
        assert not any(left), left
        assert node.next_deadline() is None


def _takes_for_good(actor: Actor) -> bool:
    """Whether it has a consumer without acks: what such a one does not read the model cannot know of."""
    return any(no_ack for state in actor.channels.values() for _, no_ack in state.consumers.values())
