"""`leveret vhost`: virtual hosts."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from broker.commands.options import as_json, comma_list, json_object, noun, targeted
from broker.commands.output import show
from broker.commands.target import Target

F = TypeVar("F", bound=Callable[..., Any])


command = noun("vhost", "Virtual hosts.")


def _with_metadata(function: F) -> F:
    for option in (
        click.option("--default-queue-type", metavar="TYPE", help="classic, quorum or stream; else the node's."),
        click.option("--tags", help="Tags, separated by commas."),
        click.option("--description", metavar="TEXT", help="What it is for."),
    ):
        function = option(function)
    return function


@command.command()
@targeted
@click.argument("name")
@_with_metadata
def add(
    target: Target, *, name: str, description: str | None, tags: str | None, default_queue_type: str | None
) -> None:
    """Add a virtual host, which nobody may enter yet: see `leveret permission set`."""
    target.ask(
        "add_vhost",
        name=name,
        description=description,
        tags=comma_list(tags),
        default_queue_type=default_queue_type,
    )


@command.command()
@targeted
@click.argument("name")
@_with_metadata
def update(
    target: Target, *, name: str, description: str | None, tags: str | None, default_queue_type: str | None
) -> None:
    """Set what is said of a virtual host; the rest stays."""
    target.ask(
        "update_vhost_metadata",
        name=name,
        description=description,
        tags=comma_list(tags),
        default_queue_type=default_queue_type,
    )


@command.command()
@targeted
@click.argument("name")
def delete(target: Target, *, name: str) -> None:
    """Delete a virtual host, with its queues and their messages."""
    target.ask("delete_vhost", name=name)


@command.command("list")
@targeted
@as_json
def list_(target: Target, *, json_: bool) -> None:
    """List virtual hosts."""
    columns = ("name", "description", "tags", "default_queue_type", "tracing")
    show(target.ask("list_vhosts"), columns, json_=json_)


@command.command()
@targeted
@click.argument("name")
@click.argument("limits")
def set_limits(target: Target, *, name: str, limits: str) -> None:
    """Set limits of a virtual host in place of its own: JSON, as '{"max-connections": 5, "max-queues": 50}'."""
    target.ask("set_vhost_limits", vhost=name, limits=json_object(limits))


@command.command()
@targeted
@click.argument("name")
def clear_limits(target: Target, *, name: str) -> None:
    """Clear the limits of a virtual host."""
    target.ask("clear_vhost_limits", vhost=name)


@command.command()
@targeted
@click.argument("name", required=False)
@as_json
def list_limits(target: Target, *, name: str | None, json_: bool) -> None:
    """List the limits of a virtual host, or of all that have any."""
    show(target.ask("list_vhost_limits", vhost=name), ("vhost", "limits"), json_=json_)
