"""Options that commands have in common, and the decorators that add them."""

import functools
import json
import os
import sys
from collections.abc import Callable
from typing import Any, TypeVar, cast

import click

from broker.commands.errors import Unusable
from broker.commands.layers import Layers
from broker.commands.target import Target

F = TypeVar("F", bound=Callable[..., Any])

HELP: dict[str, Any] = {"help_option_names": ["-h", "--help"], "max_content_width": 120}


def noun(name: str, help_: str) -> click.Group:
    """A group of commands about one thing, which by itself says what there are."""

    @click.group(name, help=help_, invoke_without_command=True, context_settings=HELP)
    @click.pass_context
    def group(context: click.Context) -> None:
        if context.invoked_subcommand is None:
            click.echo(context.get_help())

    return group


def targeted(command: F) -> F:
    """Give it ``--data-dir``, ``--socket`` and ``--config``, and a Target as its first argument."""

    @functools.wraps(command)
    def with_target(*, data_dir: str | None, socket: str | None, file: str | None, **rest: Any) -> Any:
        above = click.get_current_context().find_object(Layers)
        flags = dict(above.flags) if above is not None else {}
        if data_dir is not None:
            # What was said last counts.
            flags = {**flags, "data_dir": data_dir, "ephemeral": "false"}
        layers = Layers(file or (above.file if above is not None else None), flags)
        return command(Target(layers.read(), os.environ, socket or ""), **rest)

    for option in (
        click.option("--config", "file", metavar="FILE", help="TOML file with settings, as the broker's."),
        click.option("--socket", metavar="PATH", help="Control socket of a running broker, and no other way."),
        click.option("--data-dir", metavar="DIR", help="Data directory of the broker, whether it runs or not."),
    ):
        with_target = option(with_target)
    return cast("F", with_target)


def in_vhost(command: F) -> F:
    """Give it ``--vhost``; None is the configured one."""
    return click.option("--vhost", "-p", metavar="NAME", help="Virtual host; else the configured one.")(command)


def as_json(command: F) -> F:
    """Give it ``--json``."""
    return click.option("--json", "json_", is_flag=True, help="JSON instead of a table.")(command)


def with_password(command: F) -> F:
    """Give it a password as its argument ``password``: see ``asked_password``."""
    stdin = click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
    return click.argument("password", required=False)(stdin(command))


def asked_password(given: str | None, *, stdin: bool, twice: bool = True) -> str:
    """From the command line, where others see it in the list of processes, or from standard input, or asked for at a
    terminal. Raises Unusable.
    """
    if given is not None and not stdin:
        return given
    if given is not None:
        raise Unusable("a password is given as an argument, or by --password-stdin, not both")
    if not stdin and sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=twice, err=True))
    line = sys.stdin.readline()
    if not line:
        raise Unusable("no password was given")
    return line.removesuffix("\n").removesuffix("\r")


def comma_list(text: str | None) -> list[str] | None:
    """``a,b`` as RabbitMQ's commands take tags; None stays None."""
    return None if text is None else [part.strip() for part in text.split(",") if part.strip()]


def json_object(text: str) -> dict[str, Any]:
    """Raises Unusable."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unusable(f"JSON decoding error. Reason: {error}") from None
    if not isinstance(found, dict):
        raise Unusable("a JSON object is needed, as {}")
    return found
