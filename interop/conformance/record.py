"""RabbitMQ's own replies as fixtures: fixtures/rabbitmq-X.Y/THEME.json, a line an event; and what versions differ in.

The newest version recorded is the judge.
"""

import json
import re
from difflib import SequenceMatcher
from pathlib import Path

from interop.conformance.conversations import ALL

Transcripts = dict[str, list[str]]
_Change = tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]
FIXTURES = Path(__file__).parent / "fixtures"
DIFFERENCES = Path(__file__).parent / "VERSIONS.md"


def versions() -> list[str]:
    """The recorded versions ("4.0"), oldest first."""
    found = [path.name.removeprefix("rabbitmq-") for path in FIXTURES.glob("rabbitmq-*")]
    return sorted(found, key=parts)


def parts(version: str) -> list[int]:
    """What versions are compared by: "3.10.8" is [3, 10, 8], "" is older than all."""
    return [int(part) for part in version.split(".") if part]


def load(version: str = "") -> Transcripts:
    """Transcripts by conversation; those of the newest version unless one is named."""
    transcripts: Transcripts = {}
    for path in sorted((FIXTURES / f"rabbitmq-{version or versions()[-1]}").glob("*.json")):
        transcripts |= json.loads(path.read_text())["conversations"]
    return transcripts


def save(full_version: str, transcripts: Transcripts) -> Path:
    """Write what was recorded with that version; what was not held anew stays, records of no conversation go."""
    version = ".".join(full_version.split(".")[:2])
    folder = FIXTURES / f"rabbitmq-{version}"
    folder.mkdir(parents=True, exist_ok=True)
    all_records = load(version) | transcripts
    themes: dict[str, Transcripts] = {}
    for conversation in ALL:
        if conversation.name in all_records and parts(version) >= parts(conversation.since):
            themes.setdefault(conversation.theme, {})[conversation.name] = all_records[conversation.name]
    for path in folder.glob("*.json"):
        path.unlink()
    for theme, records in themes.items():
        record = {"broker": f"RabbitMQ {full_version}", "conversations": records}
        (folder / f"{theme}.json").write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    return folder


def differences(older: str, newer: str) -> list[tuple[str, str, str]]:
    """(conversation, the first line that differs in ``older``, the same in ``newer``)."""
    before, after = load(older), load(newer)
    rows = []
    for name in sorted(before.keys() & after.keys()):
        for one, other in zip([*before[name], "(no more)"], [*after[name], "(no more)"], strict=False):
            if one != other:
                rows.append((name, one, other))
                break
    return rows


def write_differences() -> None:
    """VERSIONS.md: the conversations in which an older recorded RabbitMQ said something else than the newest."""
    *older, newest = versions()
    text = f"# Where older RabbitMQs differ from {newest}\n\n"
    text += (
        "Written by `python -m interop.conformance record`; the first line that differs. Where the same words differ\n"
    )
    text += "so in many conversations, the first of them is shown.\n"
    for version in older:
        text += f"\n## {version}\n\n| conversation | {version} | {newest} |\n|---|---|---|\n"
        alike: dict[_Change, list[tuple[str, str, str]]] = {}
        for row in differences(version, newest):
            alike.setdefault(_change(*row[1:]), []).append(row)
        for (name, one, other), *more in alike.values():
            start = max(_common(one, other) - 150, 0)
            others = f" and {len(more)} more" if more else ""
            text += f"| {name}{others} | {_cell(one, start)} | {_cell(other, start)} |\n"
    DIFFERENCES.write_text(text)


def _change(one: str, other: str) -> _Change:
    """The words of both that are not the other's."""
    before, after = one.split(), other.split()
    steps = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    return tuple((tuple(before[a:b]), tuple(after[c:d])) for what, a, b, c, d in steps if what != "equal")


def _common(one: str, other: str) -> int:
    """How many characters both begin with."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), 0)


def _cell(line: str, start: int) -> str:
    shown = ("... " if start else "") + line[start : start + 300] + (" ..." if len(line) > start + 300 else "")
    return "`" + re.sub(r"[`|]", lambda match: {"`": "'", "|": "\\|"}[match[0]], shown) + "`"
