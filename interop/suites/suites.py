"""The suites: where each stands, what it needs, how it is run, and which of its tests may fail and why.

The counts and the names belong to the commits named here; other checkouts run as well, but names may have changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Suite:
    """One client's own tests."""

    name: str
    repository: str
    commit: str
    tests: int
    """How many tests that commit has under ``arguments``, the skipped ones included."""
    requirements: tuple[str, ...]
    """Of its pyproject's test dependencies those that the run needs, in the versions of its own lock file."""
    arguments: tuple[str, ...]
    tests_in: str = "tests"
    """The folder by which a checkout is known."""
    install_checkout: bool = False
    """The client asks importlib.metadata for its version, so it must be installed (a copy of the checkout is)."""
    leave_out: str = ""
    """Which of these tests are never run (pytest -k); the reason stands beside it."""
    tls_tests: str = ""
    """Which of them need TLS (pytest -k): with ``--url``, where nobody knows of any, they are not run."""
    certificates: tuple[str, ...] = ()
    """Where the suite's clients look for them: the folder, in it the authority's, the client's, and its key."""
    flags: tuple[str, ...] = ()
    """Of the broker, as the suite's own set-up has its RabbitMQ."""
    known_failures: Mapping[str, str] = field(default_factory=dict)
    """``function`` or ``Class::function``, for whatever parameters -> reason."""
    known_on_rabbitmq: Mapping[str, str] = field(default_factory=dict)
    """The same for RabbitMQ 3.10, by which this table was checked."""


# A test that waits for what never comes fails after this; against RabbitMQ the longest takes 20 s.
_TEST_TIMEOUT = "--timeout=45"
# As their own RabbitMQ is set up: who shows no certificate is not let in.
_MUTUAL_TLS = ("--tls-fail-if-no-peer-cert",)

AIO_PIKA = Suite(
    name="aio-pika",
    repository="mosquito/aio-pika",
    commit="0a9f24c",
    tests=911,
    requirements=(
        "aiormq==6.9.2", "aiomisc==18.0.6", "aiomisc-pytest==2.0.0", "pytest==9.0.2", "pytest-rst==0.1.5",
        "pytest-timeout==2.4.0",
        "shortuuid==1.0.13", "timeout-decorator==0.5.0", "yarl==1.22.0",
    ),
    arguments=("-v", "-o", "log_cli=false", _TEST_TIMEOUT, "tests"),
    install_checkout=True,
    tls_tests="amqps",
)  # fmt: skip

AIORMQ = Suite(
    name="aiormq",
    repository="mosquito/aiormq",
    commit="ec95ea9",
    tests=418,
    requirements=(
        "pamqp==3.3.0", "aiomisc==17.9.4", "aiomisc-pytest==1.3.4", "pytest==8.4.2", "pytest-rst==0.1.5",
        "pytest-timeout==2.4.0",
        "yarl==1.22.0",
    ),
    # Its proxies lead to port 5671, whatever the port in their URL.
    arguments=("-v", "-p", "usual_ports", _TEST_TIMEOUT, "tests"),
    install_checkout=True,
    tls_tests="amqps or test_ssl_verification_fails_without_trusted_ca or test_ssl_context",
    certificates=("tests/certs", "ca.pem", "client.pem", "client.key"),
)  # fmt: skip

PIKA = Suite(
    name="pika",
    repository="pika/pika",
    commit="2126d43a",
    tests=82,
    requirements=("pytest==9.0.2", "pytest-timeout==2.4.0"),
    arguments=("-v", "-p", "pika_port", "tests/acceptance/blocking_adapter_test.py"),
    known_on_rabbitmq={
        "TestInvalidExchangeTypeRaisesConnectionClosed::test": (
            "an unknown exchange type ends the connection (503) before RabbitMQ 3.13.3, the channel (406) since"
        ),
    },
)

_PEM_NAMES = ("ca_certificate.pem", "client_certificate.pem", "client_key.pem")

# The asynchronous adapters: select, asyncio, gevent, tornado.
PIKA_TLS = Suite(
    name="pika-tls",
    repository="pika/pika",
    commit="2126d43a",
    tests=320,
    requirements=("gevent==26.9.0", "pytest==9.0.2", "pytest-timeout==2.4.0", "tornado==6.6.1"),
    arguments=(
        "-v", "--use-tls", "-p", "usual_ports", _TEST_TIMEOUT, "tests/acceptance/async_adapter_tests.py",
    ),
    tls_tests="test",
    certificates=("tests/certs", *_PEM_NAMES),
    flags=_MUTUAL_TLS,
)  # fmt: skip

# Both mark their tests as flaky and run failed ones again with a plugin: here there is none, the first run counts.
KOMBU = Suite(
    name="kombu",
    repository="celery/kombu",
    commit="9ee8595b",
    tests=41,
    requirements=("amqp==5.4.2", "packaging", "pytest==9.0.2", "pytest-timeout==2.4.0", "tzdata", "vine==5.1.0"),
    arguments=("-v", "-E", "py-amqp", _TEST_TIMEOUT, "t/integration/test_py_amqp.py"),
    tests_in="t/integration",
)

PY_AMQP = Suite(
    name="py-amqp",
    repository="celery/py-amqp",
    commit="a03ad34",
    tests=21,
    requirements=("pytest==9.0.2", "pytest-timeout==2.4.0", "vine==5.1.0"),
    arguments=("-v", "-E", "rabbitmq", _TEST_TIMEOUT, "t/integration/test_rmq.py"),
    tests_in="t/integration",
    leave_out="default_certs",  # these two connect to a server on the internet
    tls_tests="tls",
    certificates=("t/certs", *_PEM_NAMES),
    flags=_MUTUAL_TLS,
)

DRAMATIQ = Suite(
    name="dramatiq",
    repository="Bogdanp/dramatiq",
    commit="848b35f",
    tests=28,
    requirements=(
        "pika==1.4.4", "pylibmc==1.6.3", "pytest==8.4.2", "pytest-timeout==2.4.0", "redis==8.1.0", "tblib==3.2.2",
    ),
    arguments=("-v", "-p", "usual_ports", "-o", "addopts=", _TEST_TIMEOUT, "tests/test_rabbitmq.py"),
)  # fmt: skip

FASTSTREAM = Suite(
    name="faststream",
    repository="ag2ai/faststream",
    commit="7c9a125d",
    tests=186,
    requirements=(
        "aio-pika==10.2.1", "anyio==4.16.0", "dirty-equals==0.11", "fast-depends[pydantic]==3.0.9", "fastapi==0.165.0",
        "freezegun==1.5.5", "httpx==0.28.1", "msgspec==0.22.0", "opentelemetry-sdk==1.45.2",
        "prometheus-client==0.26.0", "pytest==8.4.2", "pytest-asyncio==1.5.0", "pytest-timeout==2.4.0",
        "python-multipart==0.0.34", "PyYAML==6.0.3", "typer==0.29.2", "watchfiles==1.3.0",
    ),
    # Those that are marked so need a broker; one file needs the packages of other brokers to be read at all.
    arguments=(
        "-v", "-p", "usual_ports", "-o", "addopts=", "-m", "connected", _TEST_TIMEOUT, "tests/brokers/rabbit",
        "--ignore=tests/brokers/rabbit/test_misconfigure.py",
    ),
    install_checkout=True,
)  # fmt: skip

SUITES = {suite.name: suite for suite in (AIO_PIKA, AIORMQ, PIKA, PIKA_TLS, KOMBU, PY_AMQP, DRAMATIQ, FASTSTREAM)}
