"""How kinds choose one of many: by a hash that is the same in every process and every run, or by chance."""

from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b
from typing import Generic, TypeVar

from broker.exchanges.base import Exchange
from broker.exchanges.binding import Binding, Destination
from broker.exchanges.view import View
from broker.field_values import Comparable

_MASK = (1 << 64) - 1

T = TypeVar("T")


def hash_of(value: bytes) -> int:
    """64 bits, evenly spread. 0.6 us; Python's own hash differs from process to process."""
    return int.from_bytes(blake2b(value, digest_size=8).digest())


def hash_of_value(value: Comparable) -> int:
    """The same for a value of a field table, by its ``field_values.comparable``."""
    return hash_of(repr(value).encode(errors="surrogateescape"))


class Dice:
    """Numbers by chance, from a seed of 8 bytes (splitmix64). They are no secret: some of them tell the next."""

    __slots__ = ("_state",)

    def __init__(self, random_bytes: Callable[[int], bytes]) -> None:
        self._state = int.from_bytes(random_bytes(8))

    def below(self, limit: int) -> int:
        """0 to ``limit`` - 1, evenly."""
        self._state = state = (self._state + 0x9E3779B97F4A7C15) & _MASK
        state = ((state ^ state >> 30) * 0xBF58476D1CE4E5B9) & _MASK
        state = ((state ^ state >> 27) * 0x94D049BB133111EB) & _MASK
        return (state ^ state >> 31) * limit >> 64


class Bag(Generic[T]):
    """A set of things by identity, one of which can be picked by its number. Adding and removing cost O(1)."""

    __slots__ = ("_items", "_places")

    def __init__(self) -> None:
        self._items: list[T] = []
        self._places: dict[T, int] = {}

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, number: int) -> T:
        return self._items[number]

    def add(self, item: T) -> None:
        self._places[item] = len(self._items)
        self._items.append(item)

    def remove(self, item: T) -> None:
        """Raises KeyError where it is not there."""
        place = self._places.pop(item)
        last = self._items.pop()
        if last is not item:
            self._items[place] = last
            self._places[last] = place


class ChanceExchange(Exchange):
    """Of a kind that gives each message to one of its bindings, whatever the key."""

    __slots__ = ("_bag", "_dice")

    def _prepare(self, random_bytes: Callable[[int], bytes]) -> None:
        self.sees_messages = True
        self._dice = Dice(random_bytes)
        self._bag: Bag[Binding] = Bag()

    def find(self, routing_keys: Sequence[str], message: View | None) -> Iterable[Destination]:  # noqa: ARG002
        return (self._bag[self._dice.below(len(self._bag))].destination,) if self._bag else ()

    def _added(self, binding: Binding) -> None:
        self._bag.add(binding)

    def _removed(self, binding: Binding) -> None:
        self._bag.remove(binding)
