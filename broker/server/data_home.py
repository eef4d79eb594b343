"""Where a broker keeps its data when nobody says: under the user's data home."""

from collections.abc import Mapping
from pathlib import Path

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
