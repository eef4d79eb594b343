"""Where a broker keeps its data when nobody says, under the user's data home, and where its control socket is."""

from collections.abc import Mapping
from pathlib import Path

from broker.config import AUTO, NONE, Config
from broker.store.errors import StoreError


class NoDataHome(StoreError):
    """A user without a home, as a container may run under a number that has no name."""

    def __init__(self) -> None:
        super().__init__("cannot tell where to keep the data, as this user has no home: name a folder by --data-dir")


def default_data_dir(environment: Mapping[str, str]) -> str:
    """``$XDG_DATA_HOME/leveret``, or ``~/.local/share/leveret`` (XDG Base Directory Specification).

    Raises NoDataHome.
    """
    home = environment.get("XDG_DATA_HOME")
    try:
        base = Path(home) if home and Path(home).is_absolute() else Path.home() / ".local" / "share"
    except RuntimeError:
        raise NoDataHome from None
    return str(base / "leveret")


def data_dir(config: Config, environment: Mapping[str, str]) -> str:
    """The folder of a broker that is not ephemeral. Raises NoDataHome."""
    return config.data_dir or default_data_dir(environment)


def control_path(config: Config, environment: Mapping[str, str]) -> str:
    """The path of the control socket; "" where there is to be none. Raises NoDataHome."""
    if config.control_socket != AUTO:
        return "" if config.control_socket == NONE else config.control_socket
    return "" if config.ephemeral else f"{data_dir(config, environment)}/control.sock"
