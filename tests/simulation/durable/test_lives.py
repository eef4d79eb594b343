"""Some hundred simulated crashes of whole nodes with every run of the tests: ``python -m`` this folder has more."""

import pytest

from tests.simulation.durable import life
from tests.simulation.durable.__main__ import live


@pytest.mark.parametrize("first", range(0, 100, 10))
def test_lives_keep_what_was_promised(first):
    lives = live(range(first, first + 10), each=4, steps=120)
    assert not lives.failed, "\n".join(lives.failed[0][1:])
    assert lives.crashes.total() >= 40
    # What the checks speak of did happen.
    assert all(lives.tally[what] for what in ("published", "confirmed", "delivered", "settled", "offsets")), lives.tally


def test_the_same_seed_is_the_same_life():
    assert life.run(7).world.log == life.run(7).world.log
