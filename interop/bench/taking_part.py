"""Which brokers take part: those that can be started here, and what is missing, said aloud."""

import argparse
import contextlib
import functools
from collections.abc import Iterator

from interop import rabbitmq
from interop.bench import brokers
from interop.bench.brokers import Broker, Starter
from interop.bench.client import Refused
from interop.bench.progress import say
from interop.bench.results import Results
from interop.bench.scenarios import DURABLE
from interop.leveret import StartFailed

# What starting a broker, or speaking with it for the first time, may raise.
FAILURES = (rabbitmq.NotInstalled, rabbitmq.StartFailed, StartFailed, Refused, RuntimeError, OSError)


def starters(asked: argparse.Namespace) -> dict[str, Starter]:
    """How each is started, by name; those that are not there are told of."""
    own: dict[str, Starter] = {
        "leveret-os": functools.partial(brokers.leveret, "leveret-os", "os"),
        "leveret": brokers.leveret,
        "leveret-compiled-os": functools.partial(brokers.leveret, "leveret-compiled-os", "os", "1"),
        "leveret-compiled": functools.partial(brokers.leveret, "leveret-compiled", compiled="1"),
        "rabbitmq": functools.partial(brokers.rabbitmq_node, asked.rabbitmq_root),
    }
    missing = dict(_missing(asked))
    for name, why in missing.items():
        say(f"MISSING   {name}: {why}")
    skip = {*asked.skip, *missing}
    for name in ("leveret", "leveret-compiled"):
        if name in skip or not DURABLE.intersection(asked.scenario):
            skip.add(f"{name}-os")
    return {name: start for name, start in own.items() if name not in skip} | dict(asked.start)


def _missing(asked: argparse.Namespace) -> Iterator[tuple[str, str]]:
    if "rabbitmq" not in asked.skip and rabbitmq.installed(asked.rabbitmq_root) is None:
        yield "rabbitmq", "not installed; python -m interop.rabbitmq.install installs Debian's"
    if "leveret-compiled" not in asked.skip and (why := brokers.why_not_compiled()):
        yield "leveret-compiled", why
    if "lavinmq" not in {*(name for name, _ in asked.start), *(broker.name for broker in asked.broker)}:
        yield "lavinmq", "where it is installed --start lavinmq=URL,COMMAND measures it, too"


@contextlib.contextmanager
def running(starters: dict[str, Starter], asked: argparse.Namespace, results: Results) -> Iterator[list[Broker]]:
    """Start them all, and note who they are. One that does not start is a failure, and the others go on."""
    with contextlib.ExitStack() as stack:
        started = []
        for name, start in starters.items():
            try:
                broker = stack.enter_context(start())
                results.about[name] = {"version": broker.version, "promise": broker.promise}
            except FAILURES as error:
                failed(name, error, results)
            else:
                started.append(broker)
        for broker in asked.broker:
            results.about[broker.name] = {"version": broker.version, "promise": broker.promise}
        yield [*started, *asked.broker]


def failed(name: str, error: BaseException, results: Results) -> None:
    """Note that a broker could not be had."""
    results.failures.append(f"{name}: {type(error).__name__}: {error}")
    say(f"FAILED    {results.failures[-1]}")
