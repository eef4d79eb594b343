"""Topology: exchanges, queues and bindings as they should be; where a message goes, the simplest way; what a crash may
leave of the definitions.
"""

from itertools import pairwise

from tests.simulation.durable.safety import Safety

PREDECLARED = {"amq.direct": "direct", "amq.fanout": "fanout", "amq.topic": "topic", "amq.headers": "headers"}


class Exchange:
    def __init__(self, name: str, kind: str, *, durable=True, auto_delete=False, alternate: str | None = None) -> None:
        self.name = name
        self.kind = kind
        self.durable = durable
        self.auto_delete = auto_delete
        self.alternate = alternate

    @property
    def arguments(self) -> dict:
        return {} if self.alternate is None else {"alternate-exchange": self.alternate}

    @property
    def fact(self) -> tuple:
        return self.kind, self.auto_delete, self.alternate


class Topology:
    """``bindings`` are (source, to an exchange, destination, key, arguments as pairs)."""

    def __init__(self) -> None:
        self.exchanges: dict[str, Exchange] = {}
        self.queues: dict[str, object] = {}
        self.bindings: dict[tuple, None] = {}
        # All states since the start, one for each change of what is durable.
        self.history: list[dict] = [{}]
        self.safety = Safety(lambda: len(self.history) - 1)
        self._begin()

    def _begin(self) -> None:
        for name, kind in PREDECLARED.items():
            self.exchanges[name] = Exchange(name, kind)

    # -- changes -------------------------------------------------------------------------------------------------------

    def changed(self) -> int:
        """Something was done: the state to be safe before a client may be told; 0 where nothing durable changed."""
        facts = self._facts()
        if facts == self.history[-1]:
            return 0
        self.history.append(facts)
        return len(self.history) - 1

    def since(self, *fact) -> int:
        """The state from which on this has been so."""
        value = self.history[-1].get(fact)
        return next((at + 1 for at in range(len(self.history) - 1, -1, -1) if self.history[at].get(fact) != value), 0)

    def _facts(self) -> dict:
        facts: dict = {
            ("exchange", name): each.fact
            for name, each in self.exchanges.items()
            if each.durable and name not in PREDECLARED
        }
        facts.update((("queue", name), queue.log_name) for name, queue in self.queues.items() if queue.durable)
        facts.update((("binding", *binding), True) for binding in self.bindings if self._is_durable(binding))
        return facts

    def _is_durable(self, binding) -> bool:
        source, to_exchange, destination, _, _ = binding
        ends = self.exchanges if to_exchange else self.queues
        return self.exchanges[source].durable and ends[destination].durable

    def unbind(self, binding) -> None:
        """With the auto-delete exchanges that this leaves without any binding."""
        if self.bindings.pop(binding, 1) is None:
            source = self.exchanges.get(binding[0])
            if source is not None and source.auto_delete and not self.bindings_from(source.name):
                self.delete_exchange(source.name)

    def delete_exchange(self, name: str) -> None:
        del self.exchanges[name]
        for binding in self.bindings_from(name):
            del self.bindings[binding]
        self._unbind_all(to_exchange=True, name=name)

    def delete_queue(self, name: str) -> None:
        del self.queues[name]
        self._unbind_all(to_exchange=False, name=name)

    def _unbind_all(self, *, to_exchange: bool, name: str) -> None:
        for binding in [each for each in self.bindings if each[1] == to_exchange and each[2] == name]:
            self.unbind(binding)

    def bindings_from(self, name: str) -> list[tuple]:
        return [each for each in self.bindings if each[0] == name]

    # -- routing -------------------------------------------------------------------------------------------------------

    def route(self, exchange: str, key: str, headers: dict[str, int]) -> tuple[list, bool]:
        """The queues, and whether a headers exchange was asked on the way: then each message goes by itself."""
        if not exchange:
            found = self.queues.get(key)
            return ([] if found is None else [found]), False
        queues: dict[str, object] = {}
        seen = [exchange]
        looked = False
        for name in seen:
            current = self.exchanges[name]
            looked = looked or current.kind == "headers"
            matching = [each for each in self.bindings_from(name) if _matches(current.kind, each, key, headers)]
            for _, to_exchange, destination, _, _ in matching:
                if not to_exchange:
                    queues[destination] = self.queues[destination]
                elif destination not in seen:
                    seen.append(destination)
            alternate = current.alternate
            if not matching and alternate in self.exchanges and alternate not in seen:
                seen.append(alternate)
        return list(queues.values()), looked

    # -- after a restart -----------------------------------------------------------------------------------------------

    def restart(self, facts: dict, queues: dict[str, object], *, clean: bool) -> None:
        """``facts`` is what the restarted node says of itself; ``queues`` are the models of its queues."""
        low, high = self.safety.performed, self.safety.attempted
        if clean:
            low = high = len(self.history) - 1
        states = self.history[low : high + 1]
        assert any(_lies_between(facts, *pair) for pair in pairwise([*states, states[-1]])), (
            f"definitions: there is\n  {_lines(facts)}\nof\n  {_lines(states[0])}\nto\n  {_lines(states[-1])}"
        )
        self.exchanges = {}
        self._begin()
        for (what, *rest), value in facts.items():
            if what == "exchange":
                kind, auto_delete, alternate = value
                self.exchanges[rest[0]] = Exchange(rest[0], kind, auto_delete=auto_delete, alternate=alternate)
        self.queues = queues
        self.bindings = {tuple(rest): None for what, *rest in facts if what == "binding"}
        self.history = [facts]
        self.safety.restart()


def facts_of(vhost) -> dict:
    """What a virtual host says of itself, in the model's words."""
    facts: dict = {}
    for exchange in vhost.exchanges.values():
        name = exchange.name
        if name and not name.startswith("amq."):
            facts["exchange", name] = exchange.kind, exchange.auto_delete, exchange.alternate
            assert exchange.durable, f"the transient exchange {name} is back"
        for binding in exchange.bindings.values():
            to_exchange = binding.destination.name in vhost.exchanges
            arguments = tuple(sorted(binding.arguments.items()))
            facts["binding", name, to_exchange, binding.destination.name, binding.routing_key, arguments] = True
    for name, queue in vhost.queues.items():
        facts["queue", name] = log_name(queue)
    return facts


def log_name(queue) -> str:
    """The name of the log a broker's queue has; "" for none."""
    if not queue.log_id:
        return ""
    return f"{'s' if 'x-queue-type' in queue.arguments else 'q'}{queue.log_id}"


def _lies_between(facts: dict, before: dict, after: dict) -> bool:
    """Of what one change changes, any part may be there: nobody was told of it."""
    both = before.items() & after.items()
    return both <= facts.items() <= before.items() | after.items()


def _lines(facts: dict) -> str:
    return "\n  ".join(sorted(map(repr, facts.items())))


def _matches(kind: str, binding: tuple, key: str, headers: dict[str, int]) -> bool:
    _, _, _, pattern, arguments = binding
    if kind == "fanout":
        return True
    if kind == "topic":
        return _topic(pattern.split(".") if pattern else [], key.split(".") if key else [])
    if kind == "headers":
        wanted = dict(arguments)
        test = any if wanted.pop("x-match", "all") == "any" else all
        return test(headers.get(name) == value for name, value in wanted.items())
    return pattern == key


def _topic(pattern: list[str], words: list[str]) -> bool:
    if not pattern:
        return not words
    if pattern[0] == "#":
        return any(_topic(pattern[1:], words[at:]) for at in range(len(words) + 1))
    return bool(words) and pattern[0] in ("*", words[0]) and _topic(pattern[1:], words[1:])
