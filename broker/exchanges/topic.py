"""Topic: the key's words against patterns, in a trie of words.

Words are split at ``.``; the empty key has no word at all. ``*`` takes exactly one word (which may be empty), ``#`` any
number of them, and both only as whole words: ``a.*b`` is a literal. Source: RabbitMQ, "Tutorial 5: topics", and its
topic trie.
"""

from collections.abc import Callable, Iterable, Iterator

from broker.exchanges.base import KeyedExchange
from broker.exchanges.binding import Binding, Destination, Destinations
from broker.exchanges.topic_automaton import MANY as _MANY
from broker.exchanges.topic_automaton import ONE as _ONE
from broker.exchanges.topic_automaton import Automaton

# A node takes some 0.15 µs a word, the automaton 1 to 5 µs a word for all.
_ALIVE_MAX = 64


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

    def children(self) -> Iterator[tuple[str, "_Node"]]:
        yield from self.literals.items()
        if self.one is not None:
            yield _ONE, self.one
        if self.many is not None:
            yield _MANY, self.many

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
    Where patterns are such that very many stay alive, an automaton takes over.
    """

    __slots__ = ("_automaton", "_root")

    kind = "topic"
    has_topics = True

    def _prepare(self, random_bytes: Callable[[int], bytes]) -> None:  # noqa: ARG002
        self._root = _Node()
        # Made when it is needed first, and kept up from then on.
        self._automaton: Automaton[_Node] | None = None

    def match(self, routing_key: str) -> Iterable[Destination]:
        alive: dict[_Node, None] = {}
        _enter(self._root, alive)
        words = _words(routing_key)
        for word in words:
            alive = _step(alive, word)
            if not alive:
                return ()
            if len(alive) > _ALIVE_MAX:
                alive = dict.fromkeys(self._all_at_once().match(words))
                break
        bound = [node.destinations for node in alive if node.destinations]
        if len(bound) == 1:
            return bound[0]
        return dict.fromkeys(destination for destinations in bound for destination in destinations)

    def _all_at_once(self) -> Automaton[_Node]:
        if self._automaton is None:
            self._automaton = Automaton()
            for node, pattern in _patterns(self._root):
                self._automaton.add(node, pattern)
        return self._automaton

    def _added(self, binding: Binding) -> None:
        node = self._root
        for word in _words(binding.routing_key):
            node = node.grow(word)
        if node.destinations is None:
            node.destinations = Destinations()
        if self._automaton is not None and not node.destinations:
            self._automaton.add(node, _words(binding.routing_key))
        node.destinations.add(binding.destination)

    def _removed(self, binding: Binding) -> None:
        path: list[tuple[_Node, str]] = []
        node = self._root
        for word in _words(binding.routing_key):
            path.append((node, word))
            node = node.grow(word)
        assert node.destinations is not None
        node.destinations.remove(binding.destination)
        if self._automaton is not None and not node.destinations:
            self._automaton.remove(node)
        while path and node.is_empty:
            node, word = path.pop()
            node.prune(word)


def _patterns(root: _Node) -> Iterator[tuple[_Node, list[str]]]:
    """All nodes that somebody is bound to, and the words that lead there."""
    waiting: list[tuple[_Node, list[str]]] = [(root, [])]
    while waiting:
        node, words = waiting.pop()
        if node.destinations:
            yield node, words
        waiting += [(child, [*words, word]) for word, child in node.children()]


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
