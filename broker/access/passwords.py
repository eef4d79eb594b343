"""Password hashes as RabbitMQ keeps them, so that its definitions can be taken over.

    hash = base64(salt + digest),  salt: 4 bytes,  digest: H(salt + password in UTF-8)

H is SHA-256, SHA-512 or, of databases older than RabbitMQ 3.6, MD5, which is only read. Source:
https://www.rabbitmq.com/docs/passwords and rabbit_password.erl.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable
from typing import Any, Final

from broker.access.errors import AccessError

SHA256: Final = "rabbit_password_hashing_sha256"
SHA512: Final = "rabbit_password_hashing_sha512"
MD5: Final = "rabbit_password_hashing_md5"
# New hashes may be of these.
HASHINGS: Final = (SHA256, SHA512)

SALT_BYTES: Final = 4
_DIGESTS: Final[dict[str, Callable[[bytes], Any]]] = {
    SHA256: hashlib.sha256,
    SHA512: hashlib.sha512,
    MD5: lambda data: hashlib.md5(data, usedforsecurity=False),
}


class PasswordHash:
    """A salted hash. ``text`` is what definitions hold; "" is a hash that no password has."""

    __slots__ = ("_digest", "_salt", "hashing", "text")

    def __init__(self, text: str, hashing: str = SHA256) -> None:
        """Raises AccessError for what is no such hash."""
        if hashing not in _DIGESTS:
            raise AccessError(f"unknown hashing algorithm {hashing!r}; there are {', '.join(_DIGESTS)}")
        try:
            raw = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            raise AccessError("password_hash: not base64") from None
        size = _DIGESTS[hashing](b"").digest_size
        if raw and len(raw) != SALT_BYTES + size:
            raise AccessError(f"password_hash: {len(raw)} bytes, where {hashing} has {SALT_BYTES + size}")
        self.text = text
        self.hashing = hashing
        self._salt = raw[:SALT_BYTES]
        self._digest = raw[SALT_BYTES:]

    def fits(self, password: str) -> bool:
        """Whether it is this password's. Takes as long for a wrong one; an empty password fits nothing."""
        digest = _DIGESTS[self.hashing](self._salt + _bytes(password)).digest()
        return hmac.compare_digest(digest, self._digest) and password != ""


NO_PASSWORD: Final = PasswordHash("")


def hash_of(password: str, random_bytes: Callable[[int], bytes], hashing: str = SHA256) -> PasswordHash:
    """A new hash of a password, with a salt of its own. Raises AccessError for MD5."""
    if hashing not in HASHINGS:
        raise AccessError(f"no new passwords are hashed by {hashing!r}; there are {', '.join(HASHINGS)}")
    salt = random_bytes(SALT_BYTES)
    digest = _DIGESTS[hashing](salt + _bytes(password)).digest()
    return PasswordHash(base64.b64encode(salt + digest).decode(), hashing)


def _bytes(password: str) -> bytes:
    return password.encode(errors="surrogateescape")
