"""Holds a conversation with RabbitMQ and with Leveret, and says whether they differ.

RabbitMQ's processes need time to agree on a queue's state: some tenths of a second where a quorum queue's log has to be
synced on a busy disk. So the first try is quick, and what differs in it is held again with more and more time, until
RabbitMQ said the same twice: that is what Leveret differs from. Where it never does, RabbitMQ is called unsteady.
"""

import binascii
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import count

from interop.conformance import judge
from interop.conformance.stage import Stage
from interop.conformance.steps import Conversation
from interop.conformance.wandering.meant import explained
from interop.conformance.wandering.names import STREAM
from interop.conformance.wandering.spoken import spoken

_QUICK_S = 0.001
_AMPLE_S = (0.02, 0.05, 0.1, 0.2)
# For what is shrunk, as one differs for sure.
_SHORT_S = (0.003, 0.01)
_PATIENCE_S = 8.0
# RabbitMQ counts a stream's messages every five seconds.
_STREAM_COUNT = re.compile(rf"(?<=queue='{STREAM}' )message_count=\d+ ")


class Differs(AssertionError):
    """Bears the diff."""


@dataclass
class Tally:
    compared: int = 0
    agreeing: int = 0
    # By the names of the accepted differences.
    accepted: Counter[str] = field(default_factory=Counter)
    # Names and RabbitMQ's disagreement with itself.
    unsteady: list[str] = field(default_factory=list)
    # Checksums of the conversations that do not differ.
    held: set[int] = field(default_factory=set)


class Both:
    """The two brokers, by the URLs of virtual hosts used by nobody else."""

    def __init__(self, rabbitmq: str, leveret: str) -> None:
        self._rabbitmq, self._leveret = rabbitmq, leveret
        self._held = count()
        self.tally = Tally()
        self._patience: tuple[float, ...] = _AMPLE_S

    def compare(self, conversation: Conversation) -> None:
        """Raises Differs. What agreed once is not held again."""
        checksum = binascii.crc32(spoken(conversation, "").encode())
        if checksum in self.tally.held:
            return
        self.tally.compared += 1
        try:
            self._compare(conversation)
        except Differs:
            self._patience = _SHORT_S
            raise
        self.tally.held.add(checksum)

    def _compare(self, conversation: Conversation) -> None:
        theirs, ours = (self._hold(conversation, url, _QUICK_S) for url in (self._rabbitmq, self._leveret))
        if self._agree(conversation, theirs, ours):
            return
        ours = self._hold(conversation, self._leveret, self._patience[0])
        rounds: list[list[str]] = []
        for settle_s in self._patience:
            rounds.append(self._hold(conversation, self._rabbitmq, settle_s))
            if self._agree(conversation, rounds[-1], ours):
                return
            if rounds[-1] in rounds[:-1]:
                raise Differs("\n" + judge.difference(rounds[-1], ours))
        self.tally.unsteady.append(judge.difference(rounds[-2], rounds[-1]))

    def _agree(self, conversation: Conversation, theirs: list[str], ours: list[str]) -> bool:
        names = explained(conversation, theirs, ours)
        if names is None:
            return False
        self.tally.accepted.update(names)
        self.tally.agreeing += not names
        return True

    def _hold(self, conversation: Conversation, url: str, settle_s: float) -> list[str]:
        """Under names of its own each time, so that nothing left over can matter."""
        conversation = replace(conversation, name=f"{conversation.name}-{next(self._held)}")
        stage = Stage(conversation, url, _PATIENCE_S, None)
        stage.settle_s = settle_s
        stage.settle_rounds = 2 if settle_s == _QUICK_S else 4
        try:
            stage.play()
        except OSError as problem:
            stage.lines.append(f"could not be held: {problem!r}")
        finally:
            stage.leave()
            stage.sweep()
        return [_STREAM_COUNT.sub("", line) for line in stage.lines]
