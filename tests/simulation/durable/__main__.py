"""Simulated crashes of whole nodes: ``python -m tests.simulation.durable --count 20000 [--seed N]``."""

import argparse
import sys
import time
from collections import Counter

from tests.simulation.durable import life


def main(arguments=None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20000, help="crashes in all")
    parser.add_argument("--seed", type=int, default=0, help="the first life's seed")
    parser.add_argument("--each", type=int, default=4, help="crashes of each life")
    parser.add_argument("--steps", type=int, default=120, help="most steps from one crash to the next")
    parser.add_argument("--go-on", action="store_true", help="count the seeds that fail instead of stopping")
    options = parser.parse_args(arguments)
    begin = time.monotonic()
    crashes: Counter = Counter()
    failed: Counter = Counter()
    lives = checked = messages = 0
    while crashes.total() < options.count:
        seed = options.seed + lives
        lives += 1
        try:
            done = life.run(seed, options.each, options.steps)
        except Exception as error:
            if not options.go_on:
                print(f"seed {seed} broke it: {error!r}\n" + "\n".join(error.__notes__))
                raise
            failed[f"{type(error).__name__} {error}"[:70]] += 1
            print(f"seed {seed}: {type(error).__name__} {str(error)[:150]}", flush=True)
            crashes["in lives that failed"] += options.each
            continue
        crashes.update(done.crashes)
        checked += done.checked
        messages += done.world.messages
    kinds = ", ".join(f"{count} {kind}" for kind, count in crashes.items())
    print(f"{crashes.total()} simulated crashes ({kinds}) in {lives} lives")
    print(f"{messages} messages published; everything checked after each of {checked} steps")
    print(f"{time.monotonic() - begin:.1f} s", file=sys.stderr)
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
