"""What all exchanges have: properties, the set of bindings that start here, and the door to matching.

Which destinations a message goes to is the business of each kind; following them is routing.py's.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

from broker.exchanges.binding import Binding, Destination

Headers = Callable[[], Mapping[str, object] | None]


class Exchange(ABC):
    """An exchange of one kind. ``alternate`` names the exchange that takes what no binding here takes, or is None."""

    __slots__ = ("alternate", "arguments", "auto_delete", "bindings", "durable", "internal", "name")

    kind: ClassVar[str]
    # Whether `match` asks for headers: a route through such an exchange depends on more than the key and is not cached.
    reads_headers: ClassVar[bool] = False

    def __init__(
        self,
        name: str,
        *,
        durable: bool = False,
        auto_delete: bool = False,
        internal: bool = False,
        arguments: Mapping[str, Any] | None = None,
    ) -> None:
        self.name = name
        self.durable = durable
        self.auto_delete = auto_delete
        self.internal = internal
        self.arguments: dict[str, Any] = dict(arguments or {})
        self.alternate: str | None = self.arguments.get("alternate-exchange")
        self.bindings: dict[object, Binding] = {}
        self._prepare()

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

    def validate(self, binding: Binding) -> None:  # noqa: B027 - most kinds take every binding
        """Refuse with SoftError 406 a binding whose key or arguments this kind cannot use."""

    @abstractmethod
    def match(self, routing_key: str, headers: Headers) -> Iterable[Destination]:
        """The destinations of a message, each once, in the order of their bindings where the kind has one.

        ``headers`` gives the message's headers (None where it has none); only kinds that read headers call it. What is
        returned is to be used up before a binding changes.
        """

    @abstractmethod
    def _prepare(self) -> None:
        """Make this kind's own index, still empty."""

    @abstractmethod
    def _added(self, binding: Binding) -> None: ...

    @abstractmethod
    def _removed(self, binding: Binding) -> None: ...
