"""The command: `python -m interop.scale streams`, `backlog` and so on show what one leveret process can hold.

Each starts a leveret with a data directory of its own below the current folder (bring 2 GB) and tells what it measures.
Exit status 1 when a bound is broken, or a message lost, doubled or out of order.
"""

import argparse
import gc
import signal
import sys
from collections.abc import Sequence

from interop.bench.client import Refused
from interop.bench.flow import Stalled
from interop.scale import backlog, dead_letters, definitions, expiry, stage, streams
from interop.scale.checked import Broken
from interop.scale.numbered import NUMBER_BYTES


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one of them; 1 when something was not as it must be."""
    options = _parser().parse_args(arguments)
    # A broker that was started must be stopped, too, when we are.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    # Millions of tuples make no circles.
    gc.disable()
    bounds = stage.Bounds()
    try:
        options.run(options, bounds)
    except (Broken, Stalled, Refused, OSError) as error:
        bounds.say(f"FAILED  {type(error).__name__}: {error}")
        return 1
    return int(bounds.broken)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m interop.scale", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="streams|backlog|definitions|expiry|dead_letters")
    reading = commands.add_parser("streams", help=_first_line(streams), description=streams.__doc__)
    reading.set_defaults(run=streams.run)
    reading.add_argument("--count", type=_above_zero, default=5_000_000, help="messages in the stream (%(default)s)")
    reading.add_argument("--size", type=_size, default=100, help="bytes of each, from 16 (%(default)s)")
    stage.add_options(reading, rss_mb=150)
    restarting = commands.add_parser("backlog", help=_first_line(backlog), description=backlog.__doc__)
    restarting.set_defaults(run=backlog.run)
    restarting.add_argument("--count", type=_above_zero, default=10_000_000, help="messages in the queue (%(default)s)")
    restarting.add_argument("--size", type=_size, default=16, help="bytes of each, from 16 (%(default)s)")
    restarting.add_argument("--held", type=int, default=1_000, help="unacknowledged when it ends (%(default)s)")
    restarting.add_argument("--kill", action="store_true", help="SIGKILL instead of SIGTERM")
    restarting.add_argument("--start-s", type=float, default=3.0, help="bound from start to accepting (%(default)s)")
    stage.add_options(restarting, rss_mb=300)
    defining = commands.add_parser("definitions", help=_first_line(definitions), description=definitions.__doc__)
    defining.set_defaults(run=definitions.run)
    defining.add_argument("--count", type=_above_zero, default=10_000, help="queues, each with a binding (%(default)s)")
    defining.add_argument("--kill", action="store_true", help="SIGKILL instead of SIGTERM")
    defining.add_argument("--start-s", type=float, default=1.0, help="bound from start to accepting (%(default)s)")
    stage.add_options(defining, rss_mb=150)
    _add_expiry(commands)
    _add_storms(commands)
    return parser


def _add_expiry(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    expiring = commands.add_parser("expiry", help=_first_line(expiry), description=expiry.__doc__)
    expiring.set_defaults(run=expiry.run)
    expiring.add_argument("--count", type=_above_zero, default=1_000_000, help="messages in each case (%(default)s)")
    expiring.add_argument(
        "--only", type=_case, default="", metavar="WORDS", help="cases with these words in their name"
    )
    expiring.add_argument("--growth", type=float, default=1.5, help="bound of what that costs more (%(default)s)")
    stage.add_options(expiring, rss_mb=1000)


def _add_storms(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    storming = commands.add_parser("dead_letters", help=_first_line(dead_letters), description=dead_letters.__doc__)
    storming.set_defaults(run=dead_letters.run)
    storming.add_argument("--count", type=_above_zero, default=1_000_000, help="messages in each storm (%(default)s)")
    storming.add_argument("--rate", type=float, default=1_000.0, help="others' messages a second (%(default)s)")
    storming.add_argument("--calm-s", type=float, default=5.0, help="others alone, before (%(default)s)")
    storming.add_argument("--circle-s", type=float, default=10.0, help="of the endless circle (%(default)s)")
    storming.add_argument("--p99-ms", type=float, default=50.0, help="bound for the others (%(default)s)")
    stage.add_options(storming, rss_mb=1000)


def _case(text: str) -> str:
    if not any(text in str(case) for case in expiry.CASES):
        raise argparse.ArgumentTypeError(f"there is no such case; there are {'; '.join(map(str, expiry.CASES))}")
    return text


def _first_line(module: object) -> str:
    return (module.__doc__ or "").partition("\n")[0]


def _above_zero(text: str) -> int:
    if (value := int(text)) <= 0:
        raise ValueError
    return value


def _size(text: str) -> int:
    """A body has to hold its number, and to fit into one frame of any broker."""
    if not NUMBER_BYTES <= (value := int(text)) <= 100_000:
        raise ValueError
    return value


if __name__ == "__main__":
    sys.exit(main())
