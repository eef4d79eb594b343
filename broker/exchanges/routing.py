"""From the exchange a message was published to, through exchange-to-exchange bindings and alternates, to its queues.

Each exchange is visited once, so bindings may run in circles; each queue is found once, in a stable order.
"""

from collections.abc import Sequence
from typing import Any

from broker.exchanges.base import Exchange, FindExchange
from broker.exchanges.view import View


class Routed:
    """Where a message goes. ``cacheable``: the same exchange and key lead here again, as long as no topology changes.

    ``queues`` holds whatever was bound that is no exchange; only the caller knows their class.
    """

    __slots__ = ("cacheable", "queues")

    def __init__(self, queues: tuple[Any, ...], *, cacheable: bool) -> None:
        self.queues = queues
        self.cacheable = cacheable


def route(
    exchange: Exchange,
    routing_keys: Sequence[str],
    message: View | None,
    find_exchange: FindExchange,
) -> Routed:
    """The queues of one message, which may have several keys (CC, BCC).

    ``message`` None asks for those of every message with these keys. Where an exchange on the way must see each, there
    is no such answer: what comes back is not cacheable then, its queues mean nothing, and no exchange was shown
    anything.

    The alternate is tried where no binding of the exchange itself matches, even if what matches leads nowhere; one that
    does not exist is passed over, as RabbitMQ does.
    """
    queues: dict[Any, None] = {}
    seen = {exchange}
    waiting = [exchange]
    cacheable = True
    while waiting:
        current = waiting.pop()
        if current.sees_messages:
            cacheable = False
            if message is None:
                break
        matched = False
        for destination in current.find(routing_keys, message):
            matched = True
            if not isinstance(destination, Exchange):
                queues[destination] = None
            elif destination not in seen:
                seen.add(destination)
                waiting.append(destination)
        # "" as an alternate takes nothing: the default exchange has no bindings to match (seen in RabbitMQ 4.0).
        if not matched and current.alternate:
            alternate = find_exchange(current.alternate)
            if alternate is not None and alternate not in seen:
                seen.add(alternate)
                waiting.append(alternate)
    return Routed(tuple(queues), cacheable=cacheable)
