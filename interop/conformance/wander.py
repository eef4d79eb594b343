"""Random conversations about queues with limits, expiry, priorities and dead letters, the same for the same seed.

They are held with a RabbitMQ and with Leveret side by side (``python -m interop.conformance wander``), which finds what
nobody thought of asking. After each step all queues are asked for their counts, so that dead letters have arrived.

Left out is what RabbitMQ does by chance, or by an accident that is not worth copying (see ``accepted.queues``): short
expirations in queues with priorities, and dead letters of several consumers' deliveries rejected at once.
"""

import random
import re
from collections.abc import Sequence
from typing import Any

from interop.conformance.conversations.queue_words import arguments
from interop.conformance.steps import (
    Conversation,
    Step,
    ack,
    bind,
    call,
    confirms,
    consume,
    conversation,
    declare,
    exchange,
    get,
    nack,
    passive,
    pause,
    publish,
)

_QUEUES = ("~a", "~b", "~c")
_MODES = ("plain", "plain", "confirm", "confirm", "tx")
# What may come next, and how often.
_WHAT = {"publish": 6, "fan out": 1.5, "get": 3, "settle": 3, "consume": 1.2, "cancel": 0.8, "qos": 0.3, "end": 2}
_TAG = re.compile(r"delivery_tag=\d+ ")
_DELIVERY = re.compile(r"< basic\.deliver consumer_tag='([^']*)'")
_CONFIRM = re.compile(r"< basic\.(?:ack|nack) ")
_CANCEL = re.compile(r"< basic\.cancel ")


class Wanderer:
    """Says one conversation."""

    def __init__(self, seed: int, *, persistent: bool) -> None:
        self.chance = random.Random(seed)
        self.seed = seed
        self.persistent = persistent
        self.mode = self.chance.choice(_MODES)
        self.has_priorities = False
        self.published = 0
        self.consumers: list[str] = []

    def conversation(self) -> Conversation:
        steps: list[Any] = [self._begin()]
        for _ in range(self.chance.randint(6, 16)):
            (what,) = self.chance.choices(list(_WHAT), list(_WHAT.values()))
            steps += [self._next(what), *map(passive, _QUEUES)]
        return conversation(f"wander/{self.seed}", *steps, self._end())

    def _begin(self) -> list[Any]:
        steps: list[Any] = [exchange("~x", "fanout"), exchange("~y", "topic")]
        steps += [declare(queue, arguments=arguments(**self._arguments())) for queue in _QUEUES]
        steps += [bind(queue, "~x") for queue in _QUEUES if self._perhaps(0.4)]
        steps += [bind(queue, "~y", "#") for queue in _QUEUES if self._perhaps(0.4)]
        return steps if self.mode == "plain" else [*steps, call(f"{self.mode}.select")]

    def _arguments(self) -> dict[str, Any]:
        chosen: dict[str, Any] = {}
        if self._perhaps(0.35):
            chosen["x_max_length"] = self.chance.randint(0, 3)
        if self._perhaps(0.2):
            chosen["x_max_length_bytes"] = self.chance.choice([0, 3, 6, 10])
        if chosen and self._perhaps(0.5):
            chosen["x_overflow"] = self.chance.choice(["drop-head", "reject-publish", "reject-publish-dlx"])
        if self._perhaps(0.2):
            chosen["x_message_ttl"] = self.chance.choice([0, 60000])
        if self._perhaps(0.3):
            chosen["x_max_priority"] = self.chance.choice([2, 5])
            self.has_priorities = True
        if self._perhaps(0.75):
            chosen["x_dead_letter_exchange"] = self.chance.choice(["", "", "~x", "~y"])
            if self._perhaps(0.6):
                chosen["x_dead_letter_routing_key"] = self.chance.choice(_QUEUES)
        return chosen

    def _next(self, what: str) -> list[Any]:
        match what:
            case "publish":
                return self._publish("", self.chance.choice(_QUEUES))
            case "fan out":
                return self._publish("~x", "~k")
            case "get":
                return [get(self.chance.choice(_QUEUES), no_ack=self._perhaps(0.3))]
            case "settle":
                return [self._settle()]
            case "consume":
                self.consumers.append(f"t{self.published}-{len(self.consumers)}")
                return [consume(self.chance.choice(_QUEUES), self.consumers[-1], no_ack=self._perhaps(0.3))]
            case "cancel" if self.consumers:
                gone = self.consumers.pop(self.chance.randrange(len(self.consumers)))
                return [call("basic.cancel", consumer_tag=gone)]
            case "qos":
                return [call("basic.qos", prefetch_count=self.chance.randint(0, 2))]
            case "end" if self.mode == "tx":
                return [call(self.chance.choice(["tx.commit", "tx.commit", "tx.rollback"]))]
        return []

    def _publish(self, to: str, key: str) -> list[Any]:
        count = self.chance.choice([1, 1, 1, 2, 3, 4])
        usual: dict[str, Any] = {"delivery_mode": 2} if self.persistent else {}
        if self._perhaps(0.15):
            usual["expiration"] = self.chance.choice(["60000"] if self.has_priorities else ["0", "1", "60000"])
        steps: list[Any] = []
        for _ in range(count):
            self.published += 1
            own = {"priority": self.chance.randint(0, 5)} if self._perhaps(0.5) else {}
            body = str(self.published).encode() + b"x" * self.chance.choice([0, 0, 0, 1, 3, 8])
            steps.append(publish(to, key, body, **usual, **own))
        if usual.get("expiration") == "1":
            steps.append(pause(0.05))
        if self.mode == "confirm":
            steps.append(confirms(self.published - count + 1, self.published))
        return steps

    def _settle(self) -> Step:
        """All that is out."""
        kind = self.chance.choice(["ack", "reject", "reject", "requeue"])
        if kind == "ack" or self.consumers:
            return ack(0, multiple=True)
        return nack(0, multiple=True, requeue=kind == "requeue")

    def _end(self) -> list[Any]:
        """What is left in the queues, asked for on another channel: a transaction may have ended the first."""
        steps: list[Any] = [call("tx.commit")] if self.mode == "tx" else []
        steps += [call("basic.cancel", consumer_tag=tag) for tag in self.consumers if self.mode != "tx"]
        steps.append(call("channel.open", ch=2))
        return steps + [get(queue, ch=2, no_ack=True) for queue in _QUEUES for _ in range(6)]

    def _perhaps(self, chance: float) -> bool:
        return self.chance.random() < chance


def wander(seed: int, *, persistent: bool = False) -> Conversation:
    """The conversation of that seed."""
    return Wanderer(seed, persistent=persistent).conversation()


def in_order(lines: Sequence[str]) -> list[str]:
    """A transcript with what comes at any moment behind the rest, each kind in order: deliveries, confirms, cancels."""
    rest: list[str] = []
    apart: dict[str, list[str]] = {}
    for line in lines:
        delivery = _DELIVERY.search(line)
        if delivery:
            apart.setdefault(delivery[1], []).append(_TAG.sub("", line))
        elif _CONFIRM.search(line):
            apart.setdefault("confirms", []).append(line)
        elif _CANCEL.search(line):
            apart.setdefault("cancels", []).append(line)
        else:
            rest.append(_TAG.sub("", line))
    for name in sorted(apart):
        rest += [f"-- {name}", *apart[name]]
    return rest
