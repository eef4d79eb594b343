"""More worlds than the tests run: ``python -m tests.simulation FIRST_SEED HOW_MANY STEPS``; ends with a failure."""

import argparse

from tests.simulation.test_worlds import live


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("first", type=int, metavar="FIRST_SEED")
    parser.add_argument("count", type=int, metavar="HOW_MANY")
    parser.add_argument("steps", type=int, metavar="STEPS")
    options = parser.parse_args()
    for seed in range(options.first, options.first + options.count):
        live(seed, options.steps)
    print(f"{options.count} worlds of {options.steps} steps each kept to their model")


if __name__ == "__main__":
    main()
