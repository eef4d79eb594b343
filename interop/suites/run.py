"""Run one suite against a broker on a loopback port, its fixtures pointed there, its checkout untouched."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from interop.suites.docker_stub import CLOSED_PORT, docker_stub
from interop.suites.outcome import Outcome, read_report
from interop.suites.suites import Suite

_PLUGINS = Path(__file__).parent / "plugins"
# The longest, aio-pika's, takes five and a half minutes against RabbitMQ: most of it waiting on purpose.
_TIMEOUT_S = 1800.0


@dataclass(frozen=True)
class Ports:
    """Of the broker, on this machine. ``amqps`` is 0 where it has no TLS that anybody knows of."""

    amqp: int
    amqps: int = 0


class RunFailed(Exception):
    """The run itself came to nothing: no report, or no end in time."""


def run(
    suite: Suite, checkout: Path, python: Path, ports: Ports, reports: Path, known: Iterable[str], only: str = ""
) -> Outcome:
    """Hold the suite. Leaves ``NAME.log`` and ``NAME.xml`` in ``reports``. Raises RunFailed."""
    log, report = reports / f"{suite.name}.log", reports / f"{suite.name}.xml"
    report.unlink(missing_ok=True)
    left_out = (suite.leave_out, "" if ports.amqps else suite.tls_tests)
    chosen = " and ".join(filter(None, (f"({only})" if only else "", *(f"not ({out})" for out in left_out if out))))
    command = [
        str(python),
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "-p",
        "known_failures",
        "--tb=short",
        f"--junitxml={report}",
    ]
    command += [*suite.arguments, *(["-k", chosen] if chosen else [])]
    amqps = ports.amqps or CLOSED_PORT
    with docker_stub(ports.amqp, amqps) as docker, log.open("wb") as output:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "AMQP_"))},
            "DOCKER_HOST": docker.docker_host,
            "SUITE_AMQP_PORT": str(ports.amqp),
            "SUITE_AMQPS_PORT": str(amqps),
            # kombu's and py-amqp's names for the same.
            "RABBITMQ_HOST": "127.0.0.1",
            "RABBITMQ_5672_TCP": str(ports.amqp),
            "RABBITMQ_5671_TCP": str(amqps),
            "SUITE_KNOWN_FAILURES": " ".join(known),
            "PYTHONPATH": str(_PLUGINS),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        try:
            subprocess.run(
                command, cwd=checkout, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                timeout=_TIMEOUT_S, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise RunFailed(f"{suite.name} did not end in {_TIMEOUT_S:.0f} s; see {log}") from None
    if not report.exists():
        raise RunFailed(f"{suite.name} wrote no report; it said:\n{log.read_text(errors='replace')[-2000:]}")
    return read_report(report)
