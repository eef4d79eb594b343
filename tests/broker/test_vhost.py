"""The virtual host: declare, bind and delete, what is refused and in which words, and what must follow a removal."""

import itertools

import pytest

from broker.vhost import VirtualHost
from protocol.amqp.errors import SoftError
from tests.broker.exchanges.views import view
from tests.broker.fakes import TURN, FakeQueue

LOCKED = (
    "RESOURCE_LOCKED - cannot obtain exclusive access to locked queue 'q' in vhost '/'. It could be originally "
    "declared on another connection or the exclusive property value does not match that of the original declaration."
)
AE_IS_NEW = "received the value 'ae' of type 'longstr' but current is none"
ME, YOU = object(), object()


@pytest.fixture
def vhost():
    return VirtualHost(
        "/", make_queue=FakeQueue, random_bytes=lambda count: bytes(range(250, 250 + 6)) + bytes(count - 6)
    )


def declare_queue(vhost, name="q", owner=ME, **properties):
    properties = {"durable": False, "exclusive": False, "auto_delete": False, "arguments": {}, **properties}
    queue, is_new = vhost.declare_queue(name, owner=owner, **properties)
    assert is_new
    return queue


def declare_exchange(vhost, name="x", kind="direct", **properties):
    properties = {"durable": False, "auto_delete": False, "internal": False, "arguments": {}, **properties}
    return vhost.declare_exchange(name, kind, **properties)


def refusal(call, *positional, **named):
    with pytest.raises(SoftError) as raised:
        call(*positional, **named)
    return raised.value.text


def routed(vhost, exchange, key="", headers=None):
    return [queue.name for queue in vhost.route(exchange, key, view(headers)).queues]


# Exchanges.


def test_predeclared_exchanges(vhost):
    assert {(x.name, x.kind, x.internal) for x in vhost.exchanges.values()} == {
        ("", "direct", False),
        ("amq.direct", "direct", False),
        ("amq.fanout", "fanout", False),
        ("amq.topic", "topic", False),
        ("amq.headers", "headers", False),
        ("amq.match", "headers", False),
        ("amq.rabbitmq.trace", "topic", True),
    }
    assert all(x.durable and not x.auto_delete for x in vhost.exchanges.values())


def test_declaring_again_gives_the_same_exchange(vhost):
    exchange = declare_exchange(vhost, arguments={"own": 1})
    assert declare_exchange(vhost, arguments={"own": 2}) is exchange
    assert declare_exchange(vhost, "amq.topic", "topic", durable=True) is vhost.exchange("amq.topic")


@pytest.mark.parametrize(
    ("difference", "text"),
    [
        ({"kind": "fanout"}, "'type' for exchange 'x' in vhost '/': received 'fanout' but current is 'direct'"),
        ({"durable": True}, "'durable' for exchange 'x' in vhost '/': received 'true' but current is 'false'"),
        ({"auto_delete": True}, "'auto_delete' for exchange 'x' in vhost '/': received 'true' but current is 'false'"),
        ({"internal": True}, "'internal' for exchange 'x' in vhost '/': received 'true' but current is 'false'"),
        (
            {"arguments": {"alternate-exchange": "ae"}},
            f"'alternate-exchange' for exchange 'x' in vhost '/': {AE_IS_NEW}",
        ),
    ],
)
def test_inequivalent_exchanges(vhost, difference, text):
    declare_exchange(vhost)
    assert refusal(declare_exchange, vhost, **difference) == f"PRECONDITION_FAILED - inequivalent arg {text}"


@pytest.mark.parametrize(
    ("name", "kind", "arguments", "text"),
    [
        ("x", "zzz", {}, "PRECONDITION_FAILED - unknown exchange type 'zzz'"),
        # The type is looked at before the name.
        ("", "zzz", {}, "PRECONDITION_FAILED - unknown exchange type 'zzz'"),
        ("", "direct", {}, "ACCESS_REFUSED - operation not permitted on the default exchange"),
        ("amq.new", "direct", {}, "ACCESS_REFUSED - exchange name 'amq.new' contains reserved prefix 'amq.*'"),
        (
            "x",
            "direct",
            {"alternate-exchange": 5},
            "PRECONDITION_FAILED - invalid type 'signedint' for arg 'alternate-exchange' in exchange 'x' in vhost '/'",
        ),
    ],
)
def test_exchanges_that_cannot_be(vhost, name, kind, arguments, text):
    assert refusal(declare_exchange, vhost, name, kind, arguments=arguments) == text


