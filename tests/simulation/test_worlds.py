"""Seeded worlds: some 30 random lives of a broker with several clients, every step of which the model has seen."""

import pytest

from tests.simulation.world import World

STEPS = 400


def live(seed: int, steps: int = STEPS) -> World:
    world = World(seed)
    try:
        world.run(steps)
    except BaseException as error:
        tail = "\n".join(world.log[-15:])
        error.add_note(f"World({seed}).run({steps}) failed in step {len(world.log)}; the last ones were:\n{tail}")
        raise
    return world


@pytest.mark.parametrize("seed", range(30))
def test_a_world_keeps_to_its_model(seed):
    world = live(seed)
    assert world.messages > 100


def test_the_same_seed_is_the_same_world():
    assert live(7, 150).log == live(7, 150).log
