"""What `python -m interop.bench` may be told."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from interop.bench import brokers
from interop.bench.growth import DIMENSIONS
from interop.bench.scenarios import SCENARIOS

# Below what git ignores.
_OUT = Path("build/bench")
# Of --full, in place of what goes without saying.
_FULL = {"seconds": 2.0, "rounds": 5, "growth_rounds": 3}
_DEFAULT = {"seconds": 0.6, "rounds": 3, "growth_rounds": 1}


def read(description: str | None, arguments: Sequence[str] | None) -> argparse.Namespace:
    """What was asked for, with what goes without saying; ``command`` is how to ask for it. Exits when it cannot be
    understood.
    """
    made = argparse.ArgumentParser(prog="python -m interop.bench", description=description, allow_abbrev=False)
    _add_what(made)
    _add_how_long(made)
    _add_brokers(made)
    _add_results(made)
    asked = made.parse_args(arguments)
    asked.command = _command(asked)
    for name, value in (_FULL if asked.full else _DEFAULT).items():
        if getattr(asked, name) is None:
            setattr(asked, name, value)
    asked.scenario = asked.scenario or list(SCENARIOS) if asked.what in {"scenarios", "all"} else []
    asked.dimension = asked.dimension or list(DIMENSIONS) if asked.what in {"growth", "all"} else []
    asked.no_standing = asked.no_standing or asked.what == "growth"
    asked.size = asked.size or [16]
    return asked


def _command(asked: argparse.Namespace) -> str:
    """Without what names this machine's files, and without where the results went."""
    words = ["python -m interop.bench", *([asked.what] if asked.what != "all" else [])]
    for name in ("full", "rich", "no_standing"):
        words += [_flag(name)] if getattr(asked, name) else []
    for name in ("seconds", "rounds", "growth_rounds"):
        value = getattr(asked, name)
        words += [f"{_flag(name)} {value:g}"] if value is not None else []
    for name in ("scenario", "dimension", "size", "skip"):
        words += [f"{_flag(name)} {value}" for value in getattr(asked, name) or []]
    words += ["--rabbitmq-root FOLDER"] if asked.rabbitmq_root != "/" else []
    words += [f"--start {name}=URL,COMMAND" for name, _ in asked.start]
    words += [f"--broker {broker.name}=URL,PID" for broker in asked.broker]
    return " ".join(words)


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _add_what(made: argparse.ArgumentParser) -> None:
    made.add_argument(
        "what",
        nargs="?",
        default="all",
        choices=("scenarios", "standing", "growth", "all"),
        help="the scenarios and what a broker costs that does nothing, the latter alone, what makes a message dearer, "
        "or all of it (default)",
    )
    made.add_argument(
        "--dimension", action="append", choices=DIMENSIONS, help="of growth, one (may be repeated); default: all"
    )
    made.add_argument(
        "--scenario", action="append", choices=SCENARIOS, help="one of them (may be repeated); default: all"
    )
    made.add_argument("--size", type=int, action="append", help="body size in bytes (may be repeated); default: 16")
    made.add_argument(
        "--rich", action="store_true", help="messages with an id, a timestamp, a content type and a header"
    )
    made.add_argument("--no-standing", action="store_true", help="leave out cold start and idle memory")


def _add_how_long(made: argparse.ArgumentParser) -> None:
    made.add_argument(
        "--seconds",
        type=float,
        help=f"of each run, after a warm-up of a third ({_DEFAULT['seconds']:g}, with --full {_FULL['seconds']:g})",
    )
    made.add_argument(
        "--rounds",
        type=int,
        help=f"runs of each scenario per broker, A B A B ({_DEFAULT['rounds']}, with --full {_FULL['rounds']})",
    )
    made.add_argument(
        "--growth-rounds",
        type=int,
        help=f"the same of each point of growth ({_DEFAULT['growth_rounds']}, with --full {_FULL['growth_rounds']})",
    )
    made.add_argument("--full", action="store_true", help="measure longer and more often")


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
        help="one more, to be started by that command; {data} in it is a fresh folder. One called lavinmq is what the "
        "targets speak of",
    )
    made.add_argument("--skip", action="append", default=[], choices=brokers.OWN, help="do not start that one")
    made.add_argument("--rabbitmq-root", default="/", help="folder with the RabbitMQ to start (%(default)s)")


def _add_results(made: argparse.ArgumentParser) -> None:
    made.add_argument(
        "--out", type=Path, default=_OUT, metavar="FOLDER", help="results.json and the plots go there (%(default)s)"
    )
    made.add_argument(
        "--from",
        dest="earlier",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="measure nothing, take such a results.json; of several all there is",
    )
    made.add_argument("--check", action="store_true", help="hold leveret to its targets; exit 1 when one is missed")
    made.add_argument("--write", action="store_true", help="put tables and plots into the README")
