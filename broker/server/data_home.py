"""Where a broker keeps its data when nobody says: under the user's data home."""

from collections.abc import Mapping
from pathlib import Path


def default_data_dir(environment: Mapping[str, str]) -> str:
    """``$XDG_DATA_HOME/leveret``, or ``~/.local/share/leveret`` (XDG Base Directory Specification)."""
    home = environment.get("XDG_DATA_HOME")
    base = Path(home) if home and Path(home).is_absolute() else Path.home() / ".local" / "share"
    return str(base / "leveret")
