"""The command: reads flags, environment and file, starts the shell, and turns what fails into one line and a status.
An administrator's commands are in broker/commands/.

What a setting is called and what it allows is not here but in broker/config.py. The shell is imported only when there
is something to serve, so that --help and a mistyped flag are answered at once.
"""

import logging
import signal
import sys
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from typing import Any

import click

from broker import __version__
from broker.commands import COMMANDS
from broker.commands.layers import FILE_VARIABLE, Layers
from broker.config import SETTINGS, Config, ConfigError, Setting

_PROGRAM = "leveret"
_EXIT_NOT_DONE = 1
_EXIT_REFUSED = 2

_METAVARS: Mapping[type, str] = {int: "N", float: "NUMBER", str: "TEXT", tuple: "ADDRESS", bool: ""}


class _Command(click.Group):
    """A command whose help lists the options under the groups of the table, with defaults and variables.

    What it has of further commands is imported when it is run.
    """

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for group in dict.fromkeys(setting.group for setting in SETTINGS):
            rows = [_help_row(setting) for setting in SETTINGS if setting.group == group]
            with formatter.section(group):
                formatter.write_dl(rows)
        names = {setting.name for setting in SETTINGS}
        rest = [p.get_help_record(ctx) for p in self.get_params(ctx) if p.name not in names]
        with formatter.section("Other"):
            formatter.write_dl([row for row in rest if row])
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"broker.commands.{cmd_name.replace('-', '_')}")
        command = module.command
        assert isinstance(command, click.Command)
        return command


def _help_row(setting: Setting) -> tuple[str, str]:
    variables = " or ".join(filter(None, (setting.variable, setting.rabbitmq_variable)))
    metavar = "|".join(setting.choices) or ("NAME" if "names of" in setting.items else _METAVARS[setting.kind])
    return f"{setting.flag} {metavar}".rstrip(), f"{setting.help} [default: {setting.default_text}; env {variables}]"


def _with_settings(command: Callable[..., Layers]) -> Callable[..., Layers]:
    """Give the command one option a setting. Values stay text: config.py reads them, whatever layer they come from."""
    for setting in SETTINGS:
        switch: dict[str, Any] = {"is_flag": True, "flag_value": "true"} if setting.kind is bool else {}
        command = click.option(setting.flag, setting.name, multiple=setting.kind is tuple, **switch)(command)
    return command


@click.group(
    _PROGRAM,
    cls=_Command,
    invoke_without_command=True,
    subcommand_metavar="[COMMAND [ARGS]...]",
    epilog="A flag wins over a variable, a variable over the file, the file over the default.",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)
@_with_settings
@click.option("--config", "file", metavar="FILE", help=f"TOML file with settings. [env {FILE_VARIABLE}]")
@click.version_option(__version__, prog_name=_PROGRAM, message="%(prog)s %(version)s")
@click.pass_context
def _configuration(ctx: click.Context, /, file: str | None, **flags: str | tuple[str, ...] | None) -> Layers:
    """Leveret, a message broker for AMQP 0-9-1 clients. Without options it serves on localhost:5672, user guest.

    A command after the options is one to a broker that runs, or to the data directory of one that does not.
    """
    given = {n: v if isinstance(v, str) else ",".join(v) for n, v in flags.items() if v is not None and v != ()}
    ctx.obj = layers = Layers(file, given)
    return layers


def main() -> int:
    """Run the command. Returns the exit status: 0 after a graceful stop, or a command that was done; 1 where the broker
    would not do one; 2 where it was not given what it can use.
    """
    try:
        layers = _configuration.main(prog_name=_PROGRAM, standalone_mode=False)
        # A number comes back where --help or --version has been answered, and nothing where a command was done.
        if not isinstance(layers, Layers):
            return int(layers or 0)
        config = layers.read()
    except click.ClickException as error:
        return _refuse(error.format_message(), error.exit_code)
    except click.Abort:
        return _refuse("aborted", _EXIT_NOT_DONE)
    except ConfigError as error:
        return _refuse(str(error))
    except UnicodeDecodeError:
        return _refuse("the file with settings is not UTF-8 text")
    except OSError as error:
        return _refuse(f"cannot read {error.filename}: {error.strerror}")
    return _serve(config, layers.read)


def _serve(config: Config, reload: Callable[[], Config]) -> int:
    import trio

    from broker.server.control import ControlError
    from broker.server.listeners import ListenError
    from broker.server.main import run
    from broker.store.errors import StoreError
    from streams.errors import StreamsError

    level = config.log_level.upper()
    logging.basicConfig(stream=sys.stderr, level=level, format="%(asctime)s %(levelname)-7s %(message)s")
    try:
        trio.run(partial(run, config, reload=reload))
    except (ConfigError, ControlError, ListenError, StoreError, StreamsError) as error:
        return _refuse(str(error))
    except OSError as error:
        return _refuse(f"cannot use the data directory: {error.filename}: {error.strerror}")
    # A supervisor that asks twice must not turn a graceful stop into a death while the interpreter cleans up.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    return 0


def _refuse(sentence: str, status: int = _EXIT_REFUSED) -> int:
    line = "; ".join(filter(None, map(str.strip, sentence.splitlines())))
    print(f"{_PROGRAM}: {line}", file=sys.stderr)  # noqa: T201 - the command's own last word
    return status


if __name__ == "__main__":
    sys.exit(main())
