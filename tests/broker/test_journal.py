"""What a virtual host tells its journal, and how it comes back from what a journal was told."""

import time

import pytest

from broker.store.definition_state import BindingDefinition, ExchangeDefinition, QueueDefinition, State
from broker.vhost import VirtualHost
from protocol.amqp.tables import Short
from tests.broker.fakes import TURN, FakeQueue

ME = object()


class Diary:
    """A journal that keeps what it is told, in words, and as a State."""

    def __init__(self):
        self.told = []
        self.state = State()

    def exchange_declared(self, exchange):
        assert exchange.vhost == "/"
        flags = "auto-delete " * exchange.auto_delete + "internal " * exchange.internal
        self.told.append(f"+ {flags}{exchange.kind} {exchange.name} {exchange.arguments}")
        self.state.declare_exchange(exchange)

    def exchange_deleted(self, vhost, name):
        assert vhost == "/"
        self.told.append(f"- exchange {name}")
        assert self.state.delete_exchange(vhost, name)

    def queue_declared(self, queue):
        assert queue.vhost == "/"
        self.told.append(f"+ {'auto-delete ' * queue.auto_delete}queue {queue.name} {queue.log_id} {queue.arguments}")
        self.state.declare_queue(queue)

    def queue_deleted(self, vhost, name):
        assert vhost == "/"
        self.told.append(f"- queue {name}")
        assert self.state.delete_queue(vhost, name)

    def bound(self, binding):
        self.told.append(f"+ {self._words(binding)}")
        assert self.state.bind(binding)

    def unbound(self, binding):
        self.told.append(f"- {self._words(binding)}")
        assert self.state.unbind(binding)

    def _words(self, binding):
        assert binding.vhost == "/"
        what = "exchange" if binding.to_exchange else "queue"
        return f"{binding.source} -> {what} {binding.destination} {binding.routing_key!r} {binding.arguments}"

    def policy_set(self, policy):
        assert policy.vhost == "/"
        self.told.append(f"+ {'operator ' * policy.operator}policy {policy.name} {policy.definition}")
        self.state.set_policy(policy)

    def policy_cleared(self, vhost, name, *, operator):
        assert vhost == "/"
        self.told.append(f"- {'operator ' * operator}policy {name}")
        assert self.state.clear_policy(vhost, name, operator=operator)

    def vhost_set(self, name, metadata):
        self.told.append(f"+ vhost {name} {metadata}")
        self.state.set_vhost(name, metadata)

    def take(self):
        told, self.told = self.told, []
        return told


class NumberedQueue(FakeQueue):
    """Durable ones have logs: the first one's is 1."""

    count = 0

    def __init__(self, name, durable, *properties):
        super().__init__(name, durable, *properties)
        if durable:
            NumberedQueue.count += 1
            self.log_id = NumberedQueue.count


@pytest.fixture
def diary():
    return Diary()


@pytest.fixture
def vhost(diary):
    NumberedQueue.count = 0
    return VirtualHost("/", make_queue=NumberedQueue, random_bytes=bytes, journal=diary)


def queue(vhost, name="q", **properties):
    properties = {"durable": True, "exclusive": False, "auto_delete": False, "arguments": {}, **properties}
    return vhost.declare_queue(name, owner=ME, **properties)[0]


def exchange(vhost, name="x", kind="direct", **properties):
    properties = {"durable": True, "auto_delete": False, "internal": False, "arguments": {}, **properties}
    return vhost.declare_exchange(name, kind, **properties)


# What is told.


def test_nothing_is_told_of_what_is_there_from_the_start(vhost, diary):
    exchange(vhost, "amq.topic", "topic")
    assert diary.told == []


def test_durable_exchanges(vhost, diary):
    exchange(vhost, "x", "topic", arguments={"alternate-exchange": "ae"})
    exchange(vhost, "x", "topic", arguments={"alternate-exchange": "ae"})
    exchange(vhost, "y", "fanout", auto_delete=True, internal=True)
    exchange(vhost, "volatile", durable=False)
    assert diary.take() == ["+ topic x {'alternate-exchange': 'ae'}", "+ auto-delete internal fanout y {}"]
    for name in ("x", "volatile", "x"):
        vhost.delete_exchange(name, if_unused=False)
    assert diary.take() == ["- exchange x"]