def test_deleting_exchanges(vhost):
    vhost.delete_exchange("never declared", if_unused=True)
    text = refusal(vhost.delete_exchange, "amq.direct", if_unused=False)
    assert text == "ACCESS_REFUSED - deletion of system exchange 'amq.direct' in vhost '/' not allowed"
    text = refusal(vhost.delete_exchange, "", if_unused=False)
    assert text == "ACCESS_REFUSED - operation not permitted on the default exchange"


def test_in_use_counts_bindings_from_an_exchange_not_to_it(vhost):
    declare_exchange(vhost, "x")
    declare_exchange(vhost, "y")
    vhost.bind_exchange("x", "y", "", {})
    assert (
        refusal(vhost.delete_exchange, "x", if_unused=True) == "PRECONDITION_FAILED - exchange 'x' in vhost '/' in use"
    )
    vhost.delete_exchange("y", if_unused=True)
    assert not vhost.exchange("x").has_bindings


def test_a_deleted_exchange_is_not_routed_to_when_it_comes_again(vhost):
    declare_exchange(vhost, "x", "fanout")
    declare_exchange(vhost, "y", "fanout")
    declare_queue(vhost)
    vhost.bind_exchange("x", "y", "", {})
    vhost.bind_queue("y", "q", "", {}, ME)
    assert routed(vhost, "x") == ["q"]
    vhost.delete_exchange("y", if_unused=False)
    declare_exchange(vhost, "y", "fanout")
    assert routed(vhost, "x") == []
    vhost.bind_queue("y", "q", "", {}, ME)
    assert routed(vhost, "x") == []


# Auto-delete.


def test_an_auto_delete_exchange_goes_with_its_last_binding(vhost):
    declare_exchange(vhost, "x", auto_delete=True)
    declare_queue(vhost)
    vhost.bind_queue("x", "q", "a", {}, ME)
    vhost.bind_queue("x", "q", "b", {}, ME)
    vhost.unbind_queue("x", "q", "a", {}, ME)
    assert "x" in vhost.exchanges
    vhost.unbind_queue("x", "q", "b", {}, ME)
    assert "x" not in vhost.exchanges


def test_an_auto_delete_exchange_never_bound_stays(vhost):
    declare_exchange(vhost, "x", auto_delete=True)
    declare_exchange(vhost, "y", "fanout")
    vhost.bind_exchange("y", "x", "", {})
    vhost.unbind_exchange("y", "x", "", {})
    vhost.unbind_exchange("x", "y", "", {})
    assert "x" in vhost.exchanges


@pytest.mark.parametrize("length", [3, 3_000])
def test_a_chain_of_auto_delete_exchanges_goes_with_its_queue(vhost, length):
    names = [f"x{number}" for number in range(length)]
    for name in names:
        declare_exchange(vhost, name, "fanout", auto_delete=True)
    for source, destination in itertools.pairwise(names):
        vhost.bind_exchange(source, destination, "", {})
    queue = declare_queue(vhost)
    vhost.bind_queue(names[-1], "q", "", {}, ME)
    assert routed(vhost, "x0") == ["q"]
    vhost.delete_queue(queue, TURN)
    assert not set(names) & set(vhost.exchanges)


def test_a_circle_of_auto_delete_exchanges(vhost):
    for name in "abc":
        declare_exchange(vhost, name, "fanout", auto_delete=True)
    for source, destination in ("ab", "bc", "ca", "cc"):
        vhost.bind_exchange(source, destination, "", {})
    vhost.delete_exchange("b", if_unused=False)
    # a lost its only binding and went; c still has the one to itself.
    assert {"a", "b", "c"} & set(vhost.exchanges) == {"c"}
    vhost.unbind_exchange("c", "c", "", {})
    assert "c" not in vhost.exchanges


# Bindings.


def test_what_is_missing_is_named_the_source_first(vhost):
    declare_queue(vhost)
    no_exchange = "NOT_FOUND - no exchange 'no' in vhost '/'"
    assert refusal(vhost.bind_queue, "no", "nope", "", {}, ME) == no_exchange
    assert refusal(vhost.bind_queue, "no", "q", "", {}, ME) == no_exchange
    assert refusal(vhost.bind_queue, "amq.direct", "nope", "", {}, ME) == "NOT_FOUND - no queue 'nope' in vhost '/'"
    assert refusal(vhost.bind_exchange, "amq.direct", "no", "", {}) == no_exchange
    assert refusal(vhost.bind_exchange, "no", "nope", "", {}) == no_exchange


def test_the_default_exchange_takes_no_bindings(vhost):
    declare_queue(vhost)
    text = "ACCESS_REFUSED - operation not permitted on the default exchange"
    assert refusal(vhost.bind_queue, "", "q", "", {}, ME) == text
    assert refusal(vhost.unbind_queue, "", "q", "", {}, ME) == text
    for call in (vhost.bind_exchange, vhost.unbind_exchange):
        assert refusal(call, "", "amq.direct", "", {}) == text
        assert refusal(call, "amq.direct", "", "", {}) == text


