"""Run one suite against a broker on a loopback port, its fixtures pointed there, its checkout untouched."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

from interop.suites.docker_stub import docker_stub
from interop.suites.outcome import Outcome, read_report
from interop.suites.suites import Suite

_PLUGINS = Path(__file__).parent / "plugins"
# The longest, aio-pika's, takes five and a half minutes against RabbitMQ: most of it waiting on purpose.
_TIMEOUT_S = 1800.0


class RunFailed(Exception):
    """The run itself came to nothing: no report, or no end in time."""


def run(
    suite: Suite, checkout: Path, python: Path, port: int, reports: Path, known: Iterable[str], only: str = ""
) -> Outcome:
    """Hold the suite. Leaves ``NAME.log`` and ``NAME.xml`` in ``reports``. Raises RunFailed."""
    log, report = reports / f"{suite.name}.log", reports / f"{suite.name}.xml"
    report.unlink(missing_ok=True)
    # The last -k wins, so a narrower choice takes up the suite's own.
    narrowed = ["-k", f"({only}) and not amqps and not tls"] if only else []
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
    command += [*suite.arguments, *narrowed]
    with docker_stub(port) as docker, log.open("wb") as output:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "AMQP_"))},
            "DOCKER_HOST": docker.docker_host,
            "SUITE_AMQP_PORT": str(port),
            # kombu's and py-amqp's names for the same.
            "RABBITMQ_HOST": "127.0.0.1",
            "RABBITMQ_5672_TCP": str(port),
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
