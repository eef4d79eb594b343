"""The timetable: each owner once, at the nearest moment it named; who moved away is asked too early, never too late."""

from types import SimpleNamespace
from unittest import mock

import pytest
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


def test_those_that_come_and_go_leave_little_behind():
    timetable, stays = Timetable(), [Owner(50_000.0 - number) for number in range(100)]
    for number in range(10_000):
        if number < len(stays):
            timetable.look_at(stays[number])
        passes = Owner(86_400.0)
        timetable.look_at(passes)
        passes.deadline = 86_399.0
        timetable.look_at(passes)
        timetable.drop(passes)
        assert len(timetable._heap) <= 3 * len(stays)
    assert timetable.next_deadline() == 49_901.0
    tick(timetable, 49_950.0)
    assert [owner.ticks for owner in stays] == [[]] * 50 + [[49_950.0]] * 50
    tick(timetable, 50_000.0)
    assert all(len(owner.ticks) == 1 for owner in stays)


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


@pytest.mark.parametrize("void_min", [0, 64])
@given(steps=st.lists(st.tuples(st.integers(0, 4), st.one_of(st.none(), st.integers(0, 30))), max_size=40))
def test_nobody_is_called_late_or_after_leaving(void_min, steps):
    with mock.patch("broker.timetable._VOID_MIN", void_min):
        called_as_they_said(steps)


def called_as_they_said(steps):
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
