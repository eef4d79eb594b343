"""Holds many conversations with one broker, and says where a transcript leaves the record."""

import difflib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatch

from interop.conformance.accepted import ACCEPTED, Case
from interop.conformance.operators import Operator
from interop.conformance.stage import hold
from interop.conformance.steps import Conversation

# Some conversations wait for seconds by nature (a missed heartbeat, a refused login): side by side they cost little.
_AT_ONCE = 8


def hold_all(
    conversations: Iterable[Conversation], url: str, patience_s: float = 10.0, operator: Operator | None = None
) -> dict[str, list[str]]:
    """Transcripts by name. A conversation that could not be held at all has one line, saying why.

    Without an ``operator`` none may be among them that needs one.
    """

    def one(conversation: Conversation) -> tuple[str, list[str]]:
        try:
            return conversation.name, hold(conversation, url, patience_s, operator)
        except (OSError, KeyError) as problem:
            return conversation.name, [f"could not be held: {problem!r}"]

    together, alone = [], []
    for conversation in conversations:
        (alone if conversation.alone else together).append(conversation)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        held = dict(pool.map(one, together))
    return held | dict(map(one, alone))


def expected(name: str, record: list[str], used: set[Case]) -> list[str]:
    """The record with the accepted differences put in; those that took part are added to ``used``."""
    cases = [case for accepted in ACCEPTED for case in accepted.cases if fnmatch(name, case.conversation)]
    lines = []
    for line in record:
        fitting = [case for case in cases if line == case.record]
        used.update(fitting)
        lines.extend(fitting[0].ours if fitting else [line])
    return lines


def difference(record: list[str], ours: list[str]) -> str:
    """A readable diff (- RabbitMQ, + this broker), empty where both agree."""
    return "\n".join(list(difflib.unified_diff(record, ours, "RabbitMQ", "this broker", lineterm="", n=3))[2:])
