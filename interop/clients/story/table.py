"""The table of results: a row a client; written into the README between two marks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from interop.clients.story.entry import Client
from interop.clients.story.outcome import CANNOT, OK, Told, differing
from interop.clients.story.steps import STEPS

BEGIN = "<!-- written by python -m interop.clients --write -->"
END = "<!-- end of what python -m interop.clients wrote -->"


class NoPlace(Exception):
    """The page has not both marks, in their order."""


@dataclass(frozen=True)
class Result:
    client: Client
    version: str
    ours: Told
    its: Told | None


def table(results: Sequence[Result], rabbitmq: str | None) -> str:
    """In Markdown. ``rabbitmq`` is the version of the other broker, None where none was asked."""
    beside = f"on RabbitMQ {rabbitmq}" if rabbitmq else "on RabbitMQ"
    head = (
        "client",
        "language",
        f"of {len(STEPS)} steps, on Leveret",
        beside,
        "has no such thing",
        "other words",
        "after a restart",
    )
    rows = [head, tuple("---" for _ in head), *(_row(one) for one in results)]
    return "\n".join(f"| {' | '.join(row)} |" if row[0] != "---" else f"|{'|'.join(row)}|" for row in rows)


def _row(result: Result) -> tuple[str, ...]:
    ours, its = result.ours, result.its
    return (
        f"{result.client.title} {result.version}",
        result.client.language,
        str(ours.count(OK)),
        str(its.count(OK)) if its else "–",
        str(ours.count(CANNOT)),
        str(differing(ours, its)) if its else "–",
        result.client.note,
    )


def write_into(page: Path, text: str) -> None:
    """Put the table where the last one was. Raises NoPlace."""
    before, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise NoPlace(f"{page.name} lacks {BEGIN} or {END}")
    page.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")
