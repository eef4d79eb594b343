"""Inputs in files: a line each, in base64, and lines of words behind a ``#``."""

import base64
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOM = Path(__file__).parent
CORPUS = ROOM / "corpus"
FINDINGS = ROOM / "findings"


def read(path: Path) -> Iterator[bytes]:
    """The inputs of a file; none where there is no such file."""
    if path.exists():
        for line in path.read_text(encoding="ascii").splitlines():
            if line and not line.startswith("#"):
                yield base64.b64decode(line)


def write(path: Path, inputs: Iterable[bytes], words: str) -> None:
    """``words``, of one line or more, say what they are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"# {line}" for line in words.encode("ascii", "backslashreplace").decode().splitlines()]
    lines += [base64.b64encode(each).decode() for each in inputs]
    path.write_text("\n".join(lines) + "\n", encoding="ascii")


def evolved(target: str) -> list[bytes]:
    """What earlier runs found that reaches what nothing before reached."""
    return list(read(CORPUS / f"{target}.txt"))


def findings(target: str) -> dict[str, bytes]:
    """What once broke a target, by name."""
    found = {}
    for path in sorted((FINDINGS / target).glob("*.txt")):
        (found[path.stem],) = read(path)
    return found
