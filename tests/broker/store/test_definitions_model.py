"""Definitions against a naive model, and a virtual host against itself after a restart."""

from copy import deepcopy
from random import Random

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from broker.store import definitions as module
from broker.store.definition_state import BindingDefinition, ExchangeDefinition, PolicyDefinition, QueueDefinition
from broker.store.definitions import Definitions
from broker.store.journal import DefinitionsJournal
from broker.vhost import VirtualHost
from protocol.amqp.errors import SoftError
from tests.broker.fakes import TURN, FakeQueue
from tests.protocol.typed_tables import all_tables, typed
from tests.streams.faulty import FaultyFiles

FOLDER = "data"
vhosts = st.sampled_from(["/", "other"])
names = st.sampled_from(["a", "b", "", "é" * 127 + "x", "\udcff"])
# More exchanges are bound than declared: predeclared ones never are.
sources = names | st.sampled_from(["amq.topic"])
few_tables = st.sampled_from([{}, {"a": 1}, {"a": "1", "b": True}]) | all_tables


def opened(files):
    return Definitions.open(files, FOLDER, salt=7, durability="fsync")


def commit(definitions):
    while (pending := definitions.writer.take_pending()) is not None:
        pending.perform()
        definitions.writer.committed(pending)


class Model:
    """Lists, searched from end to end."""

    def __init__(self):
        self.exchanges = []
        self.queues = []
        self.bindings = []
        self.policies = {}
        self.vhosts = {}
        self.users = {}
        self.permissions = {}
        self.topic_permissions = {}
        self.next_log_id = 1
        self.marks = None
        self.generation = 0

    def without_exchange(self, key):
        self.exchanges = [each for each in self.exchanges if each[:2] != key]
        self.bindings = [
            each for each in self.bindings if (each[0], each[1]) != key and not (each[3] and (each[0], each[2]) == key)
        ]

    def without_queue(self, key):
        self.queues = [each for each in self.queues if each[:2] != key]
        self.bindings = [each for each in self.bindings if each[3] or (each[0], each[2]) != key]

    def without_vhost(self, vhost):
        self.vhosts.pop(vhost, None)
        self.exchanges = [each for each in self.exchanges if each[0] != vhost]
        self.queues = [each for each in self.queues if each[0] != vhost]
        self.bindings = [each for each in self.bindings if each[0] != vhost]
        self.policies = {key: each for key, each in self.policies.items() if key[0] != vhost}
        self.without_permissions(lambda key: key[1] == vhost)

    def without_permissions(self, gone):
        self.permissions = {key: each for key, each in self.permissions.items() if not gone(key)}
        self.topic_permissions = {key: each for key, each in self.topic_permissions.items() if not gone(key)}


def by_name(arguments):
    """The same for arguments in any order; NaN aside, types and values tell them apart as the model needs it."""
    return repr(sorted(typed(arguments)[1], key=repr))


