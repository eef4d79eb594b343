"""Secured: what a session knows of the TLS that its bytes come in, and how RabbitMQ tells of it."""

import re
from typing import Any, Final

from broker.certificate import Certificate

# OpenSSL's names of ciphers before TLS 1.3: ECDHE-RSA-AES256-GCM-SHA384, DHE-RSA-AES128-SHA, AES128-SHA256.
_CIPHER: Final = re.compile(
    r"(?:(?P<exchange>\w+-\w+?)-)??(?P<cipher>AES(?P<bits>\d+)(?:-(?P<mode>GCM|CCM8|CCM))?|CHACHA20-POLY1305)"
    r"(?:-(?P<hash>\w+))?"
)
# And since: TLS_AES_256_GCM_SHA384.
_CIPHER_1_3: Final = re.compile(r"TLS_(?P<cipher>\w+)_SHA\d+")
_ANY_EXCHANGE: Final = "any"
_AEAD: Final = "aead"


class Secured:
    """``version`` and ``cipher`` in OpenSSL's words; ``certificate`` is the client's, which was checked, or None."""

    __slots__ = ("certificate", "cipher", "version")

    def __init__(self, version: str, cipher: str, certificate: Certificate | None) -> None:
        self.version = version
        self.cipher = cipher
        self.certificate = certificate

    def login_facts(self) -> dict[str, Any]:
        """As the event of a login has them."""
        _, cipher, _ = cipher_words(self.cipher)
        facts = {"ssl": True, "ssl_protocol": self.version.lower(), "ssl_cipher": cipher}
        return facts if self.certificate is None else facts | self._peer_facts()

    def facts(self) -> dict[str, Any]:
        """As the event of a connection has them."""
        exchange, _, hash_ = cipher_words(self.cipher)
        return self.login_facts() | {"ssl_key_exchange": exchange, "ssl_hash": hash_} | self._peer_facts()

    def _peer_facts(self) -> dict[str, str]:
        certificate = self.certificate
        return {
            "peer_cert_subject": certificate.subject if certificate is not None else "",
            "peer_cert_issuer": certificate.issuer if certificate is not None else "",
            "peer_cert_validity": certificate.validity if certificate is not None else "",
        }


def cipher_words(name: str) -> tuple[str, str, str]:
    """Key exchange, cipher and hash as Erlang calls them: ``ecdhe_rsa``, ``aes_256_gcm``, ``aead``."""
    if found := _CIPHER_1_3.fullmatch(name):
        return _ANY_EXCHANGE, found["cipher"].lower(), _AEAD
    found = _CIPHER.fullmatch(name)
    if found is None:
        return "", name, ""
    exchange = (found["exchange"] or "rsa").lower().replace("-", "_")
    if found["bits"] is None:
        return exchange, "chacha20_poly1305", _AEAD
    if found["mode"] is not None:
        return exchange, f"aes_{found['bits']}_{found['mode'].lower()}".replace("ccm8", "ccm_8"), _AEAD
    return exchange, f"aes_{found['bits']}_cbc", (found["hash"] or "").lower()
