"""Certificates of one run, made by trustme and thrown away after: a leveret's, and those of its clients."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import trustme


class Certificates:
    """Of one authority, in ``folder``: ca.pem, server.pem and client.pem, with the keys server.key and client.key.

    ``flags`` are for a leveret with TLS on a free port, which asks clients for theirs and takes those who have none.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(folder / "ca.pem"))
        for name, certificate in {
            "server": authority.issue_cert("localhost", "127.0.0.1", "::1", common_name="server"),
            "client": authority.issue_cert("client@localhost", common_name="client"),
        }.items():
            certificate.cert_chain_pems[0].write_to_path(str(folder / f"{name}.pem"))
            certificate.private_key_pem.write_to_path(str(folder / f"{name}.key"))
        self.flags = (
            "--tls-port", "0", "--tls-certfile", f"{folder}/server.pem", "--tls-keyfile", f"{folder}/server.key",
            "--tls-cacertfile", f"{folder}/ca.pem", "--tls-verify", "verify_peer",
        )  # fmt: skip


@contextlib.contextmanager
def certificates() -> Iterator[Certificates]:
    """For the length of the block."""
    with tempfile.TemporaryDirectory(prefix="leveret-certificates-") as folder:
        yield Certificates(Path(folder))
