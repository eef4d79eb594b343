"""The command: reads flags, environment and file, starts the shell, and turns what fails into one line and a status.

What a setting is called and what it allows is not here but in broker/config.py. The shell is imported only when there
is something to serve, so that --help and a mistyped flag are answered at once.
"""

import logging
import os
import signal
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import click

from broker import __version__
from broker.config import ENVIRONMENT_PREFIX, SETTINGS, Config, ConfigError, Setting, load

_PROGRAM = "leveret"
_FILE_VARIABLE = ENVIRONMENT_PREFIX + "CONFIG"
_EXIT_REFUSED = 2

_METAVARS: Mapping[type, str] = {int: "N", float: "NUMBER", str: "TEXT", tuple: "ADDRESS", bool: ""}


class _Command(click.Command):
    """A command whose help lists the options under the groups of the table, with defaults and variables."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for group in dict.fromkeys(setting.group for setting in SETTINGS):
            rows = [_help_row(setting) for setting in SETTINGS if setting.group == group]
            with formatter.section(group):
                formatter.write_dl(rows)
        names = {setting.name for setting in SETTINGS}
        rest = [p.get_help_record(ctx) for p in self.get_params(ctx) if p.name not in names]
        with formatter.section("Other"):
            formatter.write_dl([row for row in rest if row])


def _help_row(setting: Setting) -> tuple[str, str]:
    variables = " or ".join(filter(None, (setting.variable, setting.rabbitmq_variable)))
    metavar = "|".join(setting.choices) or ("NAME" if "names of" in setting.items else _METAVARS[setting.kind])
    return f"{setting.flag} {metavar}".rstrip(), f"{setting.help} [default: {setting.default_text}; env {variables}]"


def _with_settings(command: Callable[..., Callable[[], Config]]) -> Callable[..., Callable[[], Config]]:
    """Give the command one option a setting. Values stay text: config.py reads them, whatever layer they come from."""
    for setting in SETTINGS:
        switch: dict[str, Any] = {"is_flag": True, "flag_value": "true"} if setting.kind is bool else {}
        command = click.option(setting.flag, setting.name, multiple=setting.kind is tuple, **switch)(command)
    return command


@click.command(
    _PROGRAM,
    cls=_Command,
    epilog="A flag wins over a variable, a variable over the file, the file over the default.",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)
@_with_settings
@click.option("--config", "file", metavar="FILE", help=f"TOML file with settings. [env {_FILE_VARIABLE}]")
@click.version_option(__version__, prog_name=_PROGRAM, message="%(prog)s %(version)s")
def _configuration(file: str | None, **flags: str | tuple[str, ...] | None) -> Callable[[], Config]:
    """Leveret, a message broker for AMQP 0-9-1 clients. Without options it serves on localhost:5672, user guest."""
    given = {n: v if isinstance(v, str) else ",".join(v) for n, v in flags.items() if v is not None and v != ()}
    file = file or os.environ.get(_FILE_VARIABLE)

    def read() -> Config:
        """As it stands now: the file may change while the broker runs."""
        text = Path(file).read_text(encoding="utf-8") if file else ""
        return load(file_text=text, file_name=file or "", environment=os.environ, flags=given)

    return read


def main() -> int:
    """Run the command. Returns the exit status: 0 after a graceful stop, 2 where it was not given what it can use."""
    try:
        read = _configuration.main(prog_name=_PROGRAM, standalone_mode=False)
        # Nothing but a number comes back where --help or --version has been answered.
        if not callable(read):
            return int(read or 0)
        config = read()
    except click.ClickException as error:
        return _refuse(error.format_message())
    except ConfigError as error:
        return _refuse(str(error))
    except UnicodeDecodeError:
        return _refuse("the file with settings is not UTF-8 text")
    except OSError as error:
        return _refuse(f"cannot read {error.filename}: {error.strerror}")
    return _serve(config, read)


def _serve(config: Config, reload: Callable[[], Config]) -> int:
    import trio

    from broker.server.listeners import ListenError
    from broker.server.main import run
    from broker.store.errors import StoreError
    from streams.errors import StreamsError

    level = config.log_level.upper()
    logging.basicConfig(stream=sys.stderr, level=level, format="%(asctime)s %(levelname)-7s %(message)s")
    try:
        trio.run(partial(run, config, reload=reload))
    except (ConfigError, ListenError, StoreError, StreamsError) as error:
        return _refuse(str(error))
    except OSError as error:
        return _refuse(f"cannot use the data directory: {error.filename}: {error.strerror}")
    # A supervisor that asks twice must not turn a graceful stop into a death while the interpreter cleans up.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    return 0


def _refuse(sentence: str) -> int:
    print(f"{_PROGRAM}: {sentence}", file=sys.stderr)  # noqa: T201 - the command's own last word
    return _EXIT_REFUSED


if __name__ == "__main__":
    sys.exit(main())
