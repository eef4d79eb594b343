"""Both builds against each other: ``python -m tests.fuzz.builds --executions N --seed S``.

The same inputs go to the sources and to what was compiled of them, in processes of their own; events, bytes out and
refusals have to be the same. Where they differ the input and both outcomes are shown, and the exit status is 1.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from typing import IO

from protocol.native import VARIABLE
from protocol.native.record import Built, state
from tests.fuzz import outcomes

_BUILDS = {"plain": "0", "compiled": "1"}
# Inputs that one pair of processes gets, of each hundred as many of a kind as it says there.
_BATCH = 20_000
_SHOWN = 3


def main(arguments: list[str] | None = None) -> int:
    options = _parse(arguments)
    if state() is not Built.FRESH:
        print(f"the builds are not compared: {state().value} (python setup.py build_ext --inplace)")
        return 0 if options.or_skip else 2
    begin, done, differences = time.monotonic(), 0, 0
    seed = options.seed
    while done < options.executions and not (options.minutes and time.monotonic() > begin + options.minutes * 60):
        batch = min(_BATCH, options.executions - done)
        for kind in options.kinds or outcomes.KINDS:
            share = sum(outcomes.KINDS[each][0] for each in options.kinds or outcomes.KINDS)
            count = max(1, batch * outcomes.KINDS[kind][0] // share)
            differences += _compare(kind, seed, count)
            done += count
        seed += 1
        print(f"{done:,} inputs, {differences} differences, {time.monotonic() - begin:.0f} s", flush=True)
    return 1 if differences else 0


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.builds", description=__doc__)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"of {', '.join(outcomes.KINDS)}; else all")
    parser.add_argument("--executions", type=int, default=20_000, help="inputs for each build, in all")
    parser.add_argument("--minutes", type=float, default=0.0, help="begin no further round after this; 0 for any")
    parser.add_argument("--seed", type=int, default=1, help="of the first round of inputs; each next has the next")
    parser.add_argument("--or-skip", action="store_true", help="where nothing is compiled, say so and be content")
    options = parser.parse_args(arguments)
    for kind in options.kinds:
        if kind not in outcomes.KINDS:
            parser.error(f"no kind {kind}: there are {', '.join(outcomes.KINDS)}")
    return options


def _compare(kind: str, seed: int, count: int) -> int:
    """How many of so many inputs have different outcomes."""
    with ThreadPoolExecutor(len(_BUILDS)) as pool:
        plain, compiled = pool.map(lambda build: _ask(build, kind, seed, count), _BUILDS)
    size = outcomes.DIGEST_BYTES
    if len(plain) != count * size or len(compiled) != count * size:
        print(f"{kind}, seed {seed}: a build ended early: {len(plain) // size}, {len(compiled) // size} of {count}")
        return 1
    differ = [n for n in range(count) if plain[n * size : (n + 1) * size] != compiled[n * size : (n + 1) * size]]
    for number in differ[:_SHOWN]:
        for build in _BUILDS:
            words = _ask(build, kind, seed, count, number).decode()
            print(f"{kind}, seed {seed}, input {number}, {build}:\n{words}", flush=True)
    return len(differ)


def _ask(build: str, kind: str, seed: int, count: int, *number: int) -> bytes:
    variables = os.environ | {VARIABLE: _BUILDS[build], "PYTHONHASHSEED": "0"}
    command = [sys.executable, "-m", "tests.fuzz.build_worker", kind, *map(str, (seed, count, *number))]
    errors: IO[bytes]
    with tempfile.TemporaryFile() as errors:
        result = subprocess.run(command, env=variables, stdout=subprocess.PIPE, stderr=errors, check=False)
        if result.returncode:
            errors.seek(0)
            print(f"{build} ended with {result.returncode}: {errors.read().decode(errors='replace')[-2000:]}")
    return result.stdout


if __name__ == "__main__":
    sys.exit(main())
