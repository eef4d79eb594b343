"""Simulated crashes of whole nodes: ``python -m tests.simulation.durable --count 20000 [--seed N] [--jobs N]``."""

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import count, islice

from tests.simulation.durable import life

_SEEDS_AT_ONCE = 25


class Lives:
    """What some lives went through. ``failed`` has a seed, a sentence and a report for each that failed."""

    def __init__(self) -> None:
        self.crashes: Counter[str] = Counter()
        self.tally: Counter[str] = Counter()
        self.failed: list[tuple[int, str, str]] = []

    def add(self, more: "Lives") -> None:
        self.crashes.update(more.crashes)
        self.tally.update(more.tally)
        self.failed += more.failed


def live(seeds: range, each: int, steps: int) -> Lives:
    """A life of each seed."""
    lives = Lives()
    for seed in seeds:
        try:
            done = life.run(seed, each, steps)
        except Exception as error:
            notes = "\n".join(getattr(error, "__notes__", ()))
            lives.failed.append((seed, f"{type(error).__name__} {error}", notes))
        else:
            lives.crashes.update(done.crashes)
            lives.tally.update(done.world.tally)
        lives.tally["lives"] += 1
    return lives


def all_lives(options: argparse.Namespace) -> Iterator[Lives]:
    """Without an end, a few seeds at a time, in their order."""
    pieces = (range(first, first + _SEEDS_AT_ONCE) for first in count(options.seed, _SEEDS_AT_ONCE))
    if options.jobs == 1:
        for seeds in pieces:
            yield live(seeds, options.each, options.steps)
    with ProcessPoolExecutor(options.jobs) as pool:
        ahead = [pool.submit(live, seeds, options.each, options.steps) for seeds in islice(pieces, 2 * options.jobs)]
        try:
            for seeds in pieces:
                yield ahead.pop(0).result()
                ahead.append(pool.submit(live, seeds, options.each, options.steps))
        finally:
            pool.shutdown(cancel_futures=True)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.durable", description=__doc__)
    parser.add_argument("--count", type=int, default=20000, help="crashes in all")
    parser.add_argument("--seed", type=int, default=0, help="the first life's seed")
    parser.add_argument("--each", type=int, default=4, help="crashes of each life")
    parser.add_argument("--steps", type=int, default=120, help="most steps from one crash to the next")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes that live at the same time")
    parser.add_argument("--go-on", action="store_true", help="count the seeds that fail instead of stopping")
    options = parser.parse_args(arguments)
    begin = time.monotonic()
    done = Lives()
    pieces = all_lives(options)
    for piece in pieces:
        done.add(piece)
        for seed, sentence, report in piece.failed:
            print(f"seed {seed} broke it: {sentence[:150]}", flush=True)
            if not options.go_on:
                print(f"{sentence}\n{report}")
                return 1
        # A life that failed counts as none of its crashes.
        if done.crashes.total() >= options.count or len(done.failed) * options.each > options.count:
            break
    pieces.close()
    print(summary(done))
    print(f"{time.monotonic() - begin:.1f} s", file=sys.stderr)
    return bool(done.failed)


def summary(done: Lives) -> str:
    crashes, tally = done.crashes, done.tally
    return (
        f"{crashes.total()} simulated crashes in {tally['lives']} lives, {len(done.failed)} of which broke something: "
        f"{crashes['power']} power cuts, {crashes['kill']} kills, {crashes['stop']} orderly stops\n"
        f"{tally['published']} messages published, {tally['confirmed']} confirmed, {tally['delivered']} delivered, "
        f"{tally['settled']} settled; {tally['offsets']} offsets of streams checked\n"
        f"everything checked after each of {tally['steps']} steps"
    )


if __name__ == "__main__":
    sys.exit(main())
