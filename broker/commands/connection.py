"""`leveret connection`: who is there, and sending them away."""

import click

from broker.commands.options import as_json, noun, targeted
from broker.commands.output import show
from broker.commands.target import Target

command = noun("connection", "Connections of a running broker.")


@command.command("list")
@targeted
@as_json
def list_(target: Target, *, json_: bool) -> None:
    """List open connections."""
    columns = ("pid", "user", "vhost", "peer", "ssl", "channels", "name")
    show(target.ask("list_connections"), columns, json_=json_)


@command.command()
@targeted
@click.argument("pid")
@click.argument("reason", default="closed by an administrator")
def close(target: Target, *, pid: str, reason: str) -> None:
    """Close the connection of that pid, or name; the client is told the reason (320)."""
    target.ask("close_connection", pid=pid, reason=reason)


@command.command()
@targeted
@click.option("--vhost", "-p", metavar="NAME", help="Only those of this virtual host.")
@click.option("--user", metavar="NAME", help="Only those of this user.")
@click.argument("reason", default="closed by an administrator")
def close_all(target: Target, *, vhost: str | None, user: str | None, reason: str) -> None:
    """Close connections, all there are if nothing more is said."""
    closed = target.ask("close_all_connections", reason=reason, vhost=vhost, user=user)
    click.echo(f"Closed {closed} connections")
