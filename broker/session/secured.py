"""Secured: what a session knows of the TLS that its bytes come in."""

from broker.certificate import Certificate


class Secured:
    """``version`` and ``cipher`` in OpenSSL's words; ``certificate`` is the client's, which was checked, or None."""

    __slots__ = ("certificate", "cipher", "version")

    def __init__(self, version: str, cipher: str, certificate: Certificate | None) -> None:
        self.version = version
        self.cipher = cipher
        self.certificate = certificate