class Machine(RuleBasedStateMachine):
    @initialize(segment_bytes=st.sampled_from([1, 300, 3000]))
    def begin(self, segment_bytes):
        module.SEGMENT_BYTES = segment_bytes
        self.files = FaultyFiles(Random(0))
        self.definitions = opened(self.files)
        self.model = Model()
        self.safe = deepcopy(self.model)

    @rule(vhost=vhosts, name=names, kind=names, auto=st.booleans(), internal=st.booleans(), arguments=few_tables)
    def declare_exchange(self, vhost, name, kind, auto, internal, arguments):
        self.model.without_exchange((vhost, name))
        self.model.exchanges.append((vhost, name, kind, auto, internal, repr(typed(arguments))))
        definition = ExchangeDefinition(vhost, name, kind, auto_delete=auto, internal=internal, arguments=arguments)
        self.definitions.exchange_declared(definition, 1)

    @rule(vhost=vhosts, name=names)
    def delete_exchange(self, vhost, name):
        self.model.without_exchange((vhost, name))
        self.definitions.exchange_deleted(vhost, name, 1)

    @rule(vhost=vhosts, name=names, auto=st.booleans(), arguments=few_tables)
    def declare_queue(self, vhost, name, auto, arguments):
        log_id = self.definitions.next_log_id()
        assert log_id == self.model.next_log_id
        self.model.next_log_id += 1
        self.model.without_queue((vhost, name))
        self.model.queues.append((vhost, name, log_id, auto, repr(typed(arguments))))
        self.definitions.queue_declared(QueueDefinition(vhost, name, log_id, auto_delete=auto, arguments=arguments), 1)

    @rule(vhost=vhosts, name=names)
    def delete_queue(self, vhost, name):
        self.model.without_queue((vhost, name))
        self.definitions.queue_deleted(vhost, name, 1)

    def link(self, vhost, source, destination, to_exchange, key, arguments):
        return BindingDefinition(
            vhost, source, destination, to_exchange=to_exchange, routing_key=key, arguments=arguments
        )

    @rule(vhost=vhosts, source=sources, destination=names, to=st.booleans(), key=names, arguments=few_tables)
    def bind(self, vhost, source, destination, to, key, arguments):
        binding = (vhost, source, destination, to, key, by_name(arguments))
        if binding not in self.model.bindings:
            self.model.bindings.append(binding)
        self.definitions.bound(self.link(vhost, source, destination, to, key, arguments), 1)

    @rule(vhost=vhosts, source=sources, destination=names, to=st.booleans(), key=names, arguments=few_tables)
    def unbind(self, vhost, source, destination, to, key, arguments):
        arguments = dict(reversed(arguments.items()))
        binding = (vhost, source, destination, to, key, by_name(arguments))
        self.model.bindings = [each for each in self.model.bindings if each != binding]
        self.definitions.unbound(self.link(vhost, source, destination, to, key, arguments), 1)

    @precondition(lambda self: self.model.bindings)
    @rule(data=st.data())
    def unbind_one_that_is_there(self, data):
        known = data.draw(st.sampled_from(list(self.definitions.state.bindings.values())))
        del self.model.bindings[list(self.definitions.state.bindings).index(known.identity)]
        self.definitions.unbound(known, 1)

    @rule(
        vhost=vhosts, name=names, operator=st.booleans(), priority=st.integers() | st.floats(-1, 1), most=st.integers(0)
    )
    def set_policy(self, vhost, name, operator, priority, most):
        said = {"pattern": name, "apply_to": "all", "priority": priority, "definition": {"max-length": most}}
        self.model.policies[vhost, operator, name] = said
        self.definitions.policy_set(PolicyDefinition(vhost, name, operator=operator, **said), 1)

    @rule(vhost=vhosts, name=names, operator=st.booleans())
    def clear_policy(self, vhost, name, operator):
        self.model.policies.pop((vhost, operator, name), None)
        self.definitions.policy_cleared(vhost, name, 1, operator=operator)

    @rule(vhost=vhosts, metadata=st.dictionaries(names, names, max_size=2))
    def set_vhost(self, vhost, metadata):
        self.model.vhosts[vhost] = metadata
        self.definitions.vhost_set(vhost, metadata, 1)

    @rule(vhost=vhosts)
    def delete_vhost(self, vhost):
        self.model.without_vhost(vhost)
        self.definitions.vhost_deleted(vhost, 1)

    @rule(name=names, said=st.dictionaries(names, names, max_size=2))
    def set_user(self, name, said):
        self.model.users[name] = {**said, "name": name}
        self.definitions.user_set({**said, "name": name}, 1)

    @rule(name=names)
    def delete_user(self, name):
        self.model.users.pop(name, None)
        self.model.without_permissions(lambda key: key[0] == name)
        self.definitions.user_deleted(name, 1)

    @rule(user=names, vhost=vhosts, pattern=names)
    def set_permissions(self, user, vhost, pattern):
        self.model.permissions[user, vhost] = {"write": pattern}
        self.definitions.permissions_set(user, vhost, {"write": pattern}, 1)

    @rule(user=names, vhost=vhosts)
    def clear_permissions(self, user, vhost):
        self.model.permissions.pop((user, vhost), None)
        self.definitions.permissions_cleared(user, vhost, 1)

    @rule(user=names, vhost=vhosts, exchange=names, pattern=names)
    def set_topic_permissions(self, user, vhost, exchange, pattern):
        self.model.topic_permissions[user, vhost, exchange] = {"read": pattern}
        self.definitions.topic_permissions_set(user, vhost, exchange, {"read": pattern}, 1)

    @rule(user=names, vhost=vhosts, exchange=names)
    def clear_topic_permissions(self, user, vhost, exchange):
        self.model.topic_permissions.pop((user, vhost, exchange), None)
        self.definitions.topic_permissions_cleared(user, vhost, exchange, 1)

    @rule()
    def start(self):
        self.model.marks = None
        self.model.generation += 1
        self.definitions.started(1)

    @rule(marks=st.dictionaries(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1), max_size=3))
    def stop(self, marks):
        self.model.marks = marks
        self.definitions.stopped(marks, 1)

    @rule()
    def roll(self):
        self.definitions.writer.roll()

    @rule()
    def commit(self):
        commit(self.definitions)
        self.safe = deepcopy(self.model)

    @rule(cut=st.booleans(), seed=st.integers(0, 1000))
    def die(self, cut, seed):
        """What was committed is there, what was not is gone: nothing is under way."""
        self.files = (self.files.after_power_cut if cut else self.files.after_kill)(Random(seed))
        self.definitions = opened(self.files)
        self.model = deepcopy(self.safe)

    @invariant()
    def agree(self):
        if not hasattr(self, "model"):
            return
        state, model = self.definitions.state, self.model
        assert {
            key: {name: getattr(each, name) for name in ("pattern", "apply_to", "priority", "definition")}
            for key, each in state.policies.items()
        } == model.policies
        assert list(state.policies) == list(model.policies)
        assert state.vhosts == model.vhosts
        assert state.users == model.users
        assert (state.permissions, state.topic_permissions) == (model.permissions, model.topic_permissions)
        assert [
            (each.vhost, each.name, each.kind, each.auto_delete, each.internal, repr(typed(each.arguments)))
            for each in state.exchanges.values()
        ] == model.exchanges
        assert [
            (each.vhost, each.name, each.log_id, each.auto_delete, repr(typed(each.arguments)))
            for each in state.queues.values()
        ] == model.queues
        assert [
            (each.vhost, each.source, each.destination, each.to_exchange, each.routing_key, by_name(each.arguments))
            for each in state.bindings.values()
        ] == model.bindings
        assert (state.next_log_id, state.marks, state.generation) == (model.next_log_id, model.marks, model.generation)
        assert not self.definitions.log.damages

    def teardown(self):
        module.SEGMENT_BYTES = SEGMENT_BYTES


