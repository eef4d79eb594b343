"""Profiles: where RabbitMQ's versions part, one row for each such point and one column for each version.

``lenient`` does as 4.2 does, but refuses nothing that only 4.x came to refuse: its minimum frame_max is 3.13's,
policies may speak of mirroring, and what 4.3 denies is allowed. Messages may have the size that 4.2's may, as what is
published here is to be published there. What 4.2 takes and treats in its own way, lenient treats so, too.

Sources: the sources of RabbitMQ 3.13.7, 4.2.9 and 4.3.5, and 3.10 and 4.0 as they were seen to behave. (An unknown
exchange type, which 3.13.2 and older refuse with 503, is no row: 3.13.7 says 406, as all later ones.)
"""

from collections.abc import Mapping, Set
from typing import Any, Final

_ALL_QUEUES: Final = frozenset({"classic", "quorum", "stream"})
_MIB: Final = 1024**2


class Profile:
    """One version of RabbitMQ, as far as clients can tell it from the others. Sizes are bytes.

    ``version`` is what server-properties report. ``offers_amqp_1_0``: a protocol header that cannot be served is
    answered with AMQP 1.0's (SASL), not with 0-9-1's. ``frame_max_min`` is the least that tune-ok may ask for, and
    ``initial_frame_max`` holds before it. ``message_max`` is the largest body where no setting says otherwise.

    ``transient_queues``: queues may be neither durable nor exclusive. ``global_qos``: basic.qos with global=true limits
    the channel, else each of its consumers. ``queue_versions`` are the values of x-queue-version; ``queue_modes`` says
    whether x-queue-mode is looked at. ``consumer_timeout_arguments``: queues and consumers know x-consumer-timeout as
    an argument of quorum queues; else of any queue, and its value is not checked.

    ``consumer_timeout_queues`` are the queue types whose deliveries must be acked in time;
    ``consumer_timeout_cancels``: who does not loses its consumer, else its channel.

    ``delivery_limit`` is that of quorum queues that ask for none, None for no limit; ``nack_counts``: what a nack or a
    recover gives back counts towards it; ``tells_acquired``: deliveries bear x-acquired-count.
    ``quorum_priorities`` is how many priorities they have.
    ``continues_published_x_death``: an x-death that a client wrote is counted on by the next death.

    ``returns_lost_replies``: a mandatory reply to a requester that is gone is returned, else lost in silence.
    ``takes_cancel_ok``: a client may answer a server's basic.cancel, as the specification has it; else its connection
    is closed. ``ha_policies``: policies may speak of mirroring (which has no effect here).

    ``passive_declare_checked``: who has no permission whatever on an exchange or queue may not ask whether it is there.
    ``copies_topics_checked``: topic permissions count for the keys in CC and BCC, too, and are looked at after the
    rest of a message, not before it. ``new_secret_rechecks``: with
    connection.update-secret permissions are looked at again, and consumers that may not read any more are cancelled.
    These close holes, and nobody's work depends on a hole: lenient does as 4.2.
    """

    __slots__ = (
        "consumer_timeout_arguments",
        "consumer_timeout_cancels",
        "consumer_timeout_queues",
        "continues_published_x_death",
        "copies_topics_checked",
        "delivery_limit",
        "frame_max_min",
        "global_qos",
        "ha_policies",
        "initial_frame_max",
        "message_max",
        "nack_counts",
        "name",
        "new_secret_rechecks",
        "offers_amqp_1_0",
        "passive_declare_checked",
        "queue_modes",
        "queue_versions",
        "quorum_priorities",
        "returns_lost_replies",
        "takes_cancel_ok",
        "tells_acquired",
        "transient_queues",
        "version",
    )

    def __init__(self, name: str, **row: Any) -> None:
        self.name = name
        self.version: str = row["version"]
        self.offers_amqp_1_0: bool = row["offers_amqp_1_0"]
        self.frame_max_min: int = row["frame_max_min"]
        self.initial_frame_max: int = row["initial_frame_max"]
        self.message_max: int = row["message_max"]
        self.transient_queues: bool = row["transient_queues"]
        self.global_qos: bool = row["global_qos"]
        self.queue_versions: Set[int] = row["queue_versions"]
        self.queue_modes: bool = row["queue_modes"]
        self.consumer_timeout_arguments: bool = row["consumer_timeout_arguments"]
        self.consumer_timeout_queues: Set[str] = row["consumer_timeout_queues"]
        self.consumer_timeout_cancels: bool = row["consumer_timeout_cancels"]
        self.delivery_limit: int | None = row["delivery_limit"]
        self.nack_counts: bool = row["nack_counts"]
        self.tells_acquired: bool = row["tells_acquired"]
        self.quorum_priorities: int = row["quorum_priorities"]
        self.continues_published_x_death: bool = row["continues_published_x_death"]
        self.returns_lost_replies: bool = row["returns_lost_replies"]
        self.takes_cancel_ok: bool = row["takes_cancel_ok"]
        self.ha_policies: bool = row["ha_policies"]
        self.passive_declare_checked: bool = row["passive_declare_checked"]
        self.copies_topics_checked: bool = row["copies_topics_checked"]
        self.new_secret_rechecks: bool = row["new_secret_rechecks"]


COLUMNS: Final = ("3.13", "4.2", "4.3", "lenient")
# fmt: off
ROWS: Final[Mapping[str, tuple[Any, ...]]] = {
    #                              3.13           4.2            4.3            lenient
    "version":                     ("3.13.7",     "4.2.9",       "4.3.5",       "4.2.9"),
    "offers_amqp_1_0":             (False,        True,          True,          True),
    "frame_max_min":               (4096,         8192,          8192,          4096),
    "initial_frame_max":           (4096,         8192,          8192,          8192),
    "message_max":                 (128 * _MIB,   16 * _MIB,     16 * _MIB,     16 * _MIB),
    "transient_queues":            (True,         True,          False,         True),
    "global_qos":                  (True,         True,          False,         True),
    "queue_versions":              ({1, 2},       {1, 2},        {2},           {1, 2}),
    "queue_modes":                 (True,         True,          False,         True),
    "consumer_timeout_arguments":  (False,        False,         True,          False),
    "consumer_timeout_queues":     (_ALL_QUEUES,  _ALL_QUEUES,   {"quorum"},    _ALL_QUEUES),
    "consumer_timeout_cancels":    (False,        False,         True,          False),
    "delivery_limit":              (None,         20,            20,            20),
    "nack_counts":                 (True,         True,          False,         True),
    "tells_acquired":              (False,        False,         True,          False),
    "quorum_priorities":           (1,            2,             32,            2),
    "continues_published_x_death": (True,         False,         False,         False),
    "returns_lost_replies":        (True,         False,         False,         False),
    "takes_cancel_ok":             (False,        False,         True,          False),
    "ha_policies":                 (True,         False,         False,         True),
    "passive_declare_checked":     (False,        True,          True,          True),
    "copies_topics_checked":       (False,        True,          True,          True),
    "new_secret_rechecks":         (False,        True,          True,          True),
}
# fmt: on

PROFILES: Final[Mapping[str, Profile]] = {
    column: Profile(column, **{name: row[place] for name, row in ROWS.items()}) for place, column in enumerate(COLUMNS)
}
LENIENT: Final = PROFILES["lenient"]
