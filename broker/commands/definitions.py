"""`leveret definitions`: all of a broker's definitions as a file, RabbitMQ's or Leveret's."""

import json
import sys
from pathlib import Path

import click

from broker.commands.errors import Unusable
from broker.commands.options import in_vhost, json_object, noun, targeted
from broker.commands.target import Target

command = noun("definitions", "Users, virtual hosts and all that is in them but messages, as RabbitMQ's JSON.")

_STANDARD = "-"


@command.command("export")
@targeted
@click.argument("name", metavar="FILE", default=_STANDARD)
def export_(target: Target, *, name: str) -> None:
    """Write definitions to FILE, or to standard output. The hashes of passwords are in it."""
    text = json.dumps(target.ask("export_definitions"), indent=2)
    if name == _STANDARD:
        click.echo(text)
        return
    path = Path(name)
    try:
        path.touch(0o600)
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise Unusable(f"cannot write {name}: {error.strerror}") from None


@command.command("import")
@targeted
@in_vhost
@click.argument("name", metavar="FILE", default=_STANDARD)
def import_(target: Target, *, vhost: str | None, name: str) -> None:
    """Read definitions from FILE, or from standard input, and put them in beside what there is."""
    try:
        text = sys.stdin.read() if name == _STANDARD else Path(name).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise Unusable(f"{name} is no UTF-8 text") from None
    except OSError as error:
        raise Unusable(f"cannot read {name}: {error.strerror}") from None
    for what in target.ask("import_definitions", definitions=json_object(text), vhost=vhost):
        click.echo(f"left out: {what}", err=True)