SEGMENT_BYTES = module.SEGMENT_BYTES
Machine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestDefinitions = Machine.TestCase


# A virtual host that comes back.


class LoggedQueue(FakeQueue):
    """A queue of a broker with definitions: a durable one has a log."""

    def __init__(self, definitions, *properties):
        super().__init__(*properties)
        self.log_id = definitions.next_log_id() if self.durable else 0


class Broker:
    """As much of a node as definitions need. ``commits`` counts those that were due."""

    def __init__(self, files):
        self.definitions = opened(files)
        self.clock_ms = 0
        self.due = False
        self.vhost = VirtualHost(
            "/",
            make_queue=lambda *properties: LoggedQueue(self.definitions, *properties),
            random_bytes=Random(0).randbytes,
            journal=DefinitionsJournal(self.definitions, self.now_ms, self.touched),
        )
        self.refusals = self.vhost.restore(self.definitions.state, self.made_again)

    def now_ms(self):
        self.clock_ms += 1
        return self.clock_ms

    def touched(self):
        assert self.definitions.writer.has_work
        self.due = True

    def made_again(self, definition, effective):
        queue = FakeQueue(definition.name, True, definition.auto_delete, None, definition.arguments, effective)
        queue.log_id = definition.log_id
        return queue

    def durable_part(self):
        """All that a restart must leave as it is, bindings in the order of each exchange."""
        exchanges = [
            (each.name, each.kind, each.auto_delete, each.internal, typed(each.arguments))
            for each in self.vhost.exchanges.values()
            if each.durable
        ]
        queues = [
            (each.name, each.log_id, each.auto_delete, typed(each.arguments))
            for each in self.vhost.queues.values()
            if each.durable
        ]
        bindings = {
            source.name: [
                (each.destination.name, isinstance(each.destination, FakeQueue), each.routing_key, each.arguments)
                for each in source.bindings.values()
                if each.destination.durable
            ]
            for source in self.vhost.exchanges.values()
            if source.durable
        }
        return exchanges, queues, bindings


