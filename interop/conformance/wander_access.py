"""Random conversations about what a user may do, the same for the same seed: who is refused what, in which words.

Each is held in a virtual host of its own, by guest (a), who makes things, and ~u (b), who has random permissions on
random names; each of its methods goes on a channel of its own, as a refusal ends the channel. Between them permissions
and limits change. Left out are passive declares, which need a permission since RabbitMQ 4.2.9 only.
"""

import random
from typing import Any

from interop.conformance.conversations.access_words import NONE, member, permit, permit_topic, vhost
from interop.conformance.steps import (
    Conversation,
    administer,
    bind,
    call,
    connect,
    consume,
    conversation,
    declare,
    exchange,
    get,
    open_channel,
    publish,
    quiet,
)

_VHOST = "~v"
_QUEUES = ("~q", "~q", "~r", "~s", "amq.~z", "")
_EXCHANGES = ("~x", "~x", "~t", "~y", "amq.fanout", "amq.~z", "")
_KEYS = ("k", "~q", "a.b", "")
_PATTERNS = (
    *[".*"] * 4,
    *["", NONE, "^~", "q", "^~q$", "[xt]$", "^(~q|~x|~t)$", r"^amq\.", "gen", "default", "^(?!~x)", "(?i)^~[Q-T]$"],
)
_TOPICS = (".*", "", "^k$", r"\.", "{username}", "^{vhost}$", "q")
# What may come next, and how often.
_WHAT = {"declare": 3, "exchange": 2, "delete": 1, "delete exchange": 1, "bind": 2, "unbind": 1, "bind exchanges": 1}
_WHAT |= {"purge": 1, "get": 1, "consume": 1, "publish": 3, "permissions": 1.5, "topics": 0.7, "limits": 0.5}


class AccessWanderer:
    """Says one conversation."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.seed = seed
        self.channel = 1

    def conversation(self) -> Conversation:
        steps: list[Any] = [vhost(_VHOST), member(vhost=_VHOST), connect("a", vhost=_VHOST), self._made()]
        steps += [self._permissions(), connect("b", user="~u", password="p", vhost=_VHOST)]
        for _ in range(self.chance.randint(10, 24)):
            (what,) = self.chance.choices(list(_WHAT), list(_WHAT.values()))
            steps.append(self._next(what))
        # What else it was to be told has come then.
        steps += [open_channel(self.channel + 1, "b"), quiet(c="b", ch=self.channel + 1)]
        return conversation(f"wander-access/{self.seed}", *steps, bare=True)

    def _made(self) -> list[Any]:
        kinds = {"~x": self._one(["direct", "fanout", "headers"]), "~t": "topic", "~y": "fanout"}
        steps: list[Any] = [exchange(name, kind) for name, kind in kinds.items() if self._perhaps(0.7)]
        bounds: list[dict[str, int]] = [{}, {"x-max-length": 5}]
        steps += [declare(name, arguments=self._one(bounds)) for name in ("~q", "~r") if self._perhaps(0.7)]
        return steps if self._perhaps(0.6) else [*steps, declare("~s", exclusive=True)]

    def _next(self, what: str) -> list[Any]:
        match what:
            case "permissions":
                return [self._permissions()]
            case "topics":
                name = self._one(["~t", "~t", "~x", "amq.topic"])
                return [permit_topic(self._one(_TOPICS), self._one(_TOPICS), name, vhost=_VHOST)]
            case "limits":
                return [administer("set_vhost_limits", _VHOST, {"max-queues": self._one([-1, -1, 1, 2, 4])})]
        self.channel += 1
        return [open_channel(self.channel, "b"), *self._asked(what, self.channel)]

    def _asked(self, what: str, ch: int) -> list[Any]:
        queue, source, key = self._one(_QUEUES), self._one(_EXCHANGES), self._one(_KEYS)
        match what:
            case "declare":
                return [declare(queue, "b", ch, arguments=self._arguments(), exclusive=self._perhaps(0.2))]
            case "exchange":
                kind = self._one(["direct", "topic", "fanout", "headers", "x-nothing"])
                later = {"alternate-exchange": self._one(["~x", "~y", "", "amq.fanout", 1])}
                given = later if self._perhaps(0.3) else {}
                return [exchange(source, kind, "b", ch, arguments=given, internal=self._perhaps(0.1))]
            case "delete":
                return [call("queue.delete", "b", ch, queue=queue, if_unused=self._perhaps(0.2))]
            case "delete exchange":
                return [call("exchange.delete", "b", ch, exchange=source, if_unused=self._perhaps(0.3))]
            case "bind":
                return [bind(queue, source, key, "b", ch)]
            case "unbind":
                return [call("queue.unbind", "b", ch, queue=queue, exchange=source, routing_key=key)]
            case "bind exchanges":
                verb = self._one(["exchange.bind", "exchange.unbind"])
                return [call(verb, "b", ch, destination=self._one(_EXCHANGES), source=source, routing_key=key)]
            case "purge":
                return [call("queue.purge", "b", ch, queue=queue)]
            case "get":
                return [get(queue, "b", ch, no_ack=True)]
            case "consume":
                return [consume(queue, f"t{ch}", "b", ch)]
        return [publish(source, key, b"m", "b", ch, **self._properties()), quiet(c="b", ch=ch)]

    def _permissions(self) -> Any:
        return permit(self._one(_PATTERNS), self._one(_PATTERNS), self._one(_PATTERNS), vhost=_VHOST)

    def _arguments(self) -> dict[str, Any]:
        chosen: dict[str, Any] = {}
        if self._perhaps(0.3):
            chosen["x-dead-letter-exchange"] = self._one(["", "~x", "~nowhere", "amq.fanout", 1])
        if self._perhaps(0.2):
            chosen["x-message-ttl"] = self._one([60000, -1])
        if self._perhaps(0.2):
            chosen["x-max-length"] = 5
        return chosen

    def _properties(self) -> dict[str, Any]:
        chosen: dict[str, Any] = {}
        if self._perhaps(0.2):
            chosen["user_id"] = self._one(["~u", "guest"])
        if self._perhaps(0.1):
            chosen["expiration"] = self._one(["60000", "soon"])
        if self._perhaps(0.2):
            chosen["headers"] = {"CC": self._one([["a.b"], ["k", "c"], "k"])}
        return chosen

    def _one(self, choices: Any) -> Any:
        return self.chance.choice(choices)

    def _perhaps(self, chance: float) -> bool:
        return self.chance.random() < chance


def wander_access(seed: int) -> Conversation:
    """The conversation of that seed."""
    return AccessWanderer(seed).conversation()
