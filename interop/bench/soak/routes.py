"""Topologies for lanes, as data: bindings of two queues, and for each publish the queues it must reach."""

from typing import Any, NamedTuple


class Binding(NamedTuple):
    """Queue 0 or 1, the binding key and arguments."""

    queue: int
    key: str
    arguments: dict[str, Any]


class Route(NamedTuple):
    """A routing key and headers, and the queues (0, 1) that they reach; none: a mandatory publish comes back."""

    key: str
    headers: dict[str, Any]
    queues: tuple[int, ...]


class Topology(NamedTuple):
    """An exchange kind with bindings to two queues, and what may be published to it."""

    kind: str
    bindings: tuple[Binding, ...]
    routes: tuple[Route, ...]


TOPOLOGIES = (
    Topology(
        "direct",
        (Binding(0, "red", {}), Binding(1, "red", {}), Binding(1, "blue", {})),
        (Route("red", {}, (0, 1)), Route("blue", {}, (1,)), Route("green", {}, ())),
    ),
    Topology("fanout", (Binding(0, "", {}), Binding(1, "x", {})), (Route("", {}, (0, 1)), Route("any", {}, (0, 1)))),
    Topology(
        "topic",
        (Binding(0, "log.*", {}), Binding(1, "log.#", {}), Binding(1, "*.error", {})),
        (Route("log.info", {}, (0, 1)), Route("log", {}, (1,)), Route("app.error", {}, (1,)), Route("app", {}, ())),
    ),
    Topology(
        "headers",
        (
            Binding(0, "", {"x-match": "all", "colour": "red", "size": 1}),
            Binding(1, "", {"x-match": "any", "colour": "red", "size": 2}),
        ),
        (
            Route("", {"colour": "red", "size": 1}, (0, 1)),
            Route("", {"size": 2}, (1,)),
            Route("", {"colour": "blue"}, ()),
        ),
    ),
)
