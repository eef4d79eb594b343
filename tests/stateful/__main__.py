"""Random conversations of several clients: ``python -m tests.stateful --steps 100000 --seed S``.

Each conversation is a hundred steps; one that breaks something is made as short as it gets, and printed as a test.
"""

import argparse
import sys
import time

import hypothesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.stateful.machine import BrokerMachine
from tests.stateful.world import World

_STEPS_EACH = 100
_AT_ONCE = 20


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.stateful", description=__doc__)
    parser.add_argument("--steps", type=int, default=100_000, help="in all, at least")
    parser.add_argument("--seed", type=int, default=1, help="of the first conversations; the next have the next")
    options = parser.parse_args()
    begin, batch = time.monotonic(), options.seed
    while World.steps < options.steps:
        try:
            _converse(batch, [Phase.generate])
        except Exception as error:
            print(f"seed {batch} broke it after {World.steps:,} steps: {type(error).__name__}: {error}")
            print("it is made shorter, which takes up to five minutes", flush=True)
            _converse(batch, [Phase.generate, Phase.shrink])
            raise
        batch += 1
        seconds = time.monotonic() - begin
        rate = World.steps / seconds
        print(f"{World.steps:,} of {options.steps:,} steps, {rate:,.0f} a second", flush=True)
    print(f"{World.steps} steps of {World.clients} clients, nothing broke")
    return 0


def _converse(seed: int, phases: list[Phase]) -> None:
    # Each batch a class of its own: Hypothesis keeps the seed there.
    machine = hypothesis.seed(seed)(type("BrokerMachine", (BrokerMachine,), {}))
    how = settings(
        max_examples=_AT_ONCE,
        stateful_step_count=_STEPS_EACH,
        database=None,
        deadline=None,
        phases=phases,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=how)


if __name__ == "__main__":
    sys.exit(main())
