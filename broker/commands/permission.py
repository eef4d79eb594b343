"""`leveret permission`: what users may do."""

import click

from broker.commands.options import as_json, in_vhost, noun, targeted
from broker.commands.output import show
from broker.commands.target import Target

command = noun(
    "permission",
    "Permissions: regular expressions, searched for in the names of queues and exchanges; '' allows nothing.",
)


@command.command("set")
@targeted
@in_vhost
@click.argument("user")
@click.argument("configure")
@click.argument("write")
@click.argument("read")
def set_(target: Target, *, vhost: str | None, user: str, configure: str, write: str, read: str) -> None:
    """Say what a user may declare and delete, write to and read from in a virtual host."""
    target.ask("set_permissions", user=user, configure=configure, write=write, read=read, vhost=vhost)


@command.command()
@targeted
@in_vhost
@click.argument("user")
def clear(target: Target, *, vhost: str | None, user: str) -> None:
    """Keep a user out of a virtual host."""
    target.ask("clear_permissions", user=user, vhost=vhost)


@command.command("list")
@targeted
@in_vhost
@click.option("--user", metavar="NAME", help="Of this user, in all virtual hosts.")
@as_json
def list_(target: Target, *, vhost: str | None, user: str | None, json_: bool) -> None:
    """List who may do what in a virtual host, or what a user may do."""
    if user is None:
        show(target.ask("list_permissions", vhost=vhost), ("user", "configure", "write", "read"), json_=json_)
    else:
        rows = target.ask("list_user_permissions", user=user)
        show(rows, ("vhost", "configure", "write", "read"), json_=json_)


@command.command()
@targeted
@in_vhost
@click.argument("user")
@click.argument("exchange")
@click.argument("write")
@click.argument("read")
def set_topic(target: Target, *, vhost: str | None, user: str, exchange: str, write: str, read: str) -> None:
    """Say with which routing keys a user may publish to a topic exchange, and by which it may bind."""
    target.ask("set_topic_permissions", user=user, exchange=exchange, write=write, read=read, vhost=vhost)


@command.command()
@targeted
@in_vhost
@click.argument("user")
@click.argument("exchange", required=False)
def clear_topic(target: Target, *, vhost: str | None, user: str, exchange: str | None) -> None:
    """Let a user use all keys of an exchange again, or of all of them."""
    target.ask("clear_topic_permissions", user=user, exchange=exchange, vhost=vhost)


@command.command()
@targeted
@in_vhost
@click.option("--user", metavar="NAME", help="Of this user, in all virtual hosts.")
@as_json
def list_topic(target: Target, *, vhost: str | None, user: str | None, json_: bool) -> None:
    """List what is said of keys in a virtual host, or of a user's."""
    if user is None:
        rows = target.ask("list_topic_permissions", vhost=vhost)
        show(rows, ("user", "exchange", "write", "read"), json_=json_)
    else:
        rows = target.ask("list_user_topic_permissions", user=user)
        show(rows, ("vhost", "exchange", "write", "read"), json_=json_)
