"""Exchanges: one file a kind, and the registry that names them.

A new kind is a file with a subclass of Exchange and a line here. Kinds do not know each other, and nothing here knows
queues: what a binding leads to is a Destination.
"""

from broker.exchanges.base import Exchange
from broker.exchanges.consistent_hash import ConsistentHashExchange
from broker.exchanges.direct import DirectExchange
from broker.exchanges.fanout import FanoutExchange
from broker.exchanges.headers import HeadersExchange
from broker.exchanges.local_random import LocalRandomExchange
from broker.exchanges.modulus_hash import ModulusHashExchange
from broker.exchanges.random import RandomExchange
from broker.exchanges.topic import TopicExchange

KINDS: dict[str, type[Exchange]] = {
    kind.kind: kind
    for kind in (
        DirectExchange,
        FanoutExchange,
        HeadersExchange,
        TopicExchange,
        ConsistentHashExchange,
        LocalRandomExchange,
        ModulusHashExchange,
        RandomExchange,
    )
}
