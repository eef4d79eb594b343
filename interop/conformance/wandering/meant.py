"""Differences that are accepted already (accepted/), as they show in random conversations: by their entries' names.

Where two transcripts differ, each rule makes both alike in what its entry explains; those that had to are counted.
"""

import re
from collections import Counter
from dataclasses import dataclass

from interop.conformance.steps import Call, Conversation, Send

Lines = list[str]


@dataclass(frozen=True)
class Rule:
    """Lines matching ``pattern`` are not compared but for what ``rest`` leaves of them; with None they are left out.

    With ``theirs`` a line of Leveret's that matches may stand where RabbitMQ has one that matches ``theirs``.
    """

    name: str
    pattern: re.Pattern[str]
    rest: str | None = None
    theirs: re.Pattern[str] | None = None

    def alike(self, theirs: Lines, ours: Lines) -> tuple[Lines, Lines]:
        if self.theirs is None:
            return self._less(theirs), self._less(ours)
        if len(theirs) != len(ours):
            return theirs, ours
        pairs = zip(theirs, ours, strict=True)
        return [our if self.theirs.search(their) and self.pattern.search(our) else their for their, our in pairs], ours

    def _less(self, lines: Lines) -> Lines:
        if self.rest is None:
            return [line for line in lines if not self.pattern.search(line)]
        return [self.pattern.sub(self.rest, line) for line in lines]


_CLOSE = r"< connection\.close reply_code="
_OF_PUBLISH = " class_id=60 method_id=40$"
_RULES: tuple[Rule, ...] = (
    Rule(
        "methods and tables that nobody knows",
        re.compile(_CLOSE + r"503 .*unimplemented method' class_id=(?:50 method_id=99|99 method_id=1)$"),
    ),
    Rule(
        "bodies longer than they may be",
        re.compile(
            f"{_CLOSE}501 reply_text='FRAME_ERROR - content body frame exceeds remaining content size'{_OF_PUBLISH}"
        ),
        theirs=re.compile(
            f"{_CLOSE}505 reply_text='UNEXPECTED_FRAME - expected content body, got non content body frame instead'"
            + _OF_PUBLISH
        ),
    ),
)
_QUORUM = "who counts as a consumer of a quorum queue"


def rules(conversation: Conversation) -> list[Rule]:
    """Those that may explain differences in it."""
    quorum = {
        step.arguments.get("queue", "")
        for step in conversation.steps
        if isinstance(step, Send | Call)
        and step.method == "queue.declare"
        and step.arguments.get("arguments", {}).get("x-queue-type") == "quorum"
    }
    counts = [
        Rule(_QUORUM, re.compile(rf"({queue} has \d+ ready,|queue='{queue}' message_count=\d+) .*consumer.*"), r"\1")
        for queue in sorted(quorum)
    ]
    return [*_RULES, *counts]


def explained(conversation: Conversation, theirs: Lines, ours: Lines) -> list[str] | None:
    """The names of the entries that explain all in which both differ; None where they do not."""
    names = []
    for rule in rules(conversation):
        less_theirs, less_ours = rule.alike(theirs, ours)
        if _apart(less_theirs, less_ours) != _apart(theirs, ours):
            names.append(rule.name)
            theirs, ours = less_theirs, less_ours
    return sorted(set(names)) if theirs == ours else None


def _apart(theirs: Lines, ours: Lines) -> int:
    """How many lines are only in one of them."""
    return (Counter(theirs) - Counter(ours)).total() + (Counter(ours) - Counter(theirs)).total()
