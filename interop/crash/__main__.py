"""The command: `python -m interop.crash --runs 200` kills a leveret that often and looks at what it brings back.

Exit status 1 when a rule was broken; the seed, the run's plan, the end of the broker's log and the data directory,
which is kept then, are the evidence. A seed repeats the plans, not the timing.
"""

import argparse
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

from interop.crash.stage import Stage

_TOLD_EVERY_S = 15.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run and tell what came of it."""
    options = _parser().parse_args(arguments)
    # Below the current folder: /tmp may be memory, which syncs for nothing.
    folder = Path(tempfile.mkdtemp(prefix=".leveret-data-", dir=Path.cwd()))
    stage = Stage(folder, options.durability, options.seed)
    _say(f"seed {options.seed}, {options.runs} runs, durability {options.durability}, data in {folder}")
    try:
        try:
            _runs(stage, options.runs, options.seconds)
        finally:
            stage.close()
    except BaseException as error:
        _say(f"FAILED in run {stage.tally.runs + 1}, seed {options.seed}, durability {options.durability}: {error!r}")
        _say(f"the run: {stage.plan}")
        print(f"the broker's log ends with:\n{stage.log[-3000:]}")
        traceback.print_exc()
        _say(f"{_told(stage)}; the data is kept in {folder}")
        return 1
    shutil.rmtree(folder)
    _say(f"{_told(stage)}: nothing lost, nothing twice unmarked, nothing out of order")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m interop.crash", description=__doc__)
    parser.add_argument("--runs", type=int, default=200, help="how often the broker is ended (%(default)s)")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin no further run after this time")
    parser.add_argument("--seed", type=int, default=1, help="of all random choices (%(default)s)")
    parser.add_argument("--durability", choices=("fsync", "os"), default="fsync", help="the broker's (%(default)s)")
    return parser


def _runs(stage: Stage, runs: int, seconds: float) -> None:
    begun = told = time.monotonic()
    stage.open()
    while stage.tally.runs < runs and time.monotonic() - begun < seconds:
        stage.run()
        if time.monotonic() - told > _TOLD_EVERY_S:
            told = time.monotonic()
            _say(_told(stage))
    stage.reckon()


def _told(stage: Stage) -> str:
    tally = stage.tally
    return (
        f"{tally.runs} runs, {tally.kills} kills ({tally.kills_at_start} of them during start-up), {tally.stops} stops;"
        f" {tally.published:,} published, {tally.confirmed:,} confirmed, {tally.delivered:,} delivered,"
        f" {tally.redelivered:,} redelivered, {tally.acked:,} acked ({stage.came_again:,} came again all the same);"
        f" {tally.stream_read:,} read of the stream, {tally.definitions:,} definitions, {tally.repairs} repairs"
    )


def _say(line: str) -> None:
    print(time.strftime("%H:%M:%S"), line, flush=True)


def _stopped(*_: object) -> None:
    """Its broker is to end with it; SIGINT will not do, as shells have background jobs ignore it."""
    # Whoever asks twice must not keep it from killing the broker.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise SystemExit("stopped by SIGTERM")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _stopped)
    sys.exit(main())
