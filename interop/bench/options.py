"""What `python -m interop.bench` may be told."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from interop.bench import brokers
from interop.bench.growth import DIMENSIONS
from interop.bench.scenarios import SCENARIOS

# Those that it starts by itself, in the order of the tables.
OWN = ("leveret-os", "leveret", "leveret-compiled-os", "leveret-compiled", "rabbitmq")


def read(description: str | None, arguments: Sequence[str] | None) -> argparse.Namespace:
    """What was asked for, with what goes without saying. Exits when it cannot be understood."""
    made = argparse.ArgumentParser(prog="python -m interop.bench", description=description)
    _add_what(made)
    _add_brokers(made)
    _add_results(made)
    asked = made.parse_args(arguments)
    asked.scenario = asked.scenario or list(SCENARIOS) if asked.what != "growth" else []
    asked.dimension = asked.dimension or list(DIMENSIONS) if asked.what != "scenarios" else []
    asked.no_standing = asked.no_standing or asked.what == "growth"
    asked.size = asked.size or [16]
    return asked


def _add_what(made: argparse.ArgumentParser) -> None:
    made.add_argument(
        "what",
        nargs="?",
        default="scenarios",
        choices=("scenarios", "growth", "all"),
        help="the scenarios (default), what makes a message dearer, or both",
    )
    made.add_argument(
        "--dimension", action="append", choices=DIMENSIONS, help="of growth, one (may be repeated); default: all"
    )
    made.add_argument(
        "--scenario", action="append", choices=SCENARIOS, help="one of them (may be repeated); default: all"
    )
    made.add_argument(
        "--seconds", type=float, default=1.0, help="measured per run, after a warm-up of a third (%(default)s)"
    )
    made.add_argument("--rounds", type=int, default=3, help="runs of each scenario per broker, A B A B (%(default)s)")
    made.add_argument("--size", type=int, action="append", help="body size in bytes (may be repeated); default: 16")
    made.add_argument(
        "--rich", action="store_true", help="messages with an id, a timestamp, a content type and a header"
    )


def _add_brokers(made: argparse.ArgumentParser) -> None:
    made.add_argument(
        "--broker",
        action="append",
        default=[],
        type=brokers.external,
        metavar="NAME=URL,PID",
        help="one more that runs",
    )
    made.add_argument(
        "--start",
        action="append",
        default=[],
        type=brokers.by_command,
        metavar="NAME=URL,COMMAND",
        help="one more, to be started by that command; {data} in it is a fresh folder",
    )
    made.add_argument("--skip", action="append", default=[], choices=OWN, help="do not start that one")
    made.add_argument("--rabbitmq-root", default="/", help="folder with the RabbitMQ to start (%(default)s)")


def _add_results(made: argparse.ArgumentParser) -> None:
    made.add_argument("--no-standing", action="store_true", help="leave out cold start and idle memory")
    made.add_argument("--json", type=Path, metavar="FILE", help="write every round's figures there")
    made.add_argument("--check", action="store_true", help="hold leveret to its targets; exit 1 when one is missed")
