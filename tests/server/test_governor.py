"""The governor: who waits while messages flow, for how long, and that nobody does when none flow."""

import pytest
import trio
import trio.testing

from broker.server.governor import Account, Governor
from broker.turn import Backlog, Turn

MS = 0.001


class Scene:
    """A governor with a clock of its own, and somebody who moves messages."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.governor = Governor(lambda: self.now)
        self.publisher = Account()

    def publishes(self, seconds: float = 2 * MS, messages: int = 900) -> None:
        self.now += seconds
        self.governor.spent(self.publisher, seconds, messages, 65536)

    def floods(self, account: Account, seconds: float = 0.5 * MS) -> None:
        """A piece of work that moves nothing; the place is the account's already."""
        self.now += seconds
        self.governor.spent(account, seconds, 0, 100)
        self.governor.done()


@pytest.fixture
def scene():
    return Scene()


def test_nobody_waits_where_no_messages_flow(scene):
    client = Account()
    scene.governor.spent(client, 60.0, 0, 1_000_000)
    assert not scene.governor.messages_flow


def test_who_moves_messages_is_trusted_and_who_does_not_is_not(scene):
    assert not scene.publisher.trusted
    scene.publishes()
    assert scene.publisher.trusted
    assert scene.governor.messages_flow
    stranger = Account()
    scene.governor.spent(stranger, 0.1 * MS, 0, 8)
    assert not stranger.trusted


def test_one_message_a_turn_is_message_flow(scene):
    scene.publishes(seconds=0.1 * MS, messages=1)
    assert scene.publisher.trusted


def test_a_message_does_not_pay_for_what_is_dear_about_it(scene):
    bomber = Account()
    scene.governor.spent(bomber, 10 * MS, 1, 65536)
    assert not bomber.trusted


def test_one_message_to_many_queues_is_not_as_many_messages():
    """20 clients that published dear keys to 20 queues each were trusted, and the others' p99 was 63 ms."""
    turn = Turn(0.0, 0, Backlog(), lambda _: False, peer_now=0.0)
    turn.moved, turn.enqueued = 1, 20
    assert turn.messages == 4
    turn.moved = 900
    assert turn.messages == 900


def test_trust_outlives_a_pause_of_the_collector_but_not_many(scene):
    scene.publishes()
    scene.publishes(seconds=19 * MS)
    assert scene.publisher.trusted
    for _ in range(10):
        scene.governor.spent(scene.publisher, 5 * MS, 0, 65536)
    assert not scene.publisher.trusted


def test_trust_comes_back_with_messages_and_with_time(scene):
    for _ in range(10):
        scene.governor.spent(scene.publisher, 5 * MS, 0, 65536)
    scene.publishes()
    assert not scene.publisher.trusted
    scene.now += 10
    scene.publishes()
    assert scene.publisher.trusted


def test_a_body_in_large_pieces_costs_no_trust(scene):
    scene.publishes()
    for _ in range(10_000):
        scene.governor.spent(scene.publisher, 0.05 * MS, 0, 65536)
    assert scene.publisher.trusted


def test_the_first_is_admitted_at_once_and_the_next_when_it_is_done(scene):
    scene.publishes()
    first, second, third = (Account() for _ in range(3))
    scene.governor.spent(second, 10 * MS, 0, 8)
    scene.governor.spent(third, 10 * MS, 0, 8)
    scene.now += 1
    assert scene.governor.line_up(first) is None
    places = [scene.governor.line_up(second), scene.governor.line_up(third)]
    scene.now += 50 * MS
    assert not any(place.called.is_set() for place in places)
    scene.governor.done()
    assert [place.called.is_set() for place in places] == [True, False]


def test_newcomers_have_short_pieces_and_several_of_them_fit(scene):
    scene.publishes()
    assert scene.governor.line_up(Account()) is None
    places = [scene.governor.line_up(Account()) for _ in range(10)]
    scene.now += 50 * MS
    scene.governor.done()
    called = sum(place.called.is_set() for place in places)
    assert 2 <= called <= 5
    for _ in range(called):
        assert sum(place.called.is_set() for place in places) == called
        scene.now += 50 * MS
        scene.governor.done()
    assert sum(place.called.is_set() for place in places) > called


