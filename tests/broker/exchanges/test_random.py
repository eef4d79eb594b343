"""x-random and x-local-random: one by chance, evenly; x-modulus-hash: one by the key."""

from collections import Counter

import pytest

from broker.exchanges.base import Exchange
from broker.exchanges.binding import Binding
from broker.exchanges.fanout import FanoutExchange
from broker.exchanges.local_random import LocalRandomExchange
from broker.exchanges.modulus_hash import ModulusHashExchange
from broker.exchanges.random import RandomExchange
from protocol.amqp.errors import SoftError
from tests.broker.exchanges.views import view


class Queue:
    def __init__(self, name, kind="classic"):
        self.name = name
        self.kind = kind


def filled(kind: type[Exchange], count, seed=1, key=""):
    exchange = kind("x", random_bytes=lambda n: bytes([seed] * n))
    queues = [Queue(str(number)) for number in range(count)]
    for queue in queues:
        exchange.bind(Binding("x", queue, key))
    return exchange, queues


def chosen(exchange, key="", count=1):
    return [destination for _ in range(count) for destination in exchange.find([key], view())]


@pytest.mark.parametrize("kind", [RandomExchange, LocalRandomExchange])
def test_evenly_and_otherwise_with_another_seed(kind):
    exchange, queues = filled(kind, 5)
    took = chosen(exchange, count=10_000)
    shares = Counter(took)
    assert set(shares) == set(queues)
    assert all(1800 < share < 2200 for share in shares.values())
    assert exchange.sees_messages
    again, queues = filled(kind, 5)
    assert [each.name for each in chosen(again, count=50)] == [each.name for each in took[:50]]
    other, queues = filled(kind, 5, seed=2)
    assert [each.name for each in chosen(other, count=50)] != [each.name for each in took[:50]]


@pytest.mark.parametrize("kind", [RandomExchange, LocalRandomExchange, ModulusHashExchange])
def test_who_is_unbound_is_not_chosen(kind):
    exchange, queues = filled(kind, 4)
    for gone in (queues[0], queues[3]):
        exchange.unbind(Binding("x", gone, ""))
    keys = map(str, range(200))
    assert {each for key in keys for each in chosen(exchange, key)} == {queues[1], queues[2]}
    for gone in (queues[1], queues[2]):
        exchange.unbind(Binding("x", gone, ""))
    assert chosen(exchange) == []


def test_bound_twice_comes_twice_as_often():
    exchange, queues = filled(RandomExchange, 2)
    exchange.bind(Binding("x", queues[0], "another"))
    assert Counter(chosen(exchange, count=3000))[queues[0]] == pytest.approx(2000, abs=150)


@pytest.mark.parametrize(
    ("destination", "key", "text"),
    [
        (Queue("q"), "k", "Non empty binding 'k' key not permitted"),
        (Queue("q", "quorum"), "", "Queue type rabbit_quorum_queue not valid for this exchange type"),
        (Queue("q", "stream"), "", "Queue type rabbit_stream_queue not valid for this exchange type"),
        (FanoutExchange("f"), "", "Destination not found"),
    ],
)
def test_what_local_random_does_not_take(destination, key, text):
    with pytest.raises(SoftError) as raised:
        LocalRandomExchange("x").validate(Binding("x", destination, key))
    assert raised.value.text == f"PRECONDITION_FAILED - {text}"


def test_modulus_hash_goes_by_the_key_however_it_was_bound():
    exchange, queues = filled(ModulusHashExchange, 5, key="ignored")
    other = ModulusHashExchange("y")
    for queue in reversed(queues):
        other.bind(Binding("y", queue, queue.name))
    keys = [str(number) for number in range(5000)]
    took = [each for key in keys for each in chosen(exchange, key)]
    assert took == [each for key in keys for each in chosen(other, key)]
    assert all(900 < share < 1100 for share in Counter(took).values())
    assert not exchange.sees_messages
