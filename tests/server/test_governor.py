"""The governor: who waits while messages flow, for how long, and that nobody does when none flow."""

from collections.abc import Callable

import pytest
import trio
import trio.testing

from broker.server.governor import DOORS, Account, Governor
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

    def done(self) -> None:
        """A piece is done, and the loop goes round, in which ``keep`` has its turn."""
        self.governor.done()
        self.governor.call()


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
    scene.done()
    assert [place.called.is_set() for place in places] == [True, False]


def test_between_two_pieces_there_is_a_round_of_the_loop_without_one(scene):
    """Else a message that came during the first would wait for the second, too, every other time."""
    scene.publishes()
    assert scene.governor.line_up(Account()) is None
    place = scene.governor.line_up(Account())
    scene.now += 50 * MS
    scene.governor.done()
    assert not place.called.is_set()
    scene.governor.call()
    assert place.called.is_set()


def test_newcomers_have_short_pieces_and_several_of_them_fit(scene):
    scene.publishes()
    assert scene.governor.line_up(Account()) is None
    places = [scene.governor.line_up(Account()) for _ in range(10)]
    scene.now += 50 * MS
    scene.done()
    called = sum(place.called.is_set() for place in places)
    assert called == 2
    for _ in range(called):
        assert sum(place.called.is_set() for place in places) == called
        scene.now += 50 * MS
        scene.done()
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
        scene.done()
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


def test_doors_have_their_turns_beside_newcomers(scene):
    scene.publishes()
    assert scene.governor.line_up(Account()) is None
    lines = {"door": [scene.governor.line_up(Account(), DOORS) for _ in range(30)]}
    lines["newcomers"] = [scene.governor.line_up(Account()) for _ in range(30)]
    order = []
    scene.now += 50 * MS
    scene.done()
    while len(order) < 20:
        for name, line in lines.items():
            while line and line[0].called.is_set():
                line.pop(0)
                order.append(name)
                scene.now += 50 * MS
                scene.done()
    # Four of the sixteen turns that are no flood's, and nobody else takes those.
    assert 4 <= order.count("door") <= 6


async def _client(governor: Governor, name: str, served: list[str], work: Callable[[], None]) -> None:
    await governor.admitted(Account())
    served.append(name)
    work()
    governor.done()


@pytest.mark.trio
async def test_who_is_called_together_with_one_that_takes_long_waits_for_the_next_look(scene):
    """Three strangers whose tables took 0.6 ms each were done in one go, and a message waited for all three."""
    scene.publishes()
    governor, served = scene.governor, []
    assert governor.line_up(Account()) is None

    def takes_long() -> None:
        scene.now += 0.6 * MS

    async with trio.open_nursery() as nursery:
        for name in "abc":
            nursery.start_soon(_client, governor, name, served, takes_long)
        await trio.testing.wait_all_tasks_blocked()
        scene.now += 50 * MS
        scene.done()
        await trio.testing.wait_all_tasks_blocked()
        assert len(served) == 1
        for count in (2, 3):
            scene.now += 50 * MS
            governor.call()
            await trio.testing.wait_all_tasks_blocked()
            assert len(served) == count


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
        scene.done()
        await trio.testing.wait_all_tasks_blocked()
        scene.now += 10 * MS
        governor.call()
        await trio.testing.wait_all_tasks_blocked()
        assert served == ["a", "d"]