def test_unbinding_what_is_missing_is_no_error(vhost):
    declare_queue(vhost)
    vhost.unbind_queue("no", "q", "", {}, ME)
    vhost.unbind_queue("amq.direct", "nope", "", {}, ME)
    vhost.unbind_queue("amq.direct", "q", "never", {}, ME)
    vhost.unbind_exchange("no", "nope", "", {})
    vhost.unbind_exchange("amq.direct", "amq.fanout", "never", {})


def test_a_binding_that_its_exchange_cannot_use(vhost):
    declare_queue(vhost)
    text = refusal(vhost.bind_queue, "amq.headers", "q", "", {"x-match": "some"}, ME)
    assert text.startswith('PRECONDITION_FAILED - Invalid x-match field value <<"some">>;')
    assert routed(vhost, "amq.headers", headers={}) == []


def test_deleting_one_queue_does_not_visit_the_bindings_of_others(vhost):
    visited = 0

    class Watched(dict):
        def __iter__(self):
            nonlocal visited
            visited += len(self)
            return super().__iter__()

        def values(self):
            nonlocal visited
            visited += len(self)
            return super().values()

    queues = [declare_queue(vhost, str(number)) for number in range(1_000)]
    for queue in queues:
        vhost.bind_queue("amq.topic", queue.name, f"a.{queue.name}", {}, ME)
    vhost.exchange("amq.topic").bindings = Watched(vhost.exchange("amq.topic").bindings)
    vhost.delete_queue(queues[500], TURN)
    assert visited == 0
    assert routed(vhost, "amq.topic", "a.500") == []
    assert routed(vhost, "amq.topic", "a.501") == ["501"]


# Queues.


def test_names_of_the_server_are_22_characters_of_randomness(vhost):
    queue = declare_queue(vhost, "")
    assert queue.name == "amq.gen--vv8_f7_AAAAAAAAAAAAAA"
    assert len(queue.name) == len("amq.gen-") + 22


def test_reserved_names(vhost):
    text = "ACCESS_REFUSED - queue name 'amq.mine' contains reserved prefix 'amq.*'"
    assert refusal(declare_queue, vhost, "amq.mine") == text
    # Even the server's own, by whom it was given to.
    given = declare_queue(vhost, "").name
    assert refusal(declare_queue, vhost, given).startswith("ACCESS_REFUSED")


def test_a_quorum_queue_has_a_name(vhost):
    text = "PRECONDITION_FAILED - Cannot declare a server-named queue for type rabbit_quorum_queue"
    assert refusal(declare_queue, vhost, "", arguments={"x-queue-type": "quorum"}) == text


def test_declaring_a_queue_again(vhost):
    queue = declare_queue(vhost, durable=True)
    again = {"durable": True, "exclusive": False, "auto_delete": False, "arguments": {}, "owner": YOU}
    assert vhost.declare_queue("q", **again) == (queue, False)
    text = refusal(vhost.declare_queue, "q", **{**again, "durable": False})
    assert text == (
        "PRECONDITION_FAILED - inequivalent arg 'durable' for queue 'q' in vhost '/': "
        "received 'false' but current is 'true'"
    )
    text = refusal(vhost.declare_queue, "q", **{**again, "auto_delete": True})
    assert text == (
        "PRECONDITION_FAILED - inequivalent arg 'auto_delete' for queue 'q' in vhost '/': "
        "received 'true' but current is 'false'"
    )
    # An argument is not validated on a queue there is: it is compared.
    text = refusal(vhost.declare_queue, "q", **{**again, "arguments": {"x-expires": -5}})
    assert text == (
        "PRECONDITION_FAILED - inequivalent arg 'x-expires' for queue 'q' in vhost '/': "
        "received the value '-5' of type 'signedint' but current is none"
    )


def test_an_exclusive_queue_is_its_connections_alone(vhost):
    queue = declare_queue(vhost, exclusive=True, durable=True)
    assert not queue.durable
    assert vhost.queue("q", ME) is queue
    for call in (
        lambda: vhost.queue("q", YOU),
        lambda: vhost.bind_queue("amq.direct", "q", "", {}, YOU),
        lambda: vhost.delete_queue_named("q", YOU, if_unused=True, if_empty=True, turn=TURN),
        lambda: declare_queue(vhost, exclusive=True, owner=YOU),
        lambda: declare_queue(vhost, owner=YOU),
        # Not even its own connection may have it as a shared one.
        lambda: declare_queue(vhost, owner=ME),
    ):
        assert refusal(call) == LOCKED
    vhost.bind_queue("amq.direct", "q", "k", {}, ME)
    assert refusal(vhost.unbind_queue, "amq.direct", "q", "k", {}, YOU) == LOCKED
    vhost.unbind_queue("amq.direct", "q", "not bound", {}, YOU)
    # Anybody publishes to it.
    assert routed(vhost, "", "q") == ["q"]


