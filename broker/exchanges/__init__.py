"""Exchanges: one file a kind, and the registry that names them.

A new kind is a file with a subclass of Exchange and a line here. Kinds do not know each other, and nothing here knows
queues: what a binding leads to is a Destination. A delayed exchange is made of one of another kind.
"""

from collections.abc import Mapping
from typing import Any

from broker.exchanges.base import Exchange
from broker.exchanges.consistent_hash import ConsistentHashExchange
from broker.exchanges.delayed import KIND as DELAYED
from broker.exchanges.delayed import DelayedExchange, inner_kind
from broker.exchanges.direct import DirectExchange
from broker.exchanges.fanout import FanoutExchange
from broker.exchanges.headers import HeadersExchange
from broker.exchanges.local_random import LocalRandomExchange
from broker.exchanges.modulus_hash import ModulusHashExchange
from broker.exchanges.random import RandomExchange
from broker.exchanges.recent_history import RecentHistoryExchange
from broker.exchanges.topic import TopicExchange
from protocol.amqp.errors import precondition_failed

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
        RecentHistoryExchange,
    )
}


def check_kind(kind: str) -> None:
    """Refuse with SoftError 406 what is no exchange type."""
    if kind not in KINDS and kind != DELAYED:
        raise precondition_failed(f"{'unknown' if kind else 'invalid'} exchange type '{kind}'")


def make(kind: str, name: str, *, arguments: Mapping[str, Any], **properties: Any) -> Exchange:
    """A new exchange of a kind that ``check_kind`` lets through, with the properties that Exchange takes.

    Raises SoftError 406 for arguments that it cannot have.
    """
    if kind != DELAYED:
        KINDS[kind].check_arguments(arguments)
        return KINDS[kind](name, arguments=arguments, **properties)
    inner = make(inner_kind(arguments, KINDS), name, arguments=arguments, **properties)
    return DelayedExchange(name, inner=inner, arguments=arguments, **properties)
