"""What holds for every kind: bindings are a set, and a destination is found once."""

import pytest

from broker.exchanges import KINDS
from broker.exchanges.binding import Binding
from broker.exchanges.default import DefaultExchange
from tests.broker.exchanges.views import view

# These take every key and lead to all that is bound under it.
TO_ALL = ("direct", "fanout", "headers", "topic", "x-recent-history")


class Queue:
    kind = "classic"

    def __init__(self, name="q"):
        self.name = name


def found(exchange, key="", **message):
    return list(exchange.find([key], view(**message)))


@pytest.fixture(params=KINDS)
def exchange(request):
    return KINDS[request.param]("x")


@pytest.fixture(params=TO_ALL)
def to_all(request):
    return KINDS[request.param]("x")


def test_the_same_binding_again_is_no_new_one(exchange):
    queue = Queue()
    assert exchange.bind(Binding("x", queue, "k", {"a": None, "b": 1}))
    assert not exchange.bind(Binding("x", queue, "k", {"b": 1, "a": None}))
    assert exchange.unbind(Binding("x", queue, "k", {"a": None, "b": 1}))
    assert not exchange.has_bindings


@pytest.mark.parametrize("other", [{"a": 1.0}, {"a": True}, {"a": "1"}, {}, {"a": 1, "b": None}])
def test_other_arguments_make_another_binding(exchange, other):
    queue = Queue()
    assert exchange.bind(Binding("x", queue, "k", {"a": 1}))
    assert exchange.bind(Binding("x", queue, "k", other))
    assert len(exchange.bindings) == 2


def test_another_key_makes_another_binding(exchange):
    queue = Queue()
    assert exchange.bind(Binding("x", queue, "k"))
    assert exchange.bind(Binding("x", queue, "l"))


def test_unbinding_what_is_not_bound_does_nothing(exchange):
    queue = Queue()
    exchange.bind(Binding("x", queue, "1"))
    assert not exchange.unbind(Binding("x", queue, "2"))
    assert not exchange.unbind(Binding("x", Queue(), "1"))
    assert found(exchange, "1") == [queue]


def test_a_destination_stays_until_its_last_binding_goes(exchange):
    queue = Queue()
    exchange.bind(Binding("x", queue, "1", {"x-one": 1}))
    exchange.bind(Binding("x", queue, "1", {"x-two": 2}))
    assert found(exchange, "1") == [queue]
    exchange.unbind(Binding("x", queue, "1", {"x-one": 1}))
    assert found(exchange, "1") == [queue]
    exchange.unbind(Binding("x", queue, "1", {"x-two": 2}))
    assert found(exchange, "1") == []


def test_destinations_come_in_the_order_they_were_bound(to_all):
    queues = [Queue(str(number)) for number in range(20)]
    for queue in queues:
        to_all.bind(Binding("x", queue, "k"))
    assert found(to_all, "k") == queues


def test_of_several_keys_each_destination_comes_once(to_all):
    one, two = Queue("one"), Queue("two")
    for key in "ab":
        to_all.bind(Binding("x", one, key))
    to_all.bind(Binding("x", two, "b"))
    assert list(to_all.find(["a", "b"], view())) == [one, two]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in TO_ALL])
def test_the_others_choose_one(kind):
    exchange = KINDS[kind]("x")
    queues = [Queue(str(number)) for number in range(20)]
    for queue in queues:
        exchange.bind(Binding("x", queue, "1"))
    chosen = {exchange_chose for key in map(str, range(500)) for (exchange_chose,) in [found(exchange, key)]}
    assert chosen == set(queues)
    assert len(list(exchange.find(["a", "b", "c"], view()))) == 1


def test_100_000_bindings_of_one_exchange(exchange):
    # A kind that scanned or copied all bindings at each bind would do 10^10 steps here, not 10^5.
    queues = [Queue(str(number)) for number in range(1, 100_001)]
    for queue in queues:
        exchange.bind(Binding("x", queue, queue.name, {"number": queue.name}))
    assert found(exchange, "77", headers={"number": "77"})
    for queue in queues:
        exchange.unbind(Binding("x", queue, queue.name, {"number": queue.name}))
    assert not exchange.has_bindings


def test_direct_compares_whole_keys():
    exchange, queue = KINDS["direct"]("x"), Queue()
    exchange.bind(Binding("x", queue, "a.*"))
    assert found(exchange, "a.*") == [queue]
    assert found(exchange, "a.b") == found(exchange, "A.*") == found(exchange, "") == []


def test_fanout_ignores_keys():
    exchange, queue = KINDS["fanout"]("x"), Queue()
    exchange.bind(Binding("x", queue, "a"))
    assert found(exchange, "anything") == [queue]


def test_the_default_exchange_finds_queues_by_name():
    queue = Queue("jobs")
    exchange = DefaultExchange({"jobs": queue}.get)
    assert found(exchange, "jobs") == [queue]
    assert found(exchange, "Jobs") == []
    assert not exchange.has_bindings
