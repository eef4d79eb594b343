"""`leveret hash-password`: a hash for definitions, without any broker."""

import os

import click

from broker.commands.options import HELP, asked_password, with_password


@click.command("hash-password", context_settings=HELP)
@with_password
def command(*, password: str | None, password_stdin: bool) -> None:
    """Print the hash of a password, with a new salt, as RabbitMQ's definitions hold it."""
    from broker.access.passwords import hash_of

    click.echo(hash_of(asked_password(password, stdin=password_stdin), os.urandom).text)
