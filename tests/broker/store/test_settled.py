"""SettledSet against a set of plain ints, with stretches that begin, end and lie across pages of 65,536 offsets."""

from hypothesis import example, given
from hypothesis import strategies as st

from broker.store.settled import SettledSet

PAGE = 65_536
PAGES = 3
# Near the edges of pages things differ; a few in the middle; any other is as good as these.
NEAR = st.builds(
    lambda page, beside: max(page * PAGE + beside, 0), st.integers(0, PAGES), st.integers(-4, 4) | st.just(PAGE // 2)
)
LENGTHS = st.integers(-1, 6) | st.sampled_from([PAGE // 2, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE])
STRETCHES = st.builds(lambda begin, length: (begin, max(begin + length, 0)), NEAR, LENGTHS)


def floor_of(model, floor):
    while floor in model:
        floor += 1
    return floor


def joined(ranges):
    """Neighbouring stretches as one; that they come in order and none is empty is checked on the way."""
    found = []
    last = 0
    for begin, end in ranges:
        assert last <= begin < end
        last = end
        if found and found[-1][1] == begin:
            found[-1] = (found[-1][0], end)
        else:
            found.append((begin, end))
    return found


def stretches(offsets):
    """The stretches of neighbours in these, which are in order."""
    return joined((offset, offset + 1) for offset in offsets)


@given(
    before=st.none() | NEAR,
    added=st.lists(STRETCHES, min_size=1, max_size=8),
    asked=st.lists(STRETCHES, min_size=1, max_size=4),
)
@example(before=None, added=[(1, PAGE), (0, 1)], asked=[(0, PAGE)])
@example(before=None, added=[(PAGE - 1, 2 * PAGE + 1), (0, PAGE - 1)], asked=[(PAGE, PAGE + 2)])
@example(before=PAGE - 1, added=[(PAGE, 2 * PAGE), (PAGE - 1, PAGE)], asked=[(0, 3 * PAGE)])
def test_it_is_a_set(before, added, asked):
    begun_at = before or 0
    settled, model = SettledSet(begun_at), set(range(begun_at))
    floor = begun_at
    for begin, end in added:
        fresh = set(range(begin, end)) - model
        assert settled.add(begin, end) == len(fresh)
        model |= fresh
        floor = floor_of(model, floor)
        assert settled.floor == floor
        assert settled.is_plain is (len(model) == floor)
    assert joined(settled.ranges()) == stretches(sorted(offset for offset in model if offset > floor))
    for begin, end in asked:
        assert settled.settled_within(begin, end) == len(model.intersection(range(begin, end)))
        for offset in (begin, end):
            assert (offset in settled) is (offset in model)


@given(added=st.lists(STRETCHES, max_size=8))
def test_what_is_below_the_floor_is_forgotten(added):
    """When everything is settled in the end, nothing is kept of how it came."""
    settled = SettledSet()
    for begin, end in added:
        settled.add(begin, end)
    settled.add(0, 8 * PAGE)
    assert settled.is_plain
    assert settled.floor == 8 * PAGE
    assert not settled._pages
    assert not settled._counts
