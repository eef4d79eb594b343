"""What all exchanges have: properties, the set of bindings that start here, and the door to matching.

Which destinations a message goes to is the business of each kind; following them is routing.py's.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar

from broker.exchanges.binding import Binding, Destination
from broker.exchanges.deduplication import deduplication
from broker.exchanges.view import View

# Gives the exchange of a name, or None.
FindExchange = Callable[[str], "Exchange | None"]


def nobody_counts(size_bytes: int) -> None:
    """What is kept counts nowhere."""


class Exchange(ABC):
    """An exchange of one kind. ``alternate`` names the exchange that takes what no binding here takes, or is None."""

    __slots__ = (
        "alternate",
        "arguments",
        "auto_delete",
        "bindings",
        "deduplication",
        "durable",
        "hold",
        "internal",
        "name",
        "sees_messages",
    )

    kind: ClassVar[str]
    # Whether topic permissions count here.
    has_topics: ClassVar[bool] = False

    def __init__(
        self,
        name: str,
        *,
        durable: bool = False,
        auto_delete: bool = False,
        internal: bool = False,
        arguments: Mapping[str, Any] | None = None,
        random_bytes: Callable[[int], bytes] = bytes,
        hold: Callable[[int], None] = nobody_counts,
    ) -> None:
        """``random_bytes(n)`` is for kinds that choose by chance; without it the choices are the same in every run.
        ``hold`` is told by kinds that keep messages how many bytes more, or fewer, these are in memory.

        Raises SoftError 406 for arguments of deduplication that cannot be used.
        """
        self.name = name
        self.durable = durable
        self.hold = hold
        self.auto_delete = auto_delete
        self.internal = internal
        self.arguments: dict[str, Any] = dict(arguments or {})
        self.alternate: str | None = self.arguments.get("alternate-exchange")
        self.bindings: dict[object, Binding] = {}
        # Whether it must see each message: a route through it depends on more than the key then, and is not cached.
        self.sees_messages = False
        self._prepare(random_bytes)
        # Of what is published to it, whatever its kind.
        self.deduplication = deduplication(self.arguments)
        if self.deduplication is not None:
            self.sees_messages = True

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"

    @property
    def has_bindings(self) -> bool:
        """Whether any binding has this exchange as its source."""
        return bool(self.bindings)

    def bind(self, binding: Binding) -> bool:
        """Add a binding that ``validate`` let through; False where it was there already."""
        if binding.identity in self.bindings:
            return False
        self.bindings[binding.identity] = binding
        self._added(binding)
        return True

    def unbind(self, binding: Binding) -> bool:
        """Take the equal binding away; False where there was none."""
        known = self.bindings.pop(binding.identity, None)
        if known is None:
            return False
        self._removed(known)
        return True

    @classmethod  # noqa: B027 - most kinds take all
    def check_arguments(cls, arguments: Mapping[str, Any]) -> None:
        """Refuse with SoftError 406 arguments that a new exchange of this kind cannot have."""

    def validate(self, binding: Binding) -> None:  # noqa: B027 - most kinds take every binding
        """Refuse with SoftError 406 a binding whose key, arguments or destination this kind cannot use."""

    def has_had(self, message: View) -> bool:
        """Whether a message that was published here is a duplicate of an earlier one."""
        return self.deduplication is not None and message.fresh and self.deduplication.is_duplicate(message)

    @property
    def log_id(self) -> int:
        """Which log holds messages of its own; 0 for none."""
        return 0

    def bound(self, binding: Binding, find_exchange: FindExchange, turn: Any) -> None:  # noqa: B027
        """A binding was added just now, and not by a restart."""

    def begin(self, turn: Any) -> None:  # noqa: B027
        """The broker begins, and the exchange was restored."""

    def gone(self, turn: Any) -> None:  # noqa: B027
        """It was deleted."""

    @abstractmethod
    def find(self, routing_keys: Sequence[str], message: View | None) -> Iterable[Destination]:
        """The destinations of a message that has one key or more, in the order of their bindings where the kind has
        one.

        ``message`` may be None for a kind that does not see messages. What is returned is to be used up before a
        binding changes.
        """

    @abstractmethod
    def _prepare(self, random_bytes: Callable[[int], bytes]) -> None:
        """Make this kind's own index, still empty."""

    @abstractmethod
    def _added(self, binding: Binding) -> None: ...

    @abstractmethod
    def _removed(self, binding: Binding) -> None: ...


class KeyedExchange(Exchange):
    """Of a kind to which only keys matter, each for itself."""

    __slots__ = ()

    def find(self, routing_keys: Sequence[str], message: View | None) -> Iterable[Destination]:  # noqa: ARG002
        if len(routing_keys) == 1:
            return self.match(routing_keys[0])
        return dict.fromkeys(destination for key in routing_keys for destination in self.match(key))

    @abstractmethod
    def match(self, routing_key: str) -> Iterable[Destination]:
        """The destinations of a key, each once."""
