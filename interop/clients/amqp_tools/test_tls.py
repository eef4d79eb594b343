"""amqp-publish and amqp-get by TLS: OpenSSL at the other end, without Python."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from interop.certificates import Certificates, certificates
from interop.leveret import Leveret

pytestmark = pytest.mark.skipif(shutil.which("amqp-publish") is None, reason="not installed: apt install amqp-tools")

Run = Callable[..., "subprocess.CompletedProcess[bytes]"]


@pytest.fixture(scope="module")
def ours() -> Iterator[Certificates]:
    with certificates() as ours:
        yield ours


@pytest.fixture(scope="module")
def broker(ours: Certificates) -> Iterator[Leveret]:
    """It lets nobody in who shows no certificate."""
    with Leveret(0, *ours.flags, "--tls-fail-if-no-peer-cert") as broker:
        yield broker
        assert "Traceback" not in broker.log, broker.log


@pytest.fixture
def run(broker: Leveret, ours: Certificates) -> Run:
    def run(command: str, *arguments: str, ca: Path, shows: bool = True) -> subprocess.CompletedProcess[bytes]:
        own = [f"--key={ours.folder}/client.key", f"--cert={ours.folder}/client.pem"] if shows else []
        where = [f"--url=amqps://localhost:{broker.tls_port}", "--ssl", f"--cacert={ca}", *own]
        return subprocess.run([command, *where, *arguments], capture_output=True, check=False, timeout=30)

    return run


def test_what_is_published_by_tls_is_got_by_tls(run, ours):
    trusted = ours.folder / "ca.pem"
    declared = run("amqp-declare-queue", "--queue=by-tls", ca=trusted)
    assert (declared.returncode, declared.stdout.strip()) == (0, b"by-tls"), declared.stderr
    body = "a hare " * 10_000
    published = run("amqp-publish", "--routing-key=by-tls", f"--body={body}", ca=trusted)
    assert published.returncode == 0, published.stderr
    got = run("amqp-get", "--queue=by-tls", ca=trusted)
    assert (got.returncode, got.stdout) == (0, body.encode()), got.stderr


def test_a_broker_of_another_authority_is_not_trusted(run):
    with certificates() as others:
        refused = run("amqp-publish", "--routing-key=by-tls", "--body=x", ca=others.folder / "ca.pem")
    # Its way to say so: it looks at the certificate when the handshake is done.
    assert (refused.returncode, refused.stderr.split()[:2]) == (1, [b"opening", b"socket"])


def test_who_shows_no_certificate_is_not_let_in(run, ours):
    refused = run("amqp-publish", "--routing-key=by-tls", "--body=x", ca=ours.folder / "ca.pem", shows=False)
    assert refused.returncode == 1
    assert b"a SSL error occurred" in refused.stderr
