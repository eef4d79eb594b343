"""Following exchange-to-exchange bindings and alternate exchanges."""

import itertools

from broker.exchanges import KINDS
from broker.exchanges.binding import Binding
from broker.exchanges.default import DefaultExchange
from broker.exchanges.routing import route
from tests.broker.exchanges.views import view


class Queue:
    def __init__(self, name):
        self.name = name


class Topology:
    """Exchanges by name, for tests: ``x("a", "fanout", alternate="b")``."""

    def __init__(self):
        self.exchanges = {}

    def x(self, name, kind="fanout", alternate=None):
        arguments = {"alternate-exchange": alternate} if alternate else {}
        self.exchanges[name] = KINDS[kind](name, arguments=arguments)
        return self.exchanges[name]

    def bind(self, source, destination, key="", arguments=None):
        source.bind(Binding(source.name, destination, key, arguments))

    def route(self, name, key="", headers=None):
        return route(self.exchanges[name], [key], view(headers), self.exchanges.get)

    def names(self, name, key="", headers=None):
        return [queue.name for queue in self.route(name, key, headers).queues]


def test_through_exchanges_to_queues_each_once():
    t = Topology()
    a, b, c, q = t.x("a"), t.x("b"), t.x("c"), Queue("q")
    t.bind(a, b)
    t.bind(a, c)
    t.bind(a, q)
    t.bind(b, q)
    t.bind(c, q)
    assert t.names("a") == ["q"]


def test_the_key_goes_with_the_message():
    t = Topology()
    a, b = t.x("a", "topic"), t.x("b", "direct")
    t.bind(a, b, "jobs.#")
    t.bind(b, Queue("q"), "jobs.7")
    assert t.names("a", "jobs.7") == ["q"]
    assert t.names("a", "jobs.8") == []


def test_circles_end():
    t = Topology()
    a, b, c = t.x("a"), t.x("b"), t.x("c")
    t.bind(a, a)
    t.bind(a, b)
    t.bind(b, c)
    t.bind(c, a)
    t.bind(c, Queue("q"))
    for start in "abc":
        assert t.names(start) == ["q"]


def test_a_very_long_chain():
    t = Topology()
    exchanges = [t.x(str(number)) for number in range(5_000)]
    for source, destination in itertools.pairwise(exchanges):
        t.bind(source, destination)
    t.bind(exchanges[-1], Queue("q"))
    assert t.names("0") == ["q"]


def test_the_alternate_takes_what_no_binding_takes():
    t = Topology()
    a, b = t.x("a", "direct", alternate="b"), t.x("b")
    t.bind(a, Queue("mine"), "k")
    t.bind(b, Queue("rest"))
    assert t.names("a", "k") == ["mine"]
    assert t.names("a", "other") == ["rest"]


def test_alternates_chain_and_each_exchange_is_asked_once():
    t = Topology()
    t.x("a", "direct", alternate="b")
    t.x("b", "direct", alternate="c")
    c = t.x("c", "direct", alternate="a")
    assert t.names("a", "k") == []
    t.bind(c, Queue("q"), "k")
    assert t.names("a", "k") == ["q"]


def test_an_alternate_of_an_exchange_on_the_way():
    t = Topology()
    a, b, c = t.x("a"), t.x("b", "direct", alternate="c"), t.x("c")
    t.bind(a, b)
    t.bind(c, Queue("rest"))
    assert t.names("a", "k") == ["rest"]


def test_a_match_that_leads_nowhere_keeps_the_alternate_out():
    t = Topology()
    a, b, dead_end = t.x("a", alternate="b"), t.x("b"), t.x("dead end")
    t.bind(a, dead_end)
    t.bind(b, Queue("rest"))
    assert t.names("a") == []


def test_a_missing_alternate_is_passed_over():
    t = Topology()
    t.x("a", alternate="nowhere")
    assert t.names("a") == []


def test_the_default_exchange_as_an_alternate_takes_nothing():
    # RabbitMQ 4.0 routes by queue name only what is published there.
    t = Topology()
    t.x("a", "direct")
    t.exchanges["a"].alternate = ""
    t.exchanges[""] = DefaultExchange({"k": Queue("k")}.get)
    assert t.names("", "k") == ["k"]
    assert t.names("a", "k") == []


def test_cacheable_unless_headers_were_read():
    t = Topology()
    a, b, h = t.x("a"), t.x("b"), t.x("h", "headers")
    t.bind(a, Queue("q"))
    assert t.route("a").cacheable
    t.bind(b, h)
    t.bind(h, Queue("r"), "", {"n": 1})
    assert not t.route("b").cacheable
    assert not t.route("h").cacheable
    assert t.names("b", headers={"n": 1}) == ["r"]


def test_without_a_message_no_exchange_is_asked_that_must_see_each():
    t = Topology()
    a, h = t.x("a"), t.x("h", "headers")
    t.bind(a, Queue("q"))
    assert route(a, [""], None, t.exchanges.get).queues
    t.bind(a, h)
    assert not route(a, [""], None, t.exchanges.get).cacheable


def test_several_keys_meet_each_queue_once_and_the_alternate_only_if_none_matches():
    t = Topology()
    a, spare = t.x("a", "direct", alternate="spare"), t.x("spare")
    q, r, s = Queue("q"), Queue("r"), Queue("s")
    for queue, key in [(q, "one"), (q, "two"), (r, "two")]:
        t.bind(a, queue, key)
    t.bind(spare, s)
    assert route(a, ["one", "two", "none"], None, t.exchanges.get).queues == (q, r)
    assert route(a, ["none", "nor this"], None, t.exchanges.get).queues == (s,)
