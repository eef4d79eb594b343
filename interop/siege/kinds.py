"""The kinds of hostile clients by name, and what of each is counted."""

from collections.abc import Sequence

from interop.siege.hostile import bombs, churn, floods, slow, strangers
from interop.siege.hostile.victim import Life


class Kind:
    """``life`` is what one connection does until it ends; ``unit`` what it counts; ``tls``: it needs a TLS port."""

    __slots__ = ("life", "name", "tls", "unit")

    def __init__(self, life: Life, unit: str, *, tls: bool = False) -> None:
        self.name = life.__name__
        self.life = life
        self.unit = unit
        self.tls = tls

    @property
    def what(self) -> str:
        """For people."""
        return (self.life.__doc__ or "").rstrip(".")


_ALL = (
    Kind(slow.slow_handshake, "bytes"),
    Kind(slow.slow_frame, "bytes"),
    Kind(slow.silent, "connections"),
    Kind(slow.vanished, "connections"),
    Kind(slow.deaf_consumer, "messages"),
    Kind(slow.deaf_declares, "declares"),
    Kind(floods.tiny_bodies, "frames"),
    Kind(floods.heartbeats, "frames"),
    Kind(floods.tiny_methods, "methods"),
    Kind(floods.acks_of_nothing, "acks"),
    Kind(floods.gets_of_nothing, "gets"),
    Kind(bombs.bomb_start_ok, "tables"),
    Kind(bombs.bomb_declare, "tables"),
    Kind(bombs.bomb_headers, "messages"),
    Kind(bombs.hashes, "messages"),
    Kind(churn.channel_churn, "channels"),
    Kind(churn.queue_churn, "queues"),
    Kind(churn.durable_churn, "queues"),
    Kind(churn.connection_churn, "connections"),
    Kind(churn.bare_connects, "connections"),
    Kind(churn.wrong_passwords, "logins"),
    Kind(strangers.tls_on_plain, "connections"),
    Kind(strangers.http, "connections"),
    Kind(strangers.noise, "connections"),
    Kind(strangers.plain_on_tls, "connections", tls=True),
    Kind(strangers.noise_on_tls, "connections", tls=True),
    Kind(strangers.tls_handshakes, "handshakes", tls=True),
)
KINDS = {kind.name: kind for kind in _ALL}


def chosen(names: Sequence[str]) -> list[Kind]:
    """Those named, all if none is. Raises KeyError."""
    return [KINDS[name] for name in names] if names else list(_ALL)