class Clients:
    """Random declares, binds and deletes, most of them of durable things."""

    def __init__(self, broker, random):
        self.broker = broker
        self.random = random

    def act(self):
        action = self.random.choice(
            (self.declare_exchange, self.declare_queue, self.bind, self.bind, self.bind, self.unbind, self.delete)
        )
        try:
            action()
        except SoftError:
            pass

    def exchange(self):
        return self.random.choice(("x1", "x2", "x3", "x4", "amq.topic", "amq.headers"))

    def queue(self):
        return self.random.choice(("q1", "q2", "q3"))

    def declare_exchange(self):
        random = self.random
        self.broker.vhost.declare_exchange(
            self.exchange(),
            random.choice(("direct", "fanout", "headers")),
            durable=random.random() < 0.8,
            auto_delete=random.random() < 0.6,
            internal=random.random() < 0.2,
            arguments=random.choice(({}, {"alternate-exchange": "x1"}, {"own": [1, None]})),
        )

    def declare_queue(self):
        random = self.random
        self.broker.vhost.declare_queue(
            random.choice((self.queue(), self.queue(), self.queue(), "")),
            durable=random.random() < 0.8,
            exclusive=random.random() < 0.2,
            auto_delete=random.random() < 0.3,
            arguments=random.choice(({}, {"x-expires": 5000})),
            owner=self,
        )

    def link(self):
        random = self.random
        to_exchange = random.random() < 0.5
        ends = (self.exchange(), self.exchange() if to_exchange else self.queue())
        return to_exchange, (*ends, random.choice(("", "k")), random.choice(({}, {"x-match": "any", "a": 1})))

    def bind(self):
        to_exchange, link = self.link()
        if to_exchange:
            self.broker.vhost.bind_exchange(*link)
        else:
            self.broker.vhost.bind_queue(*link, self)

    def unbind(self):
        to_exchange, link = self.link()
        if to_exchange:
            self.broker.vhost.unbind_exchange(*link)
        else:
            self.broker.vhost.unbind_queue(*link, self)

    def delete(self):
        if self.random.random() < 0.5:
            self.broker.vhost.delete_exchange(self.exchange(), if_unused=False)
        elif self.random.random() < 0.8:
            self.broker.vhost.delete_queue_named(self.queue(), self, if_unused=False, if_empty=False, turn=TURN)
        else:
            self.broker.vhost.delete_owned(self, TURN)


@pytest.mark.parametrize("first_seed", range(0, 200, 50))
def test_a_virtual_host_comes_back_as_it_was(monkeypatch, first_seed):
    monkeypatch.setattr(module, "SEGMENT_BYTES", 500)
    for seed in range(first_seed, first_seed + 50):
        random = Random(seed)
        broker = Broker(FaultyFiles(random))
        for _ in range(4):
            clients = Clients(broker, random)
            for _ in range(random.randrange(60)):
                before = broker.durable_part()
                broker.due = False
                clients.act()
                assert broker.due or broker.durable_part() == before
                if random.random() < 0.3:
                    commit(broker.definitions)
            before = broker.durable_part()
            commit(broker.definitions)
            broker = Broker(broker.definitions.log.files.after_power_cut(random))
            assert broker.refusals == []
            assert broker.durable_part() == before
