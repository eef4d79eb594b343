"""More worlds than the tests run: ``python -m tests.simulation FIRST_SEED HOW_MANY STEPS``; ends with a failure."""

import sys

from tests.simulation.test_worlds import live


def main() -> None:
    first, count, steps = map(int, sys.argv[1:])
    for seed in range(first, first + count):
        live(seed, steps)
    print(f"{count} worlds of {steps} steps each kept to their model")


if __name__ == "__main__":
    main()
