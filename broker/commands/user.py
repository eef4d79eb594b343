"""`leveret user`: who there is, with which password and tags."""

import click

from broker.commands.options import as_json, asked_password, comma_list, json_object, noun, targeted, with_password
from broker.commands.output import show
from broker.commands.target import Target

command = noun("user", "Users. What is changed holds for logins to come, and outlives a restart.")


@command.command()
@targeted
@click.argument("name")
@with_password
@click.option("--tags", help="Tags, separated by commas: administrator, monitoring, impersonator…")
@click.option("--password-hash", metavar="HASH", help="Hash instead of a password, as definitions hold it.")
@click.option("--hashing-algorithm", metavar="NAME", help="Of that hash; else rabbit_password_hashing_sha256.")
@click.option("--no-password", is_flag=True, help="No password logs this user in.")
def add(
    target: Target,
    *,
    name: str,
    password: str | None,
    password_stdin: bool,
    tags: str | None,
    password_hash: str | None,
    hashing_algorithm: str | None,
    no_password: bool,
) -> None:
    """Add a user, who may do nothing yet: see `leveret permission set`."""
    secret = None
    if password_hash is None and not no_password:
        secret = asked_password(password, stdin=password_stdin)
    target.ask(
        "add_user",
        name=name,
        password=secret,
        password_hash=password_hash,
        hashing_algorithm=hashing_algorithm,
        tags=comma_list(tags),
    )


@command.command()
@targeted
@click.argument("name")
def delete(target: Target, *, name: str) -> None:
    """Delete a user, and close its connections."""
    target.ask("delete_user", name=name)


@command.command("list")
@targeted
@as_json
def list_(target: Target, *, json_: bool) -> None:
    """List users and their tags."""
    show(target.ask("list_users"), ("user", "tags"), json_=json_)


@command.command()
@targeted
@click.argument("name")
@with_password
def change_password(target: Target, *, name: str, password: str | None, password_stdin: bool) -> None:
    """Give a user another password."""
    target.ask("change_password", name=name, password=asked_password(password, stdin=password_stdin))


@command.command()
@targeted
@click.argument("name")
def clear_password(target: Target, *, name: str) -> None:
    """Let no password log a user in any more."""
    target.ask("clear_password", name=name)


@command.command()
@targeted
@click.argument("name")
@with_password
def authenticate(target: Target, *, name: str, password: str | None, password_stdin: bool) -> None:
    """See whether a password is a user's."""
    target.ask("authenticate_user", name=name, password=asked_password(password, stdin=password_stdin, twice=False))


@command.command()
@targeted
@click.argument("name")
@click.argument("tags", nargs=-1)
def set_tags(target: Target, *, name: str, tags: tuple[str, ...]) -> None:
    """Give a user these tags in place of its own; none takes them away."""
    target.ask("set_user_tags", name=name, tags=[tag for text in tags for tag in comma_list(text) or ()])


@command.command()
@targeted
@click.argument("name")
@click.argument("limits")
def set_limits(target: Target, *, name: str, limits: str) -> None:
    """Set limits of a user: JSON, as '{"max-connections": 5, "max-channels": 50}'; -1 is none."""
    target.ask("set_user_limits", user=name, limits=json_object(limits))


@command.command()
@targeted
@click.argument("name")
@click.argument("limit", default="all")
def clear_limits(target: Target, *, name: str, limit: str) -> None:
    """Clear one limit of a user, or all."""
    target.ask("clear_user_limits", user=name, limit=limit)


@command.command()
@targeted
@click.argument("name", required=False)
@as_json
def list_limits(target: Target, *, name: str | None, json_: bool) -> None:
    """List the limits of a user, or of all that have any."""
    show(target.ask("list_user_limits", user=name), ("user", "limits"), json_=json_)
