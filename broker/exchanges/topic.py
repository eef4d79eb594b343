"""Topic: the key's words against patterns, in a trie of words.

Words are split at ``.``; the empty key has no word at all. ``*`` takes exactly one word (which may be empty), ``#`` any
number of them, and both only as whole words: ``a.*b`` is a literal. Source: RabbitMQ, "Tutorial 5: topics", and its
topic trie.
"""

from collections.abc import Callable, Iterable

from broker.exchanges.base import KeyedExchange
from broker.exchanges.binding import Binding, Destination, Destinations

_ONE = "*"
_MANY = "#"


class _Node:
    """All patterns that begin alike: the next literal words, the two wildcards, and who is bound just here."""

    __slots__ = ("destinations", "is_many", "literals", "many", "one")

    def __init__(self, *, is_many: bool = False) -> None:
        self.literals: dict[str, _Node] = {}
        self.one: _Node | None = None
        self.many: _Node | None = None
        self.is_many = is_many
        self.destinations: Destinations | None = None

    @property
    def is_empty(self) -> bool:
        return not (self.literals or self.one or self.many or self.destinations)

    def child(self, word: str) -> "_Node | None":
        if word == _ONE:
            return self.one
        return self.many if word == _MANY else self.literals.get(word)

    def grow(self, word: str) -> "_Node":
        """The child for a word of a pattern, made where it is missing."""
        node = self.child(word)
        if node is None:
            node = _Node(is_many=word == _MANY)
            if word == _ONE:
                self.one = node
            elif word == _MANY:
                self.many = node
            else:
                self.literals[word] = node
        return node

    def prune(self, word: str) -> None:
        if word == _ONE:
            self.one = None
        elif word == _MANY:
            self.many = None
        else:
            del self.literals[word]


class TopicExchange(KeyedExchange):
    """Matching costs the number of words times the number of trie nodes alive at one, however many bindings there are.

    It walks all nodes alive side by side and never backtracks: a pattern of many ``#`` cannot make it exponential.
    """

    __slots__ = ("_root",)

    kind = "topic"
    has_topics = True

    def _prepare(self, random_bytes: Callable[[int], bytes]) -> None:  # noqa: ARG002
        self._root = _Node()

    def match(self, routing_key: str) -> Iterable[Destination]:
        alive: dict[_Node, None] = {}
        _enter(self._root, alive)
        for word in _words(routing_key):
            alive = _step(alive, word)
            if not alive:
                return ()
        bound = [node.destinations for node in alive if node.destinations]
        if len(bound) == 1:
            return bound[0]
        return dict.fromkeys(destination for destinations in bound for destination in destinations)

    def _added(self, binding: Binding) -> None:
        node = self._root
        for word in _words(binding.routing_key):
            node = node.grow(word)
        if node.destinations is None:
            node.destinations = Destinations()
        node.destinations.add(binding.destination)

    def _removed(self, binding: Binding) -> None:
        path: list[tuple[_Node, str]] = []
        node = self._root
        for word in _words(binding.routing_key):
            path.append((node, word))
            node = node.grow(word)
        assert node.destinations is not None
        node.destinations.remove(binding.destination)
        while path and node.is_empty:
            node, word = path.pop()
            node.prune(word)


def _words(key: str) -> list[str]:
    return key.split(".") if key else []


def _enter(node: _Node | None, alive: dict[_Node, None]) -> None:
    """Make a node alive, and what follows it through ``#`` taking no word."""
    while node is not None and node not in alive:
        alive[node] = None
        node = node.many


def _step(alive: dict[_Node, None], word: str) -> dict[_Node, None]:
    """The nodes alive after one more word of the key."""
    after: dict[_Node, None] = {}
    for node in alive:
        if node.is_many:
            _enter(node, after)
        if node.literals and (literal := node.literals.get(word)) is not None:
            _enter(literal, after)
        if node.one is not None:
            _enter(node.one, after)
    return after
