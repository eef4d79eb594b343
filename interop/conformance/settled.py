"""Waits until a broker has nothing more to say.

Queues and channels are processes of their own in RabbitMQ, and answer for a queue's counts before they have done what
was asked before. So: round trips on every channel, and counts, until they stay the same.
"""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from interop.conformance import wire
from interop.conformance.peer import CLOSED, SILENT, Event, Peer
from interop.conformance.promised import in_promised_order

if TYPE_CHECKING:
    from interop.conformance.stage import Stage

# So many do not happen unless messages go round for ever.
_MOST_ROUNDS = 300


class Observer:
    """Asks for the counts of queues, from a connection apart, each on a channel of its own."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self._open: set[int] = set()

    def counts(self, queues: Sequence[str]) -> list[str]:
        self._ask([("queue.declare", {"queue": queue, "passive": True}) for queue in queues])
        said = {}
        for channel, event in self._answers(len(queues)).items():
            if event.name == "queue.declare-ok":
                ready, consumers = event.arguments["message_count"], event.arguments["consumer_count"]
                said[channel] = f"has {ready} ready, {consumers} consumers"
            else:
                said[channel] = "is not there" if event.arguments.get("reply_code") == 404 else "is locked"
        return [said.get(channel, "is unknown") for channel in range(1, len(queues) + 1)]

    def delete(self, doomed: Sequence[tuple[str, str]]) -> None:
        """Queues and exchanges by kind and name, if they are there."""
        self._ask([(f"{kind}.delete", {kind: name}) for kind, name in doomed])
        self._answers(len(doomed))

    def _answers(self, count: int) -> dict[int, Event]:
        """By channel. Fewer than ``count`` where the connection ended."""
        answers: dict[int, Event] = {}
        while len(answers) < count:
            event = self.peer.next_event()
            if event.name in (CLOSED, SILENT, "connection.close"):
                break
            if event.name == "channel.close":
                self.peer.method("channel.close-ok", event.channel)
                self._open.discard(event.channel)
            if event.name != "channel.open-ok":
                answers[event.channel] = event
        return answers

    def _ask(self, methods: Sequence[tuple[str, dict[str, Any]]]) -> None:
        """Each on a channel of its own, all at once."""
        data = []
        for channel, (method, arguments) in enumerate(methods, 1):
            if channel not in self._open:
                data.append(wire.frame(wire.METHOD, channel, wire.encode_method("channel.open", {})))
            data.append(wire.frame(wire.METHOD, channel, wire.encode_method(method, arguments)))
        self._open |= set(range(1, len(methods) + 1))
        self.peer.send(b"".join(data))


def settle(stage: "Stage", queues: Sequence[str]) -> None:
    """Until the counts were the same ``settle_rounds`` times and nothing came in between. OSError: they never are."""
    seen: list[tuple[int, list[str]]] = []
    rounds = stage.settle_rounds
    while len(seen) < rounds or any(one != seen[-1] for one in seen[-rounds:]):
        if len(seen) == _MOST_ROUNDS:
            raise OSError("what is settled is never settled")
        if seen:
            time.sleep(stage.settle_s)
        for c in sorted({c for c, _ in stage.open}):
            stage.round_trip(c)
        counts = stage.observer().counts(queues) if queues else []
        seen.append((len(stage.lines), counts))
    stage.lines[stage.settled :] = in_promised_order(stage.lines[stage.settled :], stage.confirmed)
    stage.lines += [f"{stage.normaliser(name)} {said}" for name, said in zip(queues, seen[-1][1], strict=True)]
    stage.settled = len(stage.lines)
