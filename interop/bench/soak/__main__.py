"""The command: `python -m interop.bench.soak --minutes 60` runs mixed load against a leveret that it starts.

It has a data directory of its own, which half of the queues, most of their messages and all streams go into; queues
that are not durable are beside them. With --ephemeral all of that is in memory.

Exit status 1 when a message was lost, doubled or disordered, an error had the wrong code, the broker logged a
traceback, or its memory grew by more than allowed, or was ever more than allowed. A run of less than two minutes cannot
tell growth from warming up, and says so; it still has to keep below the most that is allowed.
"""

import argparse
import contextlib
import random
import signal
import sys
import tempfile
import time
import traceback
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import trio

from broker.config import DURABILITIES
from interop.bench import brokers
from interop.bench.brokers import Broker
from interop.bench.soak.lane import Lane, Tally
from interop.bench.soak.stream import StreamLane
from interop.bench.soak.trouble import TROUBLES
from interop.bench.soak.watch import Growth
from interop.leveret import Leveret

_LANES = 4
_TROUBLEMAKERS = 2
# Caches fill, the heap takes its extent, every kind of lane has been there: only then is memory looked at.
_WARM_UP_S = 60.0
# Twice what an hour of this load comes to at its most.
_MOST_MB = 130.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the soak and tell what came of it."""
    options = _parser().parse_args(arguments)
    kept = "ephemeral" if options.ephemeral else f"durability {options.durability}"
    _say(f"seed {options.seed}, {options.minutes:g} minutes, {options.lanes} lanes and one with a stream, {kept}")
    with _broker(options) as (broker, log):
        growth, tally = Growth(), Tally()
        try:
            trio.run(_soak, broker, options, growth, tally)
        except (BaseExceptionGroup, KeyboardInterrupt) as error:
            for leaf in _leaves(error):
                place = traceback.extract_tb(leaf.__traceback__)[-1]
                _say(f"FAILED: {type(leaf).__name__}: {leaf} ({Path(place.filename).name}:{place.lineno})")
            _say(f"seed {options.seed}")
            return 1
        complaint = _complaint(log())
    warm = options.minutes * 60 >= 2 * _WARM_UP_S
    sentence, flat = growth.judge(options.growth_mb, options.most_mb, warm=warm)
    _say(f"{_told(tally)}; {sentence}")
    if complaint:
        _say(f"FAILED: the broker logged a traceback:\n{complaint}")
    return int(bool(complaint) or not flat)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m interop.bench.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0, help="how long (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of all random choices (%(default)s)")
    parser.add_argument(
        "--lanes", type=int, default=_LANES, help="each with two queues, up to 2 publishers, 4 consumers"
    )
    parser.add_argument("--durability", choices=DURABILITIES, default="fsync", help="the broker's (%(default)s)")
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--data-dir", metavar="DIR", help="the broker's; it stays (default: one in the temporary folder)"
    )
    where.add_argument("--ephemeral", action="store_true", help="a broker without a data directory")
    parser.add_argument("--growth-mb", type=float, default=10.0, help="memory may grow by that much (%(default)s)")
    parser.add_argument("--most-mb", type=float, default=_MOST_MB, help="memory may be that much (%(default)s)")
    parser.add_argument(
        "--broker", type=brokers.external, metavar="NAME=URL,PID", help="soak that one, do not start any"
    )
    return parser


@contextlib.contextmanager
def _broker(options: argparse.Namespace) -> Iterator[tuple[Broker, Callable[[], str]]]:
    """The broker and what gives its log: nothing, where it is somebody else's."""
    if options.broker:
        yield options.broker, str
        return
    with tempfile.TemporaryDirectory(prefix="leveret-soak-") as data:
        kept = ["--data-dir", options.data_dir or data, "--durability", options.durability]
        flags = [] if options.ephemeral else kept
        with Leveret(0, *flags) as process:
            yield Broker("leveret", process.url, process.pid), lambda: process.log


async def _soak(broker: Broker, options: argparse.Namespace, growth: Growth, tally: Tally) -> None:
    chance = random.Random(options.seed)
    seconds = options.minutes * 60
    end = trio.current_time() + seconds
    async with trio.open_nursery() as watching:
        watching.start_soon(_heed_sigterm)
        watching.start_soon(_watch, broker, min(_WARM_UP_S, seconds / 3), max(seconds / 60, 5), growth, tally)
        async with trio.open_nursery() as load:
            for number in range(options.lanes):
                load.start_soon(_lanes, Lane, broker.url, str(number), random.Random(chance.random()), end, tally)
            load.start_soon(_lanes, StreamLane, broker.url, "stream", random.Random(chance.random()), end, tally)
            for _ in range(_TROUBLEMAKERS):
                load.start_soon(_troubles, broker.url, random.Random(chance.random()), end, tally)
        watching.cancel_scope.cancel()


async def _heed_sigterm() -> None:
    """End everything, so that the broker is stopped too. SIGINT will not do: shells have background jobs ignore it."""
    with trio.open_signal_receiver(signal.SIGTERM) as signals:
        async for _ in signals:
            raise SystemExit("stopped by SIGTERM")


async def _lanes(
    kind: type[Lane] | type[StreamLane], url: str, place: str, chance: random.Random, end: float, tally: Tally
) -> None:
    life = 0
    while trio.current_time() < end:
        # A name that no run before has left behind: a broker that we did not start may have kept its queues.
        await kind(url, f"{place}-{life}-{uuid.uuid4().hex[:8]}", chance, tally).run(end)
        life += 1


async def _troubles(url: str, chance: random.Random, end: float, tally: Tally) -> None:
    while trio.current_time() < end:
        await chance.choice(TROUBLES)(url, chance)
        tally.troubles += 1
        await trio.sleep(chance.uniform(0, 0.3))


async def _watch(broker: Broker, warm_up: float, every: float, growth: Growth, tally: Tally) -> None:
    """Look at the memory once a second after the warm-up, and tell how it goes from time to time."""
    begun = trio.current_time()
    told = begun
    while broker.pid:
        await trio.sleep(1)
        now = trio.current_time()
        if now - begun < warm_up:
            continue
        rss = growth.sample(broker.pid)
        if now - told >= every:
            told = now
            _say(f"{now - begun:6.0f} s  {rss:6.1f} MB  {_told(tally)}")


def _told(tally: Tally) -> str:
    return (
        f"{tally.published:,} published ({tally.persistent:,} persistent, {tally.streamed:,} to streams),"
        f" {tally.delivered:,} delivered, {tally.lanes} lanes judged,"
        f" {tally.deaths} deaths, {tally.troubles} troubles"
    )


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if not isinstance(error, BaseExceptionGroup):
        yield error
        return
    for each in error.exceptions:
        yield from _leaves(each)


def _complaint(text: str) -> str:
    at = text.find("Traceback")
    return text[at : at + 4000] if at >= 0 else ""


def _say(line: str) -> None:
    print(time.strftime("%H:%M:%S"), line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
