"""The timetable: each owner once, at the nearest moment it named; who moved away is asked too early, never too late."""

from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from broker.timetable import Timetable


class Owner:
    def __init__(self, deadline: float | None = None) -> None:
        self.deadline = deadline
        self.ticks: list[float] = []

    def next_deadline(self) -> float | None:
        return self.deadline

    def tick(self, turn) -> None:
        self.ticks.append(turn.now)


def tick(timetable: Timetable, now: float) -> None:
    timetable.tick(SimpleNamespace(now=now))


def test_who_moved_nearer_is_called_once_at_the_nearer_moment():
    timetable, owner = Timetable(), Owner(10.0)
    timetable.look_at(owner)
    owner.deadline = 5.0
    timetable.look_at(owner)
    assert timetable.next_deadline() == 5.0
    tick(timetable, 20.0)
    assert owner.ticks == [20.0]
    assert timetable.next_deadline() is None


def test_who_moved_away_is_asked_at_the_old_moment():
    timetable, owner = Timetable(), Owner(5.0)
    timetable.look_at(owner)
    owner.deadline = 10.0
    timetable.look_at(owner)
    assert timetable.next_deadline() == 5.0


def test_an_owner_that_is_late_again_is_called_once_a_tick():
    timetable, owner = Timetable(), Owner(5.0)
    owner.tick = lambda turn: (owner.ticks.append(turn.now), timetable.look_at(owner))
    timetable.look_at(owner)
    tick(timetable, 6.0)
    assert owner.ticks == [6.0]
    assert timetable.next_deadline() == 5.0


def test_many_moves_of_one_owner_leave_one_entry():
    timetable, owner = Timetable(), Owner()
    for moment in range(1000):
        owner.deadline = 5.0 + moment
        timetable.look_at(owner)
    assert len(timetable) == 1
    assert len(timetable._heap) == 1


@given(st.lists(st.tuples(st.integers(0, 4), st.one_of(st.none(), st.integers(0, 30))), max_size=40))
def test_nobody_is_called_late_or_after_leaving(steps):
    timetable, owners, due = Timetable(), [Owner() for _ in range(5)], {}
    for number, deadline in steps:
        owner = owners[number]
        owner.deadline = deadline
        if deadline is None:
            timetable.drop(owner)
            due.pop(number, None)
        else:
            timetable.look_at(owner)
            due[number] = min(deadline, due.get(number, deadline))
    assert timetable.next_deadline() == min(due.values(), default=None)
    for now in range(31):
        tick(timetable, now)
    assert {number: owner.ticks for number, owner in enumerate(owners)} == {
        number: [due[number]] if number in due else [] for number in range(5)
    }