def test_durable_queues(vhost, diary):
    first = queue(vhost, "q", arguments={"x-expires": 5})
    queue(vhost, "q", arguments={"x-expires": 5})
    second = queue(vhost, "", auto_delete=True)
    queue(vhost, "volatile", durable=False)
    queue(vhost, "mine", exclusive=True)
    assert diary.take() == ["+ queue q 1 {'x-expires': 5}", f"+ auto-delete queue {second.name} 2 {{}}"]
    vhost.delete_queue(first, TURN)
    vhost.delete_queue(first, TURN)
    second.ever_consumed = True
    vhost.queue_unused(second, TURN)
    vhost.delete_queue(vhost.queues["volatile"], TURN)
    vhost.delete_owned(ME, TURN)
    assert diary.take() == ["- queue q", f"- queue {second.name}"]


def test_a_queue_is_told_gone_before_its_consumers_are(vhost, diary):
    deleted = queue(vhost)
    diary.take()
    deleted.on_delete = lambda: diary.told.append("consumers")
    vhost.delete_queue(deleted, TURN)
    assert diary.take() == ["- queue q", "consumers"]


@pytest.mark.parametrize("source", ["x", "amq.topic"])
def test_bindings_to_queues(vhost, diary, source):
    exchange(vhost, "x", "topic")
    queue(vhost)
    diary.take()
    for _ in range(2):
        vhost.bind_queue(source, "q", "a.#", {"one": Short(1), "two": 2}, ME)
    vhost.bind_queue(source, "q", "", {}, ME)
    assert diary.take() == [f"+ {source} -> queue q 'a.#' {{'one': 1, 'two': 2}}", f"+ {source} -> queue q '' {{}}"]
    vhost.unbind_queue(source, "q", "never", {}, ME)
    for _ in range(2):
        vhost.unbind_queue(source, "q", "a.#", {"two": 2, "one": Short(1)}, ME)
    # As it was bound, whatever the words of the client that unbound it.
    assert diary.take() == [f"- {source} -> queue q 'a.#' {{'one': 1, 'two': 2}}"]


@pytest.mark.parametrize(("source", "destination"), [("x", "y"), ("x", "x"), ("amq.topic", "amq.fanout")])
def test_bindings_to_exchanges(vhost, diary, source, destination):
    exchange(vhost, "x")
    exchange(vhost, "y")
    diary.take()
    for _ in range(2):
        vhost.bind_exchange(source, destination, "k", {})
    assert diary.take() == [f"+ {source} -> exchange {destination} 'k' {{}}"]
    vhost.unbind_exchange(source, destination, "never", {})
    for _ in range(2):
        vhost.unbind_exchange(source, destination, "k", {})
    assert diary.take() == [f"- {source} -> exchange {destination} 'k' {{}}"]


@pytest.mark.parametrize(("source", "destination"), [("volatile", "x"), ("x", "volatile"), ("volatile", "volatile")])
def test_a_binding_is_durable_only_if_both_its_ends_are(vhost, diary, source, destination):
    for name in ("x", "volatile"):
        exchange(vhost, name, durable=name == "x")
        queue(vhost, name, durable=name == "x")
    diary.take()
    vhost.bind_queue(source, destination, "", {}, ME)
    vhost.bind_exchange(source, destination, "", {})
    vhost.unbind_queue(source, destination, "", {}, ME)
    vhost.unbind_exchange(source, destination, "", {})
    assert diary.take() == []


def chain(vhost, diary, durable=(True, True, True)):
    """a -> b -> c -> q, auto-delete exchanges all."""
    for name, keep in zip("abc", durable, strict=True):
        exchange(vhost, name, "fanout", auto_delete=True, durable=keep)
    queue(vhost)
    vhost.bind_exchange("a", "b", "", {})
    vhost.bind_exchange("b", "c", "", {})
    vhost.bind_queue("c", "q", "", {}, ME)
    diary.take()


