"""Differences of connections, users and what operators do."""

from interop.conformance.accepted.difference import Accepted, Case

_START = (
    "a/0 < connection.start version_major=0 version_minor=9 server_properties={{capabilities: F {{publisher_confirms: t"
    " True, exchange_exchange_bindings: t True, basic.nack: t True, consumer_cancel_notify: t True, connection.blocked:"
    " t True, consumer_priorities: t True, authentication_failure_close: t True, per_consumer_qos: t True,"
    " direct_reply_to: t True}}, cluster_name: S '...', copyright: S '...', information: S '...', {}platform: S '...',"
    " product: S 'RabbitMQ', version: S '...'}} mechanisms='{}' locales='en_US'"
)
_NO_USER = 'operator < User "~u" does not exist'
_PUT = "operator > put_user '~u' '{}' 'rabbit_password_hashing_sha256'"
_HASH = "operator < password_hash: {} bytes, where rabbit_password_hashing_sha256 has 36"
_OTHER_HASH = "AQIDBEv08L+iRi6ZYtPsVLlHi/nOFKLypZXpZLuQCrgZ4K1q+WrKAlgZwNbemOkemTfbWw6ukQpIJFFKquObC2n3wxc="

_NOTHING_DONE = (
    ("forced/user-unknown-deleted", "operator > delete_user '~u'", _NO_USER),
    ("forced/permissions-cleared-of-no-user", "operator > clear_permissions '~u' '/'", _NO_USER),
    (
        "forced/permissions-cleared-in-no-vhost",
        "operator > clear_permissions '~u' '~v'",
        "operator < Virtual host '~v' does not exist",
    ),
    ("forced/topic-permissions-cleared-of-no-user", "operator > clear_topic_permissions '~u' '/'", _NO_USER),
)
GENERAL: tuple[Accepted, ...] = (
    Accepted(
        "how it introduces itself",
        "The real name is told, too, and nobody logs in unnamed (ANONYMOUS), which would be as guest, whatever guest's"
        " password.",
        (
            Case(
                "handshake/whole",
                _START.format("", "ANONYMOUS AMQPLAIN PLAIN"),
                (_START.format("leveret: S '...', ", "PLAIN AMQPLAIN"),),
            ),
        ),
    ),
    Accepted(
        "policies of mirroring",
        "They may be set, as with 3.13, and have no effect: who comes from there finds his definitions taken"
        " (--profile 4.2 refuses them as 4.0 does).",
        tuple(
            Case("policy/refused-mirroring", line, ())
            for line in (
                "operator < Validation failed",
                'operator < [{<<"ha-mode">>,<<"all">>}] are not recognised policy settings',
            )
        ),
    ),
    Accepted(
        "commands that would do nothing",
        "An operator is told: that what is to be deleted is not there, as with 3.10, and that no password can have the"
        " hash that is to be set; 4.0 says nothing.",
        (
            *[Case(name, record, (record, answer)) for name, record, answer in _NOTHING_DONE],
            *[
                Case(f"login/hash-{name}", _PUT.format(hashed), (_PUT.format(hashed), _HASH.format(size)))
                for name, hashed, size in (("of-another-algorithm", _OTHER_HASH, 68), ("cut-short", "AQIDBA==", 4))
            ],
        ),
    ),
)
