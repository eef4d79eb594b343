"""Verbs: what every file of verbs stands on: a node, and how to do something to it in a turn."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from broker.administration.refused import Refused, refusing
from broker.node import Node
from broker.queues import Queue
from broker.turn import Turn
from broker.vhost import VirtualHost

T = TypeVar("T")


class Run(Protocol):
    """Does a piece of work in a turn of its own and gives back what it returned, or raises what it raised."""

    def __call__(self, work: Callable[[Turn], T], /) -> T: ...


class Verbs:
    """``run`` is the way of the door that leads here: see ``Shell.ask``."""

    def __init__(self, node: Node, run: Run) -> None:
        self._node = node
        self._run = run

    def _do(self, work: Callable[[Turn], T]) -> T:
        with refusing():
            return self._run(work)

    def _vhost(self, name: str | None) -> VirtualHost[Queue]:
        name = self._node.config.vhost if name is None else name
        vhost = self._node.vhosts.get(name)
        if vhost is None:
            raise Refused(f"Virtual host '{name}' does not exist")
        return vhost
