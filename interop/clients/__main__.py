"""`python -m interop.clients [CLIENT]...`: every client tells its story to Leveret and to a RabbitMQ beside it.

Prints a line of progress a client and broker, then the table. Ends with 1 where a step fails on Leveret that RabbitMQ
holds, or where a client shows its user other words; with 0 otherwise, clients that are not installed being skipped.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from interop import rabbitmq
from interop.clients.story.entry import ROOT, BuildFailed, Client, all_clients
from interop.clients.story.outcome import CANNOT, FAILED, OK, Told, complaints
from interop.clients.story.program import told_by
from interop.clients.story.steps import STEPS
from interop.clients.story.table import Result, table, write_into
from interop.leveret import Leveret

_Restart = Callable[[], None]
_SIGNS = {OK: ".", FAILED: "F", CANNOT: "-", "restart": "*", "saw": ""}


class _Absent(Exception):
    """The client is not installed; its words are the command that installs it."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m interop.clients", description=__doc__)
    parser.add_argument(
        "clients", nargs="*", metavar="CLIENT", help="folders of interop/clients; all, if none is named"
    )
    parser.add_argument("--rabbitmq-root", default="/", help="folder to chroot into, as made by debootstrap")
    parser.add_argument("--without-rabbitmq", action="store_true", help="only Leveret, every step of which has to hold")
    parser.add_argument("--write", action="store_true", help="write the table into the README, too")
    parser.add_argument("--lines", action="store_true", help="show what the clients say instead of a sign a step")
    options = parser.parse_args()
    every = all_clients()
    names = [name.replace("-", "_") for name in options.clients] or list(every)
    if unknown := [name for name in names if name not in every]:
        parser.error(f"no client is called {', '.join(unknown)}; there are {', '.join(every)}")
    if options.write and (options.clients or options.without_rabbitmq):
        parser.error("the README's table is of all clients, beside RabbitMQ")
    root = None if options.without_rabbitmq else options.rabbitmq_root
    try:
        return _run([every[name] for name in names], root, write=options.write, lines=options.lines)
    except rabbitmq.NotInstalled as problem:
        print(f"{problem}; or --without-rabbitmq", file=sys.stderr)
        return 1


def _run(clients: Sequence[Client], root: str | None, *, write: bool, lines: bool) -> int:
    found: list[str] = []
    results: list[Result] = []
    with _leveret() as ours, _rabbitmq(root) as beside:
        for client in clients:
            try:
                results.append(_both_heard(client, ours, beside, lines=lines))
            except _Absent as problem:
                print(f"skipped {client.name}: {problem}", flush=True)
            except BuildFailed as problem:
                found.append(f"{client.name}: {problem}")
    for one in results:
        found += [f"{one.client.name}: {step}: {words}" for step, words in complaints(one.ours, one.its).items()]
    text = table(results, beside[2] if beside else None)
    print(f"\n{text}\n")
    if write and len(results) == len(clients):
        write_into(ROOT / "README.md", text)
    elif write:
        found.append("README.md stays as it is: its table is of all clients")
    print("\n".join(found))
    return 1 if found else 0


def _both_heard(
    client: Client, ours: tuple[str, _Restart], beside: tuple[str, _Restart, str] | None, *, lines: bool
) -> Result:
    version = client.version()
    if version is None:
        raise _Absent(f"python -m interop.clients.install {client.name}")
    with tempfile.TemporaryDirectory(prefix=f"story-{client.name}-") as built:
        client.build(Path(built))
        result = Result(
            client,
            version,
            _heard(client, Path(built), "Leveret", *ours, lines=lines),
            _heard(client, Path(built), "RabbitMQ", *beside[:2], lines=lines) if beside else None,
        )
    for step in STEPS if result.its else ():
        if result.its.kind(step) == FAILED:
            print(f"  {client.name}: {step} failed on RabbitMQ: {result.its.ends[step][1]}", flush=True)
    return result


def _heard(client: Client, built: Path, broker: str, url: str, restart: _Restart, *, lines: bool) -> Told:
    def on_line(kind: str, line: str) -> None:
        print(f"\n  {line}" if lines else _SIGNS[kind], end="", flush=True)

    print(f"{client.name:<14} {broker:<9} ", end="", flush=True)
    told = told_by(client, built, url, restart, on_line)
    print(f" {told.count(OK)} held, {told.count(CANNOT)} cannot be, {told.seconds:.1f} s {told.end}", flush=True)
    return told


@contextlib.contextmanager
def _leveret() -> Iterator[tuple[str, _Restart]]:
    with tempfile.TemporaryDirectory(prefix="story-leveret-") as data, Leveret(0, "--data-dir", data) as broker:

        def restart() -> None:
            broker.stop()
            broker.start()

        yield broker.url, restart
        # A traceback in the log is a bug of the broker, even where no client noticed.
        assert "Traceback" not in broker.log, broker.log


@contextlib.contextmanager
def _rabbitmq(root: str | None) -> Iterator[tuple[str, _Restart, str] | None]:
    if root is None:
        yield None
        return
    with rabbitmq.running(root) as node:

        def restart() -> None:
            node.stop()
            node.start()

        yield node.url, restart, node.version


if __name__ == "__main__":
    sys.exit(main())
