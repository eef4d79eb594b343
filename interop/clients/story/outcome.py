"""What a client told: its lines read, its steps' ends, and the words its user was shown, with what is chance masked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from interop.clients.story.steps import STEPS

OK, FAILED, CANNOT, LEFT_OUT = "ok", "failed", "cannot", "left out"
_ENDS = (OK, FAILED, CANNOT)

_CHANCE = (
    (re.compile(r"(127\.0\.0\.1|\[::1\]|localhost)((?:'|\")?[:,] ?)\d+"), r"\1\2PORT"),
    (re.compile(r"\bamq\.(gen|ctag)-[\w-]+"), r"amq.\1-NAME"),
    (re.compile(r"\b0x[0-9a-f]{6,}\b"), "ADDRESS"),
    (re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "UUID"),
)


class BadLine(Exception):
    """A line that no story may say; carries it."""


@dataclass
class Told:
    """A story as one client told it to one broker. ``end`` is empty where the program came to its end."""

    ends: dict[str, tuple[str, str]] = field(default_factory=dict)
    words: dict[str, list[str]] = field(default_factory=dict)
    end: str = ""
    seconds: float = 0.0

    def hear(self, line: str) -> str:
        """Take a line in; gives its first word. Raises BadLine."""
        kind, _, rest = line.strip().partition(" ")
        if kind == "restart":
            return kind
        step, _, words = rest.partition(" ")
        if step not in STEPS or step in self.ends or kind not in (*_ENDS, "saw"):
            raise BadLine(line.strip())
        if kind == "saw":
            self.words.setdefault(step, []).append(masked(words))
        else:
            self.ends[step] = (kind, masked(words))
        return kind

    def count(self, kind: str) -> int:
        return sum(1 for step in STEPS if self.kind(step) == kind)

    def kind(self, step: str) -> str:
        """How the step ended: OK, FAILED, CANNOT or LEFT_OUT."""
        return self.ends.get(step, (LEFT_OUT, ""))[0]


def masked(words: str) -> str:
    """Without ports, addresses in memory and generated names."""
    for pattern, mask in _CHANCE:
        words = pattern.sub(mask, words)
    return words


def complaints(ours: Told, its: Told | None) -> Mapping[str, str]:
    """By step, what may not be: ``its`` is RabbitMQ's, without which every step has to hold (or be impossible)."""
    found = {}
    for step in STEPS:
        if words := _complaint(step, ours, its):
            found[step] = words
    for whose, told in (("Leveret", ours), ("RabbitMQ", its)):
        if told is not None and told.end:
            found[f"end on {whose}"] = told.end
    return found


def differing(ours: Told, its: Told) -> int:
    """In how many steps the user was shown other words."""
    return sum(1 for step in STEPS if ours.words.get(step) != its.words.get(step))


def _complaint(step: str, ours: Told, its: Told | None) -> str:
    kind, words = ours.ends.get(step, (LEFT_OUT, ""))
    if kind == LEFT_OUT:
        return LEFT_OUT
    if its is None:
        return f"{FAILED}: {words}" if kind == FAILED else ""
    its_kind, its_words = its.ends.get(step, (LEFT_OUT, ""))
    if kind == FAILED and its_kind != FAILED:
        return f"{FAILED}: {words}"
    if CANNOT in (kind, its_kind) and (kind, words) != (its_kind, its_words):
        return f"{kind} ({words}), but {its_kind} ({its_words}) on RabbitMQ"
    if ours.words.get(step) != its.words.get(step):
        return f"showed {ours.words.get(step, [])}, but {its.words.get(step, [])} on RabbitMQ"
    return ""