def test_auto_delete_exchanges_that_go_with_a_queue(vhost, diary):
    chain(vhost, diary)
    vhost.delete_queue(vhost.queues["q"], TURN)
    assert diary.take() == ["- queue q", "- exchange c", "- exchange b", "- exchange a"]
    assert not any((diary.state.exchanges, diary.state.queues, diary.state.bindings))


def test_auto_delete_exchanges_that_go_with_a_binding(vhost, diary):
    chain(vhost, diary)
    vhost.unbind_queue("c", "q", "", {}, ME)
    assert diary.take() == ["- c -> queue q '' {}", "- exchange c", "- exchange b", "- exchange a"]
    assert not diary.state.bindings


def test_auto_delete_exchanges_that_go_with_an_exchange(vhost, diary):
    chain(vhost, diary)
    vhost.unbind_exchange("a", "b", "", {})
    assert diary.take() == ["- a -> exchange b '' {}", "- exchange a"]
    vhost.delete_exchange("c", if_unused=False)
    assert diary.take() == ["- exchange c", "- exchange b"]
    assert not diary.state.bindings


def test_durable_exchanges_that_go_with_a_volatile_queue(vhost, diary):
    chain(vhost, diary, durable=(True, False, True))
    vhost.delete_queue(vhost.queues["q"], TURN)
    assert diary.take() == ["- queue q", "- exchange c", "- exchange a"]
    exchange(vhost, "x", auto_delete=True)
    queue(vhost, "volatile", durable=False)
    diary.take()
    vhost.bind_queue("x", "volatile", "", {}, ME)
    vhost.delete_queue(vhost.queues["volatile"], TURN)
    assert diary.take() == ["- exchange x"]


# Coming back.


def restored(state, name="/"):
    vhost = VirtualHost(name, make_queue=FakeQueue, random_bytes=bytes, journal=None)
    refusals = vhost.restore(state, made_again)
    return vhost, refusals


def made_again(definition, effective):
    queue = FakeQueue(definition.name, True, definition.auto_delete, None, definition.arguments, effective)
    queue.log_id = definition.log_id
    return queue


def durable_part(vhost):
    """All that is durable in a virtual host, as it stands."""
    exchanges = {
        (each.name, each.kind, each.auto_delete, each.internal, repr(each.arguments))
        for each in vhost.exchanges.values()
        if each.durable
    }
    queues = {
        (each.name, each.log_id, each.auto_delete, repr(each.arguments))
        for each in vhost.queues.values()
        if each.durable
    }
    bindings = {
        (source.name, type(each.destination).__name__, each.destination.name, each.routing_key, repr(each.arguments))
        for source in vhost.exchanges.values()
        for each in source.bindings.values()
        if source.durable and each.destination.durable
    }
    return exchanges, queues, {(source, kind.replace("Numbered", "Fake"), *rest) for source, kind, *rest in bindings}


def test_it_comes_back_as_it_was(vhost, diary):
    chain(vhost, diary)
    exchange(vhost, "x", "topic", internal=True, arguments={"alternate-exchange": "amq.fanout"})
    vhost.bind_exchange("amq.topic", "x", "#", {})
    given = queue(vhost, "")
    vhost.bind_queue("x", given.name, "a.*", {"deep": {"er": [1, None]}}, ME)
    vhost.bind_queue("amq.headers", "q", "", {"x-match": "any", "fur": "brown"}, ME)
    exchange(vhost, "volatile", durable=False)
    queue(vhost, "volatile", durable=False)
    vhost.bind_queue("amq.direct", "volatile", "", {}, ME)
    again, refusals = restored(diary.state)
    assert refusals == []
    assert durable_part(again) == durable_part(vhost)
    assert again.exchange("x").alternate == "amq.fanout"
    # It lives on: what belongs together still goes together.
    again.delete_queue(again.queues["q"], TURN)
    assert not {"a", "b", "c"} & set(again.exchanges)
    assert [each.name for each in again.route("x", "a.b", None).queues] == [given.name]


