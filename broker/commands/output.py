"""What commands print: tables for people, JSON for programs."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import click


def show(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], *, json_: bool) -> None:
    """One line a row, under the names of the columns; as JSON all there is of each row."""
    if json_:
        click.echo(json.dumps(rows))
        return
    table = [columns, *([_cell(row.get(column)) for column in columns] for row in rows)]
    widths = [max(len(line[i]) for line in table) for i in range(len(columns))]
    for line in table:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return ",".join(map(_cell, value))
    text = value if isinstance(value, str) else json.dumps(value)
    # Clients may call queues whatever they like, and a terminal would obey.
    return text if text.isprintable() else text.encode("unicode_escape", "surrogateescape").decode()
