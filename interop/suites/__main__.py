"""`python -m interop.suites --checkouts DIR [SUITE]...`: run them, compare with what is expected, print a table.

Ends with 0 when every failure is a known one and every known one still fails, otherwise with 1.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from interop.certificates import certificates
from interop.leveret import Leveret
from interop.suites.certificates import with_certificates
from interop.suites.environment import CheckoutMissing, commit_of, find_checkout, python_for
from interop.suites.outcome import FAILED, PASSED, SKIPPED, Verdict
from interop.suites.run import Ports, RunFailed, run
from interop.suites.suites import SUITES, Suite

_CACHE = Path.home() / ".cache" / "leveret-suites"
_ROW = "{:<10}{:>8}{:>8}{:>9}{:>7}{:>12}{:>10}{:>9}"


def main() -> int:
    options = _options()
    options.cache.mkdir(parents=True, exist_ok=True)
    rows, problems = [], []
    for suite in (SUITES[name] for name in options.suites or SUITES):
        try:
            row, its_problems = _hold(suite, options)
        except (CheckoutMissing, RunFailed) as failure:
            row, its_problems = _ROW.format(suite.name, *["-"] * 7), [str(failure)]
        rows.append(row)
        problems += its_problems
    print(_ROW.format("suite", PASSED, FAILED, SKIPPED, "known", "unexpected", "outlived", "seconds"))
    print("\n".join(rows))
    if problems:
        print("\n" + "\n".join(problems))
    return 1 if problems else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m interop.suites", description="Clients' own suites against a broker."
    )
    parser.add_argument(
        "suites", nargs="*", metavar="SUITE", choices=[[], *SUITES], help=f"{', '.join(SUITES)} (default: all)"
    )
    parser.add_argument("--checkouts", type=Path, required=True, help="folder with clones of the clients' repositories")
    parser.add_argument(
        "--url",
        help="a broker on 127.0.0.1 with guest/guest; leaves out tests by TLS (default: a leveret each)",
    )
    parser.add_argument(
        "--as-rabbitmq", action="store_true", help="expect what RabbitMQ 3.10 fails, not what leveret does"
    )
    parser.add_argument("--only", default="", metavar="EXPRESSION", help="of the tests only those (pytest -k)")
    parser.add_argument(
        "--cache", type=Path, default=_CACHE, help=f"for environments, logs, reports (default: {_CACHE})"
    )
    options = parser.parse_args()
    if options.url and urlsplit(options.url).hostname != "127.0.0.1":
        parser.error("--url: the suites know 127.0.0.1 only")
    return options


def _hold(suite: Suite, options: argparse.Namespace) -> tuple[str, list[str]]:
    checkout = find_checkout(options.checkouts, suite)
    python = python_for(suite, checkout, options.cache)
    known = suite.known_on_rabbitmq if options.as_rabbitmq else suite.known_failures
    commit = commit_of(checkout)
    log = options.cache / f"{suite.name}.broker.log"
    log.unlink(missing_ok=True)
    begun = time.monotonic()
    with (
        certificates() as ours,
        with_certificates(checkout, suite, ours) as place,
        _broker(options.url, log, (*ours.flags, *suite.flags)) as ports,
    ):
        print(f"{suite.name}: running (commit {commit[:8]}; expectations are of {suite.commit[:8]})", flush=True)
        outcome = run(suite, place, python, ports, options.cache, known, options.only)
    verdict = Verdict(outcome, known)
    counts = [outcome.count(result) for result in (PASSED, FAILED, SKIPPED)]
    found = [len(verdict.known), len(verdict.unexpected), len(verdict.outlived)]
    row = _ROW.format(suite.name, *counts, *found, f"{time.monotonic() - begun:.0f}")
    problems = [f"{suite.name}: failed: {name}\n    {outcome.messages[name]:.300}" for name in verdict.unexpected]
    if log.exists() and "Traceback" in log.read_text():
        problems.append(f"{suite.name}: the broker logged a traceback; see {log}")
    if options.only:
        return row, problems
    problems += [f"{suite.name}: passes now, take it off the list: {name}" for name in verdict.outlived]
    whole = ports.amqps or not suite.tls_tests
    if whole and commit.startswith(suite.commit) and len(outcome.results) != suite.tests:
        problems.append(
            f"{suite.name}: {len(outcome.results)} tests ran, {suite.tests} belong to commit {suite.commit}"
        )
    return row, problems


@contextlib.contextmanager
def _broker(url: str | None, log: Path, flags: tuple[str, ...]) -> Iterator[Ports]:
    if url:
        yield Ports(urlsplit(url).port or 5672)
        return
    with Leveret(0, *flags) as leveret:
        try:
            yield Ports(leveret.port, leveret.tls_port)
        finally:
            log.write_text(leveret.log)


if __name__ == "__main__":
    sys.exit(main())
