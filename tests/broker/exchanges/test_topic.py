"""Topic matching: the table of the semantics, and the trie against a matcher too simple to be wrong."""

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.exchanges import topic
from broker.exchanges.binding import Binding
from broker.exchanges.topic import TopicExchange
from broker.exchanges.topic_automaton import Automaton


class Queue:
    def __init__(self, name):
        self.name = name


def matched(exchange, key):
    return [queue.name for queue in exchange.match(key)]


def exchange_with(*patterns):
    exchange = TopicExchange("t")
    for pattern in patterns:
        exchange.bind(Binding("t", Queue(pattern), pattern))
    return exchange


@pytest.mark.parametrize(
    ("pattern", "takes", "leaves"),
    [
        ("#", ["", "a", "a.b", "."], []),
        ("*", ["a"], ["", "a.b"]),
        ("a.#", ["a", "a.b", "a.b.c", "a."], ["ab", "", "b.a"]),
        ("#.a", ["a", "x.a", "x.y.a", ".a"], ["a.x", ""]),
        ("a.*.b", ["a.x.b", "a..b"], ["a.b", "a.x.y.b"]),
        ("*.*", ["a.b", ".", "a."], ["a", "", "a.b.c"]),
        ("#.#", ["", "a", "a.b.c"], []),
        ("#.*.#", ["a", ".", "a.b.c"], [""]),
        ("#.a.#.b.#", ["a.b", "x.a.y.b.z", "a.a.b.b"], ["b.a", "a", "b"]),
        ("", [""], ["a", "."]),
        ("a.*b", ["a.*b"], ["a.xb"]),
        ("#a", ["#a"], ["a", "xa"]),
        ("A", ["A"], ["a"]),
    ],
)
def test_patterns(pattern, takes, leaves):
    exchange = exchange_with(pattern)
    for key in takes:
        assert matched(exchange, key) == [pattern], key
    for key in leaves:
        assert matched(exchange, key) == [], key


def naive(pattern, key):
    """Words of a pattern against words of a key, by the definition."""
    if not pattern:
        return not key
    if pattern[0] == "#":
        return naive(pattern[1:], key) or bool(key and naive(pattern, key[1:]))
    return bool(key) and pattern[0] in {"*", key[0]} and naive(pattern[1:], key[1:])


words = st.lists(st.sampled_from(["a", "b", "", "*", "#", "a*"]), max_size=5)
keys = words.map(".".join)


def words_of(key):
    return key.split(".") if key else []


@given(patterns=st.lists(keys, max_size=12), gone=st.lists(st.integers(0, 11)), key=keys)
def test_like_the_naive_matcher(patterns, gone, key):
    exchange = TopicExchange("t")
    bindings = [Binding("t", Queue(str(number)), pattern) for number, pattern in enumerate(patterns)]
    for binding in bindings:
        assert exchange.bind(binding)
    for number in set(gone):
        if number < len(bindings):
            assert exchange.unbind(bindings[number])
    expected = {
        str(number)
        for number, pattern in enumerate(patterns)
        if number not in gone and naive(words_of(pattern), words_of(key))
    }
    found = matched(exchange, key)
    assert set(found) == expected
    assert len(found) == len(expected)


@given(patterns=st.lists(keys, max_size=12))
def test_nothing_of_a_pattern_stays_when_it_is_unbound(patterns):
    exchange = TopicExchange("t")
    queue = Queue("q")
    bindings = [Binding("t", queue, pattern) for pattern in patterns]
    for binding in bindings:
        exchange.bind(binding)
    for binding in bindings:
        exchange.unbind(binding)
    assert exchange._root.is_empty
    assert not exchange.has_bindings


def test_a_queue_bound_by_many_patterns_is_found_once():
    exchange = TopicExchange("t")
    queue = Queue("q")
    for pattern in ("a.b", "a.*", "#", "*.b", "a.#.b"):
        exchange.bind(Binding("t", queue, pattern))
    assert matched(exchange, "a.b") == ["q"]


def test_many_wildcards_cost_no_more_than_nodes_times_words():
    exchange = exchange_with(".".join(["#", "a"] * 60))
    assert matched(exchange, ".".join("a" * 120)) != []
    assert matched(exchange, ".".join("a" * 119 + "b")) == []


def test_bindings_that_cannot_match_are_not_visited():
    visited = 0

    class Watched(dict):
        def get(self, *arguments):
            nonlocal visited
            visited += 1
            return super().get(*arguments)

    exchange = exchange_with(*(f"host.{number}.*.load" for number in range(100_000)))
    assert matched(exchange, "host.77777.cpu.load") == ["host.77777.*.load"]
    exchange._root.literals = Watched(exchange._root.literals)
    host = exchange._root.literals["host"]
    host.literals = Watched(host.literals)
    assert matched(exchange, "host.5.cpu.load") == ["host.5.*.load"]
    assert visited == 2


@given(patterns=st.lists(keys, max_size=12), gone=st.lists(st.integers(0, 11)), late=keys, key=keys)
def test_the_automaton_is_like_the_naive_matcher(patterns, gone, late, key):
    automaton = Automaton()
    live = dict(enumerate(patterns))
    for number, pattern in live.items():
        automaton.add(number, words_of(pattern))
    for number in set(gone) & set(live):
        automaton.remove(number)
        del live[number]
    live[99] = late
    automaton.add(99, words_of(late))
    found = list(automaton.match(words_of(key)))
    assert sorted(found) == [number for number, pattern in live.items() if naive(words_of(pattern), words_of(key))]


@given(patterns=st.lists(keys, min_size=1, max_size=12), gone=st.sets(st.integers(0, 5)), key=keys)
def test_where_the_automaton_takes_over_it_follows_every_binding(patterns, gone, key):
    exchange = TopicExchange("t")
    bindings = [Binding("t", Queue(str(number)), pattern) for number, pattern in enumerate(patterns)]
    exchange.bind(bindings[0])
    exchange._all_at_once()
    for binding in bindings[1:]:
        exchange.bind(binding)
    for number in gone:
        if number < len(bindings):
            exchange.unbind(bindings[number])
    left = {str(n) for n, pattern in enumerate(patterns) if n not in gone and naive(words_of(pattern), words_of(key))}
    ends = exchange._all_at_once().match(words_of(key))
    assert {queue.name for node in ends for queue in node.destinations} == left


def test_a_trie_where_everything_stays_alive():
    """2,000 patterns of 60 words out of #, * and a took 16 s for one key of 126 words."""
    rnd = random.Random(1)
    exchange = exchange_with(*{".".join(rnd.choices("#*a", k=60)) for _ in range(2_000)})
    keys = [".".join(rnd.choices("ab", k=126)) for _ in range(10)]
    began = time.process_time()
    found = [matched(exchange, key) for key in keys]
    assert time.process_time() - began < 5
    assert all(found)
    assert max(map(len, found)) > topic._ALIVE_MAX
