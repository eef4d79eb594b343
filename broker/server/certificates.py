"""Certificates: from the settings of TLS to what a handshake needs, and the files anew when they are asked for.

Whatever is wrong with a file is found when it is read, and said in one line that names the setting and the file.
"""

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from broker.config import Config, ConfigError

_VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
_KEYS_OF_A_HOST = {"server_name", "certfile", "keyfile", "password"}


class Certificates:
    """What a TLS listener shows and trusts. ``context`` is for the handshakes that begin from now on."""

    __slots__ = ("context",)

    def __init__(self, config: Config) -> None:
        """Raises ConfigError."""
        self.context = _context(config)

    def reload(self, config: Config) -> None:
        """Read all files again. Raises ConfigError; then nothing has changed."""
        self.context = _context(config)


def certificates(config: Config) -> Certificates | None:
    """None where TLS is not configured. Raises ConfigError."""
    if config.tls_certfile or config.tls_keyfile:
        return Certificates(config)
    if config.tls_only:
        raise ConfigError("tls_only: nobody could connect; it needs tls_certfile and tls_keyfile")
    if config.tls_hosts:
        raise ConfigError("tls_hosts: they need tls_certfile and tls_keyfile, for all other names")
    return None


def _context(config: Config) -> ssl.SSLContext:
    """With a context for each name that has a certificate of its own behind it."""
    if not (config.tls_certfile and config.tls_keyfile):
        raise ConfigError("tls_certfile, tls_keyfile: the one needs the other")
    default = _one_context(config, "tls_", config.tls_certfile, config.tls_keyfile, config.tls_password)
    hosts = dict(_host(config, table) for table in config.tls_hosts)

    def choose(tls: ssl.SSLObject | ssl.SSLSocket, name: str | None, _: ssl.SSLContext) -> None:
        """Server name indication; whoever names nobody we know gets the default, as with RabbitMQ."""
        name = (name or "").lower()
        found = hosts.get(name) or hosts.get("*." + name.partition(".")[2])
        if found is not None:
            tls.context = found

    if hosts:
        default.sni_callback = choose
    return default


def _host(config: Config, table: Mapping[str, Any]) -> tuple[str, ssl.SSLContext]:
    name = table.get("server_name")
    for key, value in table.items():
        if key not in _KEYS_OF_A_HOST or not isinstance(value, str):
            raise ConfigError(f"tls_hosts: {name!r} cannot be used: {key} is nothing that it may have, or no text")
    if not name or not table.get("certfile") or not table.get("keyfile"):
        raise ConfigError("tls_hosts: each needs server_name, certfile and keyfile")
    place = f"tls_hosts: {name!r}: "
    return name.lower(), _one_context(config, place, table["certfile"], table["keyfile"], table.get("password", ""))


def _one_context(config: Config, place: str, certfile: str, keyfile: str, password: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = _VERSIONS[config.tls_min_version]
    # A client could have the keys made anew, which costs us more than it, as often as it likes.
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE | ssl.OP_NO_COMPRESSION
    _choose_ciphers(context, config.tls_ciphers)
    _load_chain(context, place, certfile, keyfile, password)
    _trust(context, config)
    return context


def _choose_ciphers(context: ssl.SSLContext, ciphers: str) -> None:
    if ciphers:
        try:
            context.set_ciphers(ciphers)
        except ssl.SSLError:
            raise ConfigError(f"tls_ciphers: OpenSSL finds no cipher in {ciphers!r}") from None


def _load_chain(context: ssl.SSLContext, place: str, certfile: str, keyfile: str, password: str) -> None:
    _check_readable(f"{place}certfile", certfile)
    _check_readable(f"{place}keyfile", keyfile)
    _check_certificates(f"{place}certfile", certfile)
    try:
        # Always a password, though it be empty: OpenSSL would ask at the terminal.
        context.load_cert_chain(certfile, keyfile, password=lambda: password)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise ConfigError(
                f"{place}keyfile: the key in {keyfile} is not that of the certificate in {certfile}"
            ) from None
        reason = "it holds no private key, or the password is not its own"
        raise ConfigError(f"{place}keyfile: cannot use {keyfile}: {reason}") from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"{place}keyfile: cannot use {keyfile}: {error}") from None


def _trust(context: ssl.SSLContext, config: Config) -> None:
    """Whose certificates clients may show."""
    if config.tls_verify == "verify_none":
        if config.tls_fail_if_no_peer_cert:
            raise ConfigError("tls_fail_if_no_peer_cert: it needs tls_verify verify_peer")
        return
    if not config.tls_cacertfile:
        raise ConfigError("tls_verify: verify_peer needs tls_cacertfile")
    _check_readable("tls_cacertfile", config.tls_cacertfile)
    _check_certificates("tls_cacertfile", config.tls_cacertfile)
    context.load_verify_locations(cafile=config.tls_cacertfile)
    context.verify_mode = ssl.CERT_REQUIRED if config.tls_fail_if_no_peer_cert else ssl.CERT_OPTIONAL


def _check_readable(what: str, path: str) -> None:
    try:
        with Path(path).open("rb"):
            pass
    except OSError as error:
        raise ConfigError(f"{what}: cannot read {path}: {error.strerror}") from None


def _check_certificates(what: str, path: str) -> None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_verify_locations(cafile=path)
    except OSError:
        raise ConfigError(f"{what}: cannot use {path}: it holds no certificate in PEM") from None
