"""What holds for every kind: bindings are a set, and a destination is found once."""

import pytest

from broker.exchanges import KINDS
from broker.exchanges.binding import Binding
from broker.exchanges.default import DefaultExchange


class Queue:
    def __init__(self, name="q"):
        self.name = name


def found(exchange, key=""):
    return list(exchange.match(key, dict))


@pytest.fixture(params=KINDS)
def exchange(request):
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
    exchange.bind(Binding("x", queue, "k"))
    assert not exchange.unbind(Binding("x", queue, "other"))
    assert not exchange.unbind(Binding("x", Queue(), "k"))
    assert found(exchange, "k") == [queue]


def test_a_destination_stays_until_its_last_binding_goes(exchange):
    queue = Queue()
    exchange.bind(Binding("x", queue, "k", {"x-one": 1}))
    exchange.bind(Binding("x", queue, "k", {"x-two": 2}))
    assert found(exchange, "k") == [queue]
    exchange.unbind(Binding("x", queue, "k", {"x-one": 1}))
    assert found(exchange, "k") == [queue]
    exchange.unbind(Binding("x", queue, "k", {"x-two": 2}))
    assert found(exchange, "k") == []


def test_destinations_come_in_the_order_they_were_bound(exchange):
    queues = [Queue(str(number)) for number in range(20)]
    for queue in queues:
        exchange.bind(Binding("x", queue, "k"))
    assert found(exchange, "k") == queues


def test_100_000_bindings_of_one_exchange(exchange):
    # A kind that scanned or copied all bindings at each bind would do 10^10 steps here, not 10^5.
    queues = [Queue(str(number)) for number in range(100_000)]
    for queue in queues:
        exchange.bind(Binding("x", queue, queue.name, {"number": queue.name}))
    assert queues[77] in found(exchange, "77") or exchange.reads_headers
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
