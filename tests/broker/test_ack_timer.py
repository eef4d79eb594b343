"""The timer of acks against a model that keeps the moment of every single delivery."""

from types import SimpleNamespace

from hypothesis import given, settings
from hypothesis import strategies as st

from broker.message import Message
from broker.session.ack_timer import AckTimer
from broker.session.unsettled import Unsettled
from broker.timetable import Timetable

LATE = 1 / 64
MESSAGE = Message(b"", b"")


class World:
    """``timeouts`` are those of the consumers, None for who may take all the time there is."""

    def __init__(self, timeouts, *, oldest_only):
        self.now = 0.0
        self.timetable = Timetable()
        self.unsettled = Unsettled()
        self.moments = {}
        # Who is the oldest, and since when.
        self.oldest = (0, 0.0)
        self.timer = AckTimer(
            self.unsettled,
            timeout_s=timeouts.__getitem__,
            on_overdue=self.take,
            oldest_only=oldest_only,
        )
        self.timeouts = timeouts
        self.oldest_only = oldest_only

    def take(self, tags, turn):
        for tag in tags:
            delivered, consumer = self.moments[tag]
            timeout_s = self.timeouts[consumer]
            assert self.now - delivered >= timeout_s, "too early"
            latest = delivered + timeout_s * (1 + LATE)
            if self.oldest_only:
                # One that has just come to be the oldest is looked at a little later.
                latest = max(latest, self.oldest[1] + self.timer._shortest_s)
            assert self.now <= latest, "too late"
        # Where the oldest alone is looked at, the channel ends with it.
        for tag in list(self.unsettled.by_tag) if self.oldest_only else tags:
            del self.unsettled.by_tag[tag]
        self.changed()

    def changed(self):
        oldest = min(self.unsettled.by_tag, default=0)
        if oldest != self.oldest[0]:
            self.oldest = (oldest, self.now)

    def deliver(self, consumer, count):
        first = self.unsettled.next_tag
        for tag in range(first, first + count):
            self.unsettled.by_tag[tag] = (consumer, tag, MESSAGE)
            self.moments[tag] = (self.now, consumer)
        self.unsettled.next_tag += count
        self.changed()
        if self.timeouts[consumer] is not None:
            self.timer.delivered(first, self.timeouts[consumer], self.now, self.timetable)

    def ack(self, place):
        tags = sorted(self.unsettled.by_tag)
        if tags:
            del self.unsettled.by_tag[tags[place % len(tags)]]
            self.changed()

    def advance(self, seconds):
        until = self.now + seconds
        while (deadline := self.timetable.next_deadline()) is not None and deadline <= until:
            self.now = max(self.now, deadline)
            self.timetable.tick(SimpleNamespace(now=self.now, look_at=self.timetable.look_at))
        self.now = until


STEP = st.one_of(
    st.tuples(st.just("deliver"), st.integers(0, 2), st.integers(1, 3)),
    st.tuples(st.just("ack"), st.integers(0, 20)),
    # What a computer can add up without a rest.
    st.tuples(st.just("advance"), st.sampled_from([1 / 64, 1 / 64, 0.125, 1.0, 7.0, 30.0])),
)


@settings(max_examples=500)
@given(st.lists(STEP, min_size=5, max_size=60), st.booleans())
def test_nobody_is_early_and_who_is_late_is_not_much_so(steps, oldest_only):
    timeouts = [10.0, 40.0, None]
    world = World(timeouts, oldest_only=oldest_only)
    for name, *arguments in steps:
        getattr(world, name)(*arguments)
    before = sorted(world.unsettled.by_tag)
    world.advance(100)
    for tag in before[:1] if oldest_only else before:
        if timeouts[world.moments[tag][1]] is not None:
            assert tag not in world.unsettled.by_tag, "never"
