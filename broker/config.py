"""What can be set, in one table, and how the layers are laid over each other.

The fields of Config are that table: name, default, range, help. It drives the flags, the environment, the file and the
README. Nothing here reads the environment or a file: both come in as arguments, and so does every message go out as a
ConfigError, never as a line of log.
"""

import difflib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from typing import Any

from broker.certificate import LOGIN_FROM, SAN_TYPES
from broker.profile import PROFILES

ENVIRONMENT_PREFIX = "LEVERET_"

DURABILITIES = ("fsync", "os")
QUEUE_TYPES = ("classic", "quorum", "stream")
TLS_VERIFY = ("verify_none", "verify_peer")
TLS_VERSIONS = ("1.2", "1.3")
# The specification's frame-min-size.
FRAME_MIN_BYTES = 4096
LOG_LEVELS = ("debug", "info", "warning", "error")
# Written for no item at all, where that is allowed, and for no control socket.
NONE = _NONE = "none"
# Of the control socket: where there is a data directory, in it.
AUTO = "auto"
_YES, _NO = ("1", "true", "yes", "on"), ("0", "false", "no", "off")


class ConfigError(ValueError):
    """A setting that cannot be used; the text is one sentence for whoever set it."""


class Setting:
    """One row of the table: what may be set, under which names, and within which bounds (both included).

    ``attribute`` is Config's field; ``name`` is what people write: ``--frame-max``, ``LEVERET_FRAME_MAX``, and
    ``frame_max`` in the file. ``rabbitmq_variable`` is read too, below its LEVERET_ twin. The bounds of text are bytes,
    the lower one of a tuple is how many ``items`` it needs.
    """

    __slots__ = (
        "attribute",
        "choices",
        "default",
        "group",
        "help",
        "high",
        "items",
        "kind",
        "low",
        "name",
        "rabbitmq_variable",
    )

    def __init__(self, attribute: str, default: Any, row: Mapping[str, Any]) -> None:
        self.attribute = attribute
        self.default = default
        self.kind: type = type(default)
        self.name: str = row["name"] or attribute
        self.group: str = row["group"]
        self.help: str = row["help"]
        self.low: float = row["low"]
        self.high: float = row["high"]
        self.choices: tuple[str, ...] = row["choices"]
        self.items: str = row["items"]
        self.rabbitmq_variable: str = row["rabbitmq_variable"]

    @property
    def flag(self) -> str:
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        return ENVIRONMENT_PREFIX + self.name.upper()

    @property
    def default_text(self) -> str:
        """The default as people write it."""
        if isinstance(self.default, tuple):
            return ", ".join(self.default) or _NONE
        if isinstance(self.default, bool):
            return str(self.default).lower()
        return (self.default or _NONE) if isinstance(self.default, str) else _plain(self.default)

    def parse(self, text: str, source: str) -> Any:
        """Text from a flag or a variable, as a value of this setting's kind. Raises ConfigError."""
        try:
            if self.kind is tuple:
                return self.check(text if text == _NONE else [part.strip() for part in text.split(",")], source)
            if self.kind is bool:
                return self.check({**dict.fromkeys(_YES, True), **dict.fromkeys(_NO, False)}.get(text.lower()), source)
            return self.check(self.kind(text), source)
        except ConfigError:
            raise
        except ValueError:
            raise self._refusal(text, source) from None

    def check(self, value: Any, source: str) -> Any:
        """The value as Config holds it. Raises ConfigError where its type or range is wrong."""
        if self.kind is tuple and isinstance(value, str):
            value = [] if value == _NONE and not self.low else [value]
        if self.kind is tuple and isinstance(value, Sequence) and len(value) >= self.low:
            if all(isinstance(item, str) and self._within(item) for item in value):
                return tuple(value)
        elif self.kind is float and type(value) is int and self._within(value):
            return float(value)
        # `type`, not `isinstance`: True is no number here.
        elif type(value) is self.kind and self._within(value):
            return value
        raise self._refusal(value, source)

    def allowed(self) -> str:
        """What this setting takes, as the end of "it must be …"."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        if self.kind is tuple:
            return f"one or more {self.items}" if self.low else f"{self.items}, or {_NONE}"
        if self.kind is bool:
            return "true or false"
        if self.kind is str:
            return f"text of {self.low:g} to {self.high:g} bytes"
        return f"a {'whole ' if self.kind is int else ''}number from {_plain(self.low)} to {_plain(self.high)}"

    def _within(self, value: Any) -> bool:
        if self.choices:
            return value in self.choices
        size = len(value.encode()) if isinstance(value, str) else value
        return bool(self.low <= size <= self.high)

    def _refusal(self, value: object, source: str) -> ConfigError:
        shown = "" if self.name.endswith("password") else f" {value!r}"
        return ConfigError(f"{self.name}: the value{shown} from {source} cannot be used; it must be {self.allowed()}")


def _plain(number: float) -> str:
    return str(int(number)) if number == int(number) else str(number)


def _setting(  # the arguments are the columns of the table
    default: Any,
    help: str,  # noqa: A002 - the word the field has in click and argparse alike
    *,
    group: str,
    name: str = "",
    low: float = 0,
    high: float = 255,
    choices: tuple[str, ...] = (),
    items: str = "",
    rabbitmq_variable: str = "",
) -> Any:
    """``items``: what a tuple holds; of ``low`` it needs so many."""
    row = {"name": name, "group": group, "help": help, "low": low, "high": high, "items": items}
    return field(default=default, metadata={**row, "choices": choices, "rabbitmq_variable": rabbitmq_variable})


@dataclass(slots=True, kw_only=True)
class Config:
    """The settings of one node; every field is checked on creation. Raises ConfigError."""

    hosts: tuple[str, ...] = _setting(
        ("127.0.0.1", "::1"),
        "Address to listen on; give it more than once for several.",
        group="Listening",
        name="host",
        low=1,
        items="host names or addresses",
    )
    port: int = _setting(5672, "TCP port; 0 takes any free one and prints it.", group="Listening", high=65535)
    proxy_protocol: bool = _setting(
        False,
        "Every connection begins with a header of HAProxy's PROXY protocol, version 1 or 2, which says whose it is.",
        group="Listening",
        high=1,
    )
    # RabbitMQ's ssl_options, under their names there; paths are as the process sees them.
    tls_port: int = _setting(
        5671, "TCP port for TLS, where there is a certificate; 0 takes any free one.", group="TLS", high=65535
    )
    tls_only: bool = _setting(False, "Do not listen without TLS.", group="TLS", high=1)
    tls_certfile: str = _setting(
        "", "File with the server's certificate and those up to its authority (PEM).", group="TLS", high=4096
    )
    tls_keyfile: str = _setting("", "File with the certificate's private key (PEM).", group="TLS", high=4096)
    tls_password: str = _setting("", "Password of the key, if it has one.", group="TLS", high=1024)
    tls_cacertfile: str = _setting(
        "", "File with the authorities whose certificates clients may show (PEM).", group="TLS", high=4096
    )
    tls_verify: str = _setting(
        "verify_none", "Whether clients are asked for a certificate.", group="TLS", choices=TLS_VERIFY
    )
    tls_fail_if_no_peer_cert: bool = _setting(
        False, "Refuse clients without one, where they are asked.", group="TLS", high=1
    )
    tls_min_version: str = _setting("1.2", "Oldest version of TLS to speak.", group="TLS", choices=TLS_VERSIONS)
    tls_ciphers: str = _setting(
        "", "Ciphers for TLS 1.2, as OpenSSL lists them; without it Python's choice.", group="TLS", high=4096
    )
    ssl_cert_login_from: str = _setting(
        "distinguished_name",
        "What of a client's certificate is its user's name (EXTERNAL).",
        group="TLS",
        choices=LOGIN_FROM,
    )
    ssl_cert_login_san_type: str = _setting(
        "dns", "Which kind of alternative name, where it is one.", group="TLS", choices=SAN_TYPES
    )
    ssl_cert_login_san_index: int = _setting(0, "Which of those, counted from 0.", group="TLS", high=255)
    user: str = _setting(
        "guest", "Name of the user clients log in as.", group="Access", low=1, rabbitmq_variable="RABBITMQ_DEFAULT_USER"
    )
    password: str = _setting(
        "guest", "That user's password.", group="Access", rabbitmq_variable="RABBITMQ_DEFAULT_PASS"
    )
    vhost: str = _setting(
        "/", "Virtual host that exists from the start.", group="Access", rabbitmq_variable="RABBITMQ_DEFAULT_VHOST"
    )
    # EXTERNAL is not among them by default, as in RabbitMQ: some clients (py-amqp) prefer it to the password they have.
    auth_mechanisms: tuple[str, ...] = _setting(
        ("PLAIN", "AMQPLAIN"),
        "How clients may log in; EXTERNAL is offered to those who have shown a certificate.",
        group="Access",
        low=1,
        items="mechanisms",
        choices=("PLAIN", "AMQPLAIN", "EXTERNAL"),
    )
    loopback_users: tuple[str, ...] = _setting(
        ("guest",),
        "Users who may log in from this machine only; none lets everybody in from anywhere.",
        group="Access",
        items="names of users",
    )
    # 60 s, 131072 bytes and 2047 channels are what RabbitMQ offers in connection.tune; clients know them.
    heartbeat_s: int = _setting(
        60, "Heartbeat offered to clients, in seconds; 0 for none.", group="Protocol", name="heartbeat", high=65535
    )
    profile: str = _setting(
        "lenient",
        "Which RabbitMQ to behave like, where its versions differ; lenient is 4.2 without what it came to refuse.",
        group="Protocol",
        choices=tuple(PROFILES),
    )
    # At least the spec's frame-min-size; at most what one may keep in memory for a peer that has sent half a frame.
    frame_max_bytes: int = _setting(
        131_072,
        "Largest frame, in bytes.",
        group="Protocol",
        name="frame_max",
        low=4096,
        high=128 * 1024**2,
    )
    initial_frame_max_bytes: int = _setting(
        0,
        "Largest frame before the connection is tuned, in bytes; 0 takes the profile's: 8192, in 3.13 4096.",
        group="Protocol",
        name="initial_frame_max",
        high=128 * 1024**2,
    )
    channel_max: int = _setting(2047, "Most channels in one connection.", group="Protocol", low=1, high=65535)
    handshake_timeout_s: float = _setting(
        10.0,
        "Seconds a client has from connecting to an open connection.",
        group="Protocol",
        low=0.1,
        high=3600,
    )
    connection_max: int = _setting(
        0,
        "Most connections; 0 for as many as there are file descriptors for.",
        group="Limits",
        high=2**31 - 1,
    )
    handshake_max: int = _setting(
        0,
        "Most connections that are not open yet; 0 for half of all. More of them wait, or take the place of one that "
        "says nothing.",
        group="Limits",
        high=2**31 - 1,
    )
    channel_max_per_node: int = _setting(
        100_000, "Most channels of all connections together; 0 for any number.", group="Limits", high=2**31 - 1
    )
    cluster_queue_limit: int = _setting(
        0, "Most queues in all virtual hosts together; 0 for any number.", group="Limits", high=2**31 - 1
    )
    cluster_exchange_limit: int = _setting(
        0, "Most exchanges that clients declare, likewise; 0 for any number.", group="Limits", high=2**31 - 1
    )
    # Some 87,000 queues with a binding each, or 4,000 whose arguments fill a frame.
    definitions_max_bytes: int = _setting(
        512 * 1024**2,
        "Bytes of memory that queues, exchanges and bindings may take, without messages; 0 for any number.",
        group="Limits",
        high=2**63 - 1,
    )
    # Each takes some 150 bytes beside its message.
    unacked_max_per_channel: int = _setting(
        500_000,
        "Most deliveries on one channel that wait for acks; 0 for any number. Consumers then get no more, as with a "
        "prefetch of so many.",
        group="Limits",
        high=2**31 - 1,
    )
    # RabbitMQ's own upper bound is 512 MiB as well.
    max_message_bytes: int = _setting(
        0,
        "Largest message body, in bytes; 0 takes the profile's: 16 MiB, in 3.13 128 MiB.",
        group="Limits",
        high=512 * 1024**2,
    )
    max_headers_bytes: int = _setting(
        0,
        "Most bytes of a message's properties, its headers among them; 0 for what a frame holds.",
        group="Limits",
        high=128 * 1024**2,
    )
    consumer_timeout_ms: int = _setting(
        0,
        "Milliseconds that a client has to ack a delivery, before its channel is closed; 0 for none.",
        group="Limits",
        name="consumer_timeout",
        high=2**32 - 1,
    )
    consumer_max_per_channel: int = _setting(
        0, "Most consumers on one channel; 0 for any number.", group="Limits", high=2**31 - 1
    )
    memory_limit_bytes: int = _setting(
        0,
        "Bytes of messages in queues from which publishers are held back; 0 takes the share below.",
        group="Limits",
        high=2**63 - 1,
    )
    memory_limit_share: float = _setting(
        0.4, "The same as a share of the memory of the machine or container.", group="Limits", low=0.01, high=1
    )
    # RabbitMQ's default.
    disk_free_limit_bytes: int = _setting(
        50_000_000,
        "Bytes that must be free where the data directory lies, or publishers are held back.",
        group="Limits",
        high=2**63 - 1,
    )
    default_queue_type: str = _setting(
        "classic",
        "What a queue becomes whose declaration does not say; exclusive, auto-delete and transient ones are classic.",
        group="Queues",
        choices=QUEUE_TYPES,
    )
    tracing: bool = _setting(
        False,
        "Send copies of all messages that come and go to the exchange amq.rabbitmq.trace (the firehose).",
        group="Queues",
        high=1,
    )
    data_dir: str = _setting(
        "",
        "Folder for everything that outlives a restart; without one it is leveret in the user's data home.",
        group="Storage",
        high=4096,
    )
    ephemeral: bool = _setting(False, "Keep nothing beyond this run, and touch no disk.", group="Storage", high=1)
    control_socket: str = _setting(
        AUTO,
        "Unix socket for commands; auto: control.sock in the data directory, if there is one; none: no socket.",
        group="Storage",
        low=1,
        high=4096,
    )
    durability: str = _setting(
        "fsync",
        "What a confirm of a persistent message means: fsync, it is synced to the disk; os, it is written.",
        group="Storage",
        choices=DURABILITIES,
    )
    log_level: str = _setting("info", "How much to log to standard error.", group="Logging", choices=LOG_LEVELS)
    # Tables, which no flag and no variable can hold: name, pattern, definition, and if need be apply_to, priority,
    # vhost. What is in them is checked where policies are known (broker/policies/configured.py).
    policies: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    # server_name, certfile, keyfile, and if need be password (broker/server/certificates.py).
    tls_hosts: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    operator_policies: Sequence[Mapping[str, Any]] = field(default_factory=tuple)

    def __post_init__(self) -> None:
        for setting in SETTINGS:
            setattr(self, setting.attribute, setting.check(getattr(self, setting.attribute), "an argument"))
        for name in TABLES:
            _check_tables(name, getattr(self, name))
        least = PROFILES[self.profile].frame_max_min
        if 0 < self.initial_frame_max_bytes < FRAME_MIN_BYTES:
            raise ConfigError(f"initial_frame_max: AMQP asks for {FRAME_MIN_BYTES} at least; no client could connect")
        if self.frame_max_bytes < least:
            raise ConfigError(f"frame_max: profile {self.profile} asks for {least} at least; no client could connect")


def _table() -> tuple[Setting, ...]:
    return tuple(Setting(f.name, f.default, f.metadata) for f in fields(Config) if f.default is not MISSING)


SETTINGS = _table()
# Settings that are arrays of tables.
TABLES = ("policies", "operator_policies", "tls_hosts")


def _check_tables(name: str, value: object) -> None:
    if not isinstance(value, Sequence) or not all(isinstance(table, Mapping) for table in value):
        raise ConfigError(f"{name}: it must be an array of tables, as [[{name}]] begins one")


def load(
    *,
    file_text: str = "",
    file_name: str = "the file",
    environment: Mapping[str, str] | None = None,
    flags: Mapping[str, str] | None = None,
) -> Config:
    """Lay the layers over each other: defaults, then the TOML file, the environment, the flags.

    ``flags`` holds what was given on the command line, by setting name. Raises ConfigError, which names the setting,
    the layer it came from and what is allowed.
    """
    values = _from_file(file_text, file_name)
    values.update(_from_environment(environment or {}))
    values.update(_from_flags(flags or {}))
    return Config(**values)


def _from_file(text: str, file_name: str) -> dict[str, Any]:
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file_name} is not a TOML file: {error}") from None
    by_name = {setting.name: setting for setting in SETTINGS}
    tables = {name: given.pop(name) for name in TABLES if name in given}
    for name in given:
        if name not in by_name:
            near = difflib.get_close_matches(name, (*by_name, *TABLES), n=1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(by_name)}"
            raise ConfigError(f"{name}: no such setting, in {file_name}{hint}")
    values = {by_name[name].attribute: by_name[name].check(value, file_name) for name, value in given.items()}
    return values | tables


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    """An empty variable counts as not set, as compose files leave them."""
    values = {}
    for setting in SETTINGS:
        for variable in (setting.variable, setting.rabbitmq_variable):
            if environment.get(variable):
                values[setting.attribute] = setting.parse(environment[variable], variable)
                break
    return values


def _from_flags(flags: Mapping[str, str]) -> dict[str, Any]:
    return {s.attribute: s.parse(flags[s.name], s.flag) for s in SETTINGS if s.name in flags}