def test_restoring_is_not_told(vhost, diary):
    chain(vhost, diary)
    other = Diary()
    again = VirtualHost("/", make_queue=FakeQueue, random_bytes=bytes, journal=other)
    assert again.restore(diary.state, made_again) == []
    assert other.told == []


def test_only_what_belongs_to_the_virtual_host_comes_back(vhost, diary):
    chain(vhost, diary)
    other, refusals = restored(diary.state, "other")
    assert refusals == []
    assert durable_part(other) == durable_part(VirtualHost("other", make_queue=FakeQueue, random_bytes=bytes))


def test_what_cannot_be_used_is_named():
    state = State()
    plain = {"auto_delete": False, "arguments": {}}
    state.declare_exchange(ExchangeDefinition("/", "odd", "x-odd", internal=False, **plain))
    state.declare_exchange(ExchangeDefinition("/", "amq.direct", "fanout", internal=False, **plain))
    state.declare_queue(QueueDefinition("/", "q", 1, **plain))
    for source, destination, to_exchange, key, arguments in (
        ("odd", "q", False, "k", {}),
        ("amq.topic", "odd", True, "k", {}),
        ("amq.topic", "gone", False, "k", {}),
        ("amq.headers", "q", False, "", {"x-match": "some"}),
        ("amq.direct", "q", False, "good", {}),
    ):
        state.bind(
            BindingDefinition("/", source, destination, to_exchange=to_exchange, routing_key=key, arguments=arguments)
        )
    again, refusals = restored(state)
    missing = "was not restored: an end of it is missing"
    assert refusals[:5] == [
        "exchange 'odd' in vhost '/' was not restored: unknown exchange type 'x-odd'",
        "exchange 'amq.direct' in vhost '/' was not restored: there is one",
        f"the binding from exchange 'odd' to queue 'q' in vhost '/' with key 'k' {missing}",
        f"the binding from exchange 'amq.topic' to exchange 'odd' in vhost '/' with key 'k' {missing}",
        f"the binding from exchange 'amq.topic' to queue 'gone' in vhost '/' with key 'k' {missing}",
    ]
    assert refusals[5].startswith(
        "the binding from exchange 'amq.headers' to queue 'q' in vhost '/' with key '' was not restored: "
        'PRECONDITION_FAILED - Invalid x-match field value <<"some">>;'
    )
    assert len(refusals) == 6
    assert [each.name for each in again.route("amq.direct", "good", None).queues] == ["q"]


def test_bindings_of_what_could_not_be_restored_do_not_fall_to_what_comes_under_its_name():
    state = State()
    diary = Diary()
    diary.state = state
    state.declare_exchange(ExchangeDefinition("/", "odd", "x-odd", auto_delete=False, internal=False, arguments={}))
    state.declare_queue(QueueDefinition("/", "q", 1, auto_delete=False, arguments={}))
    state.bind(BindingDefinition("/", "odd", "q", to_exchange=False, routing_key="k", arguments={}))
    vhost = VirtualHost("/", make_queue=FakeQueue, random_bytes=bytes, journal=diary)
    assert len(vhost.restore(state, made_again)) == 2
    exchange(vhost, "odd", "direct")
    assert diary.told == ["+ direct odd {}"]
    again, refusals = restored(state)
    assert refusals == []
    assert not again.exchange("odd").has_bindings


def test_thousands_come_back_in_a_fraction_of_a_second():
    state = State()
    for number in range(10_000):
        name = f"tasks.{number}"
        state.declare_queue(
            QueueDefinition("/", name, number + 1, auto_delete=False, arguments={"x-message-ttl": 60_000})
        )
        state.bind(
            BindingDefinition("/", "amq.topic", name, to_exchange=False, routing_key=name, arguments={"fur": "brown"})
        )
    begin = time.process_time()
    vhost, refusals = restored(state)
    # 0.09 s on the machine it was written on.
    assert time.process_time() - begin < 1
    assert refusals == []
    assert len(vhost.queues) == len(vhost.exchange("amq.topic").bindings) == 10_000
