"""`leveret status`: what the broker is, and how much there is in it."""

import json
from collections.abc import Mapping
from typing import Any

import click

from broker.commands.options import HELP, as_json, targeted
from broker.commands.output import show
from broker.commands.target import Target


@click.command("status", context_settings=HELP)
@targeted
@as_json
def command(target: Target, *, json_: bool) -> None:
    """Show versions, alarms, memory and disk in bytes, and totals."""
    status = target.ask("status")
    if json_:
        click.echo(json.dumps(status))
        return
    rows = [{"what": name, "is": value} for name, value in _flat(status).items()]
    show(rows, ("what", "is"), json_=False)


def _flat(status: Mapping[str, Any]) -> dict[str, Any]:
    """Of what has parts, each under both names."""
    flat: dict[str, Any] = {}
    for name, value in status.items():
        parts = value if isinstance(value, dict) else {"": value}
        flat |= {f"{name}.{part}".rstrip("."): each for part, each in parts.items()}
    return flat
