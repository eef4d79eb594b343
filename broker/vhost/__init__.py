"""A virtual host: its exchanges and queues by name, its policies, and every change of who is bound to what."""

from broker.vhost.checks import refuse_default_exchange
from broker.vhost.contracts import UNGUARDED, Firehose, Guard, Origin, Queue
from broker.vhost.vhost import EVENT_EXCHANGE, TRACE_EXCHANGE, VirtualHost

__all__ = [
    "EVENT_EXCHANGE",
    "TRACE_EXCHANGE",
    "UNGUARDED",
    "Firehose",
    "Guard",
    "Origin",
    "Queue",
    "VirtualHost",
    "refuse_default_exchange",
]
