"""Certificates of a test's own, as files that a broker is given and as what a client trusts and shows."""

import ssl
from pathlib import Path

import trustme


class Authority:
    """Signs certificates and keeps them in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ca = trustme.CA()
        self.cafile = str(folder / "ca.pem")
        self._ca.cert_pem.write_to_path(self.cafile)

    def files(self, name: str, *identities: str, **options) -> tuple[str, str]:
        """Paths of a certificate, with its chain, and its key, for names as trustme takes them."""
        cert = self._ca.issue_cert(*(identities or ("localhost", "127.0.0.1")), **options)
        certfile, keyfile = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        certfile.write_bytes(b"".join(blob.bytes() for blob in cert.cert_chain_pems))
        keyfile.write_bytes(cert.private_key_pem.bytes())
        return str(certfile), str(keyfile)

    def server(self, name: str = "server", *identities: str) -> dict[str, str]:
        """Settings of a broker."""
        certfile, keyfile = self.files(name, *identities)
        return {"tls_certfile": certfile, "tls_keyfile": keyfile}

    def mutual(self) -> dict[str, str]:
        """Settings of a broker that asks for certificates."""
        return {**self.server(), "tls_cacertfile": self.cafile, "tls_verify": "verify_peer"}

    def client(self, *identities: str, **options) -> ssl.SSLContext:
        """What a client trusts, and, where identities are named, what it shows."""
        context = ssl.create_default_context(cafile=self.cafile)
        if identities:
            context.load_cert_chain(*self.files("client", *identities, **options))
        return context
