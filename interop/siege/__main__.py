"""The command: `python -m interop.siege` besieges a leveret of its own with hostile connections of every kind.

A well-behaved pair is measured quiet and besieged in turn, by each kind alone and by all at once: how much of its full
rate it keeps, and how much longer its paced messages take. Exit status 1 when it is less than 70 %, or a p99 more than
five times the quiet one of the run, in the median of the rounds.
"""

import argparse
import contextlib
import gc
import signal
import sys
import tempfile
from collections.abc import Sequence

from interop.bench.client import Refused
from interop.bench.flow import Stalled
from interop.bench.process import allow_open_files
from interop.certificates import certificates
from interop.leveret import Leveret
from interop.siege import report
from interop.siege.attackers import Army, Attackers
from interop.siege.kinds import KINDS, Kind, chosen
from interop.siege.pair import Pair
from interop.siege.rounds import Round, besiege


def main(arguments: Sequence[str] | None = None) -> int:
    """Besiege, print, judge; 1 when a target was missed."""
    options = _parser().parse_args(arguments)
    # Broker and attackers must be ended, too, when we are.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    gc.disable()
    allow_open_files(16_384)
    kinds = chosen(options.kinds)
    _say(
        "full: as fast as it goes, confirms and acks, messages a second. paced: "
        f"{options.pace:,} messages a second, each acked, ms from write to delivery. Each quiet > besieged by "
        f"{options.hostile} connections a kind."
    )
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix=".leveret-data-", dir="."))
        flags = stack.enter_context(certificates()).flags
        broker = stack.enter_context(Leveret(0, "--data-dir", folder, *flags))
        army = stack.enter_context(Army(kinds, options.hostile, broker.port, broker.tls_port))
        pair = Pair(broker.url, broker.pid, pace=options.pace)
        stack.callback(pair.close)
        pair.full(options.seconds / 3)
        pair.paced(options.seconds / 3)
        verdicts = _rounds(pair, broker, army, kinds, options)
    missed = [sentence for kept, sentence in verdicts if not kept]
    for sentence in missed:
        _say(f"MISSED  {sentence}")
    _say(f"{len(verdicts) - len(missed)} of {len(verdicts)} targets kept")
    return int(bool(missed))


def _rounds(
    pair: Pair, broker: Leveret, army: Army, kinds: Sequence[Kind], options: argparse.Namespace
) -> list[tuple[bool, str]]:
    sieges: dict[str, Sequence[Attackers]] = {}
    if not options.only_together:
        sieges |= {each.kind.name: [each] for each in army.attackers}
    if len(kinds) > 1:
        sieges["all at once"] = army.attackers
    _say(report.head())
    found: dict[str, list[Round]] = {}
    for name, attackers in sieges.items():
        for _ in range(options.rounds):
            try:
                found.setdefault(name, []).append(besiege(pair, broker.pid, attackers, options.seconds))
            except (Stalled, Refused, OSError) as error:
                return [(False, f"{name}: {type(error).__name__}: {error}")]
            _say(report.line(name, found[name][-1]))
            if len(attackers) > 1:
                _say(f"  {report.deeds(found[name][-1])}")
    quiet_ms = report.quiet_p99_ms([each for rounds in found.values() for each in rounds])
    _say(f"the quiet p99, median of all rounds: {quiet_ms:.2f} ms. Medians of {options.rounds} rounds each:")
    verdicts = []
    for name, rounds in found.items():
        judged = report.judge(name, rounds, quiet_ms, kept=options.kept, times=options.times)
        for _, sentence in judged:
            _say(f"  {sentence}")
        verdicts += judged
    return verdicts


def _parser() -> argparse.ArgumentParser:
    listed = "\n".join(f"  {kind.name:<18} {kind.what}" for kind in KINDS.values())
    parser = argparse.ArgumentParser(
        prog="python -m interop.siege",
        description=__doc__,
        epilog=f"kinds:\n{listed}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--kinds", type=_kinds, default=[], metavar="A,B", help="only these; default: all")
    parser.add_argument("--hostile", type=int, default=20, help="connections of each kind (%(default)s)")
    parser.add_argument("--seconds", type=float, default=3.0, help="each measurement; a round has four (%(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each; their medians count (%(default)s)")
    parser.add_argument("--pace", type=int, default=2_000, help="paced messages a second (%(default)s)")
    parser.add_argument("--kept", type=float, default=0.7, help="least share of the full rate (%(default)s)")
    parser.add_argument("--times", type=float, default=5.0, help="most that the p99 may grow (%(default)s)")
    parser.add_argument("--only-together", action="store_true", help="leave out the rounds of each kind alone")
    return parser


def _kinds(text: str) -> list[str]:
    names = text.split(",")
    if unknown := [name for name in names if name not in KINDS]:
        raise argparse.ArgumentTypeError(f"no kind {', '.join(unknown)}; there are {', '.join(KINDS)}")
    return names


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
