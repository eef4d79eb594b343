"""x-consistent-hash: an even spread by weight, that is the same in every run and moves little."""

import subprocess
import sys
from collections import Counter

import pytest

from broker.exchanges.binding import Binding
from broker.exchanges.consistent_hash import ConsistentHashExchange
from protocol.amqp.errors import SoftError
from tests.broker.exchanges.views import view

KEYS = [f"key-{number}" for number in range(20_000)]


class Queue:
    kind = "classic"

    def __init__(self, name):
        self.name = name


def exchange_with(weights, **arguments):
    exchange = ConsistentHashExchange("x", arguments={name.replace("_", "-"): v for name, v in arguments.items()})
    for name, weight in weights.items():
        bind(exchange, Queue(name), weight)
    return exchange


def bind(exchange, queue, weight, arguments=None):
    binding = Binding("x", queue, str(weight), arguments)
    exchange.validate(binding)
    exchange.bind(binding)
    return binding


def chosen(exchange, key="", **message):
    (destination,) = exchange.find([key], view(**message))
    return destination.name


def spread(exchange):
    return [chosen(exchange, key) for key in KEYS]


@pytest.mark.parametrize("weights", [{"a": 1, "b": 1, "c": 1}, {"a": 1, "b": 2, "c": 3}, {"a": 10, "b": 20, "c": 5}])
def test_each_destination_has_its_share(weights):
    shares = Counter(spread(exchange_with(weights)))
    for name, weight in weights.items():
        assert shares[name] == pytest.approx(len(KEYS) * weight / sum(weights.values()), rel=0.04)


def test_the_lightest_is_not_forgotten():
    assert set(spread(exchange_with({"heavy": 10_000, "light": 1}))) == {"heavy", "light"}


@pytest.mark.parametrize("gone", ["0", "4", "9"])
def test_when_one_goes_few_messages_of_the_others_move(gone):
    exchange = exchange_with({str(number): 1 for number in range(10)})
    before = spread(exchange)
    binding = next(each for each in exchange.bindings.values() if each.destination.name == gone)
    exchange.unbind(binding)
    after = spread(exchange)
    moved = sum(one != other for one, other in zip(before, after, strict=True) if one != gone)
    assert gone not in after
    assert moved < len(KEYS) * 0.01
    exchange.bind(binding)
    assert spread(exchange) == before


def test_the_order_of_binding_does_not_matter():
    names = [str(number) for number in range(7)]
    assert spread(exchange_with(dict.fromkeys(names, 1))) == spread(exchange_with(dict.fromkeys(reversed(names), 1)))


def test_another_process_chooses_alike():
    source = (
        "from tests.broker.exchanges.test_consistent_hash import *\n"
        "print(*spread(exchange_with({'a': 1, 'b': 2, 'c': 3}))[:200])"
    )
    said = subprocess.run([sys.executable, "-c", source], check=True, capture_output=True, text=True).stdout
    assert said.split() == spread(exchange_with({"a": 1, "b": 2, "c": 3}))[:200]


def test_only_the_first_key_counts():
    exchange = exchange_with({"a": 1, "b": 1, "c": 1})
    for key in KEYS[:50]:
        assert [each.name for each in exchange.find([key, "other"], None)] == [chosen(exchange, key)]


def test_a_header_decides():
    exchange = exchange_with({"a": 1, "b": 1, "c": 1}, hash_header="who")
    assert exchange.sees_messages
    assert len({chosen(exchange, key, headers={"who": "me"}) for key in KEYS[:50]}) == 1
    assert {chosen(exchange, "k", headers={"who": key}) for key in KEYS[:50]} == {"a", "b", "c"}
    assert len({chosen(exchange, key, headers=headers) for key in KEYS[:50] for headers in (None, {}, {"x": key})}) == 1


@pytest.mark.parametrize("name", ["message_id", "correlation_id"])
def test_a_property_decides(name):
    exchange = exchange_with({"a": 1, "b": 1, "c": 1}, hash_property=name)
    assert exchange.sees_messages
    assert len({chosen(exchange, key, content_type=key, **{name: "one"}) for key in KEYS[:50]}) == 1
    assert {chosen(exchange, "k", **{name: key}) for key in KEYS[:50]} == {"a", "b", "c"}
    assert len({chosen(exchange, key) for key in KEYS[:50]}) == 1


def test_the_first_binding_of_a_destination_counts_while_it_stays():
    exchange = exchange_with({"b": 1})
    queue = Queue("a")
    first = bind(exchange, queue, 3)
    bind(exchange, queue, 100)
    assert Counter(spread(exchange))["a"] == pytest.approx(len(KEYS) * 3 / 4, rel=0.04)
    exchange.unbind(first)
    assert Counter(spread(exchange))["a"] == pytest.approx(len(KEYS) * 100 / 101, rel=0.04)


def test_the_last_one_gone_leads_nowhere():
    exchange = exchange_with({"a": 1})
    assert chosen(exchange, "k") == "a"
    exchange.unbind(next(iter(exchange.bindings.values())))
    assert list(exchange.find(["k"], None)) == []


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("", "The binding key must be an integer: <<>>"),
        ("1_0", 'The binding key must be an integer: <<"1_0">>'),
        (" 1", 'The binding key must be an integer: <<" 1">>'),
        ("0", "The binding key must be greater than 0"),
        ("-3", "The binding key must be greater than 0"),
    ],
)
def test_keys_that_are_no_weights(key, text):
    with pytest.raises(SoftError) as raised:
        bind(ConsistentHashExchange("x"), Queue("q"), key)
    assert raised.value.text == f"PRECONDITION_FAILED - {text}"


@pytest.mark.parametrize("key", ["+5", "005", "10001", "9" * 255])
def test_keys_that_are_weights(key):
    exchange = exchange_with({"other": 1})
    bind(exchange, Queue("q"), key)
    assert set(spread(exchange)) == {"q", "other"}


@pytest.mark.parametrize("name", ["hash-header", "hash-property"])
@pytest.mark.parametrize("value", [1, None, ["message_id"]])
def test_arguments_that_are_no_texts(name, value):
    # RabbitMQ's plugin crashes on them, and takes the connection along.
    with pytest.raises(SoftError) as raised:
        ConsistentHashExchange.check_arguments({name: value})
    assert raised.value.text == f"PRECONDITION_FAILED - {name} must be a longstr"
