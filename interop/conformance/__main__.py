"""The judge at the command line: `python -m interop.conformance record [--root DIR]`, `... compare [--url URL]`."""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from fnmatch import fnmatch

from interop import rabbitmq
from interop.conformance import coverage, judge, listing, record
from interop.conformance.accepted import ACCEPTED, Case
from interop.conformance.conversations import ALL
from interop.conformance.operators import OperatedLeveret
from interop.conformance.rabbit_operator import RabbitOperator
from interop.conformance.steps import Conversation
from interop.conformance.wander import in_order, wander
from interop.conformance.wander_access import wander_access
from interop.conformance.wandering import run
from interop.leveret import Leveret


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m interop.conformance", description=__doc__)
    commands = parser.add_subparsers(required=True)
    recording = commands.add_parser("record", help="hold all conversations with RabbitMQ and write the fixtures")
    recording.add_argument("--root", default="/", help="folder with a Debian of its own that holds RabbitMQ")
    recording.add_argument(
        "--rounds", type=int, default=3, help="hold everything so often; what most rounds agree on is the record"
    )
    recording.add_argument(
        "--only", type=_pattern, default="*", help="pattern of conversation names; the others' records stay"
    )
    recording.set_defaults(run=_record)
    comparing = commands.add_parser("compare", help="hold conversations with a broker and compare with the record")
    comparing.add_argument("--url", help="amqp://guest:guest@host:port/ (default: a leveret of its own)")
    comparing.add_argument("--only", type=_pattern, default="*", help="pattern of conversation names, as in queue/*")
    comparing.add_argument("--version", default="", help="compare with this recorded RabbitMQ (default: the newest)")
    comparing.set_defaults(run=_compare)
    showing = commands.add_parser("show", help="print the record of conversations")
    showing.add_argument("only", type=_pattern, help="pattern of conversation names")
    showing.add_argument("--version", default="")
    showing.set_defaults(run=_show)
    listing_them = commands.add_parser("accepted", help="print the differences that are meant, and all themes")
    listing_them.set_defaults(run=_accepted)
    covering = commands.add_parser("coverage", help="print what the conversations do not ask of a broker, and why")
    covering.set_defaults(run=_coverage)
    wandering = commands.add_parser("wander", help="hold random conversations with RabbitMQ and with leveret")
    wandering.add_argument("--root", default="/", help="as for record; it should be the newest RabbitMQ")
    wandering.add_argument("--first", type=int, default=1, help="the first seed")
    wandering.add_argument("--count", type=int, default=100)
    wandering.add_argument(
        "--about",
        choices=["protocol", "queues", "access"],
        default="protocol",
        help="protocol: all methods and what no client should say, made up and shrunk by Hypothesis, a hundred a seed;"
        " queues: limits, expiry, priorities, dead letters; access: what a user may do, and what is asked first",
    )
    wandering.add_argument("--at-once", type=int, default=run.AT_ONCE, help="about the protocol: processes")
    wandering.add_argument("--persistent", action="store_true", help="messages go to the disk")
    wandering.set_defaults(run=_wander)
    options = parser.parse_args(arguments)
    return int(options.run(options))


def _record(options: argparse.Namespace) -> int:
    plugins = sorted({conversation.plugin for conversation in _chosen(options.only)} - {""})
    with rabbitmq.running(options.root, plugins=plugins) as node:
        chosen = _chosen(options.only, node.version)
        started = time.monotonic()
        operator = RabbitOperator(node)
        rounds = [judge.hold_all(chosen, node.url, 5.0, operator) for _ in range(options.rounds)]
        seconds = time.monotonic() - started
    steady = {one.name: Counter(tuple(held[one.name]) for held in rounds).most_common(1)[0][0] for one in chosen}
    unsteady = [one.name for one in chosen if any(tuple(held[one.name]) != steady[one.name] for held in rounds)]
    for name in unsteady:
        print(f"unsteady: {name}")
        for held in rounds:
            print(judge.difference(list(steady[name]), held[name]))
    folder = record.save(node.version, {name: list(lines) for name, lines in steady.items()})
    record.write_differences()
    print(
        f"RabbitMQ {node.version}: {len(chosen)} conversations, {options.rounds} rounds in {seconds:.0f} s -> {folder}"
    )
    return 1 if unsteady else 0