def test_two_pieces_have_a_look_at_the_sockets_between_them(scene):
    scene.publishes()
    assert scene.governor.line_up(Account()) is None
    scene.governor.done()
    assert scene.governor.line_up(Account()) is not None


def test_pieces_get_their_share_of_the_time_and_no_more(scene):
    """A publisher that could fill all the time, and floods beside it."""
    account, began, spent = Account(), scene.now, 0.0
    place = None
    while scene.now < began + 10:
        scene.publishes()
        if place is None and scene.governor.line_up(account) is not None:
            place = object()
            scene.governor.call()
        if scene.governor._admitted:
            scene.floods(account)
            spent += 0.5 * MS
            place = None
        else:
            scene.governor.call()
    assert 0.08 < spent / 10 < 0.2


def test_where_little_flows_others_have_most_of_the_time(scene):
    account, began, spent = Account(), scene.now, 0.0
    while scene.now < began + 2:
        scene.publishes(seconds=0.1 * MS, messages=1)
        for _ in range(20):
            scene.now += 0.3 * MS
            if scene.governor.line_up(account) is None:
                scene.floods(account)
                spent += 0.5 * MS
    assert spent / 2 > 0.5


def test_who_waits_for_time_is_told_how_long(scene):
    for _ in range(100):
        scene.publishes()
    heavy = Account()
    assert scene.governor.line_up(heavy) is None
    scene.floods(heavy, 30 * MS)
    place = scene.governor.line_up(heavy)
    assert 0.1 < scene.governor.call() < 0.3
    began = scene.now
    while not place.called.is_set():
        scene.publishes()
        scene.governor.call()
    assert 0.1 < scene.now - began < 0.3


def test_when_the_flow_ends_nobody_waits_for_time_any_more(scene):
    scene.publishes()
    account = Account()
    assert scene.governor.line_up(account) is None
    scene.floods(account, 10.0)
    place = scene.governor.line_up(account)
    scene.now += 6
    scene.governor.call()
    assert place.called.is_set()


def test_newcomers_go_before_floods_but_not_always(scene):
    scene.publishes()
    heavy = Account()
    scene.governor.spent(heavy, 50 * MS, 0, 100)
    scene.now += 1
    scene.governor.line_up(heavy)
    lines = {"heavy": [scene.governor.line_up(heavy) for _ in range(3)]}
    lines["light"] = [scene.governor.line_up(Account()) for _ in range(80)]
    order = []
    while any(lines.values()):
        scene.now += 10 * MS
        scene.governor.done()
        for name, line in lines.items():
            while line and line[0].called.is_set():
                line.pop(0)
                order.append(name)
    assert order.count("heavy") == 3
    assert "heavy" in order[:22]
    assert order.index("light") < 4
    # One of twenty.
    assert order.index("heavy", order.index("heavy") + 1) > order.index("heavy") + 15


def test_work_that_nobody_waits_for_is_taken_from_those_who_do(scene):
    for _ in range(100):
        scene.publishes()
    assert scene.governor.line_up(Account()) is None
    scene.governor.done()
    with scene.governor.charged():
        scene.now += 0.9 * MS
    place = scene.governor.line_up(Account())
    assert not place.called.is_set()
    assert scene.governor.call() > 2 * MS


@pytest.mark.trio
async def test_who_leaves_the_line_keeps_nobody_waiting(scene):
    scene.publishes()
    governor = scene.governor
    served = []

    async def client(name: str, scope: trio.CancelScope) -> None:
        with scope:
            await governor.admitted(Account())
            served.append(name)

    scopes = {name: trio.CancelScope() for name in "abcd"}
    async with trio.open_nursery() as nursery:
        for name, scope in scopes.items():
            nursery.start_soon(client, name, scope)
            await trio.testing.wait_all_tasks_blocked()
        assert served == ["a"]
        # One that waits; and one that is called when it has been cancelled, and cannot come any more.
        scopes["b"].cancel()
        await trio.testing.wait_all_tasks_blocked()
        scene.now += 10 * MS
        scopes["c"].cancel()
        governor.done()
        await trio.testing.wait_all_tasks_blocked()
        scene.now += 10 * MS
        governor.call()
        await trio.testing.wait_all_tasks_blocked()
        assert served == ["a", "d"]