def test_a_shared_queue_cannot_become_exclusive(vhost):
    declare_queue(vhost)
    assert refusal(declare_queue, vhost, exclusive=True) == LOCKED


def test_deleting_queues(vhost):
    def delete(**conditions):
        return vhost.delete_queue_named("q", ME, **{"if_unused": False, "if_empty": False, "turn": TURN, **conditions})

    assert delete() == 0
    queue = declare_queue(vhost)
    queue.message_count, queue.consumer_count = 7, 1
    assert refusal(delete, if_unused=True) == "PRECONDITION_FAILED - queue 'q' in vhost '/' in use"
    assert refusal(delete, if_empty=True, if_unused=True) == "PRECONDITION_FAILED - queue 'q' in vhost '/' not empty"
    vhost.bind_queue("amq.fanout", "q", "", {}, ME)
    assert delete() == 7
    assert routed(vhost, "amq.fanout") == routed(vhost, "", "q") == []
    assert refusal(vhost.queue, "q", ME) == "NOT_FOUND - no queue 'q' in vhost '/'"


def test_a_queue_deleted_while_it_is_being_deleted_counts_once(vhost):
    queue = declare_queue(vhost, auto_delete=True)
    queue.ever_consumed, queue.message_count = True, 3
    inner = []
    queue.on_delete = lambda: inner.append(vhost.delete_queue(queue, TURN))
    assert vhost.delete_queue(queue, TURN) == 3
    assert inner == [0]
    # A queue of the same name that came later is another one.
    later = declare_queue(vhost)
    assert vhost.delete_queue(queue, TURN) == 0
    assert vhost.queue("q", ME) is later


@pytest.mark.parametrize(
    ("auto_delete", "ever_consumed", "consumers", "goes"),
    [(True, True, 0, True), (True, True, 1, False), (True, False, 0, False), (False, True, 0, False)],
)
def test_auto_delete_queues_go_with_their_last_consumer(vhost, auto_delete, ever_consumed, consumers, goes):
    queue = declare_queue(vhost, auto_delete=auto_delete)
    queue.ever_consumed, queue.consumer_count = ever_consumed, consumers
    assert vhost.queue_unused(queue, TURN) is goes
    assert ("q" not in vhost.queues) is goes


# Routing.


def test_publishing_to_an_exchange_that_is_not_there(vhost):
    assert refusal(routed, vhost, "no") == "NOT_FOUND - no exchange 'no' in vhost '/'"


def test_an_alternate_exchange_may_come_later(vhost):
    declare_exchange(vhost, "x", arguments={"alternate-exchange": "ae"})
    declare_queue(vhost)
    assert routed(vhost, "x", "k") == []
    declare_exchange(vhost, "ae", "fanout")
    vhost.bind_queue("ae", "q", "", {}, ME)
    assert routed(vhost, "x", "k") == ["q"]


def test_every_change_that_may_alter_a_route_changes_the_version(vhost):
    def is_change(act):
        before = vhost.topology_version
        act()
        return vhost.topology_version != before

    assert is_change(lambda: declare_queue(vhost))
    assert is_change(lambda: declare_exchange(vhost, "x"))
    assert not is_change(lambda: declare_exchange(vhost, "x"))
    assert is_change(lambda: vhost.bind_queue("x", "q", "k", {}, ME))
    assert not is_change(lambda: vhost.bind_queue("x", "q", "k", {}, ME))
    assert not is_change(lambda: vhost.unbind_queue("x", "q", "other", {}, ME))
    assert is_change(lambda: vhost.unbind_queue("x", "q", "k", {}, ME))
    assert is_change(lambda: vhost.bind_exchange("amq.fanout", "x", "", {}))
    assert is_change(lambda: vhost.delete_exchange("x", if_unused=False))
    assert is_change(lambda: vhost.delete_queue(vhost.queues["q"], TURN))
    assert not is_change(lambda: vhost.delete_exchange("x", if_unused=False))


def test_virtual_hosts_do_not_see_each_other(vhost):
    other = VirtualHost("other", make_queue=FakeQueue, random_bytes=bytes)
    declare_queue(vhost)
    declare_exchange(vhost)
    assert refusal(other.queue, "q", ME) == "NOT_FOUND - no queue 'q' in vhost 'other'"
    assert refusal(other.exchange, "x") == "NOT_FOUND - no exchange 'x' in vhost 'other'"