def _compare(options: argparse.Namespace) -> int:
    chosen = _chosen(options.only, options.version)
    records, used = record.load(options.version), set[Case]()
    if options.url:
        left_out = [one.name for one in chosen if one.needs_operator]
        held = judge.hold_all([one for one in chosen if not one.needs_operator], options.url)
    else:
        left_out = []
        with OperatedLeveret() as leveret:
            held = judge.hold_all(chosen, leveret.url, operator=leveret)
    different = 0
    for name, ours in held.items():
        if name not in records:
            different += 1
            print(f"=== {name} is not recorded yet: python -m interop.conformance record\n")
        elif diff := judge.difference(judge.expected(name, records[name], used), ours):
            different += 1
            print(f"=== {name}\n{diff}\n")
    whole = options.only == "*" and not left_out
    unused = [case for accepted in ACCEPTED for case in accepted.cases if case not in used] if whole else []
    for case in unused:
        print(f"accepted difference no longer seen: {case.conversation}: {case.record}")
    if left_out:
        print(f"{len(left_out)} left out, since nobody can operate {options.url}: {', '.join(left_out)}")
    print(f"{len(held) - different} of {len(held)} conversations agree")
    return 1 if different or unused or not chosen else 0


def _wander(options: argparse.Namespace) -> int:
    if options.about == "protocol":
        return run.run(options.root, options.first, options.count, options.at_once)
    seeds = range(options.first, options.first + options.count)
    about_access = options.about == "access"
    chosen = [wander_access(seed) if about_access else wander(seed, persistent=options.persistent) for seed in seeds]
    with rabbitmq.running(options.root) as node:
        # What differs here is chance.
        rounds = [judge.hold_all(chosen, node.url, 5.0, RabbitOperator(node)) for _ in range(2)]
    with tempfile.TemporaryDirectory() as folder:
        flags = ("--data-dir", folder) if options.persistent else ()
        if about_access:
            with OperatedLeveret() as operated:
                held = judge.hold_all(chosen, operated.url, operator=operated)
        else:
            with Leveret(0, *flags) as leveret:
                held = judge.hold_all(chosen, leveret.url)
    agree = unsteady = 0
    for name, lines in held.items():
        ours, theirs = in_order(lines), [in_order(each[name]) for each in rounds]
        if ours in theirs:
            agree += 1
        elif theirs[0] != theirs[1]:
            unsteady += 1
        else:
            print(f"=== {name}\n{judge.difference(theirs[0], ours)}\n")
    print(
        f"{agree} of {len(held)} conversations agree; RabbitMQ {node.version} itself is not steady in {unsteady} more"
    )
    return 0 if agree + unsteady == len(held) else 1


def _show(options: argparse.Namespace) -> int:
    records = record.load(options.version)
    for conversation in _chosen(options.only, options.version):
        print(f"=== {conversation.name}", *records[conversation.name], sep="\n")
    return 0


def _accepted(_: argparse.Namespace) -> int:
    print(*listing.entries(), listing.themes_table(), "", f"{len(ACCEPTED)} accepted differences", sep="\n")
    return 0


def _coverage(_: argparse.Namespace) -> int:
    print(*(f"left out: {name}: {why}" for name, why in coverage.LEFT_OUT.items()), sep="\n")
    print(*(f"missing: {name}" for name in coverage.missing()), sep="\n", end="")
    wanted = len(list(coverage.wanted()))
    met = wanted - len(coverage.LEFT_OUT) - len(coverage.missing())
    print(f"{met} of {wanted} methods, arguments, properties and texts are met by a conversation")
    return 1 if coverage.missing() else 0


def _pattern(text: str) -> str:
    if not _chosen(text):
        raise argparse.ArgumentTypeError(f"there is no conversation {text!r}")
    return text


def _chosen(pattern: str, version: str = "") -> list[Conversation]:
    """Those whose names match, without those not meant for a RabbitMQ of that version."""
    fitting = [conversation for conversation in ALL if fnmatch(conversation.name, pattern)]
    return [one for one in fitting if not version or record.parts(version) >= record.parts(one.since)]


if __name__ == "__main__":
    sys.exit(main())
