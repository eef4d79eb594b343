"""SourceFinder: finds the sources of modules that are compiled, too."""

from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from types import ModuleType

from protocol.native.record import PACKAGES, ROOT, source_of


class SourceFinder:
    """A finder for ``sys.meta_path``; the class itself, as Python's own are."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:  # noqa: ARG004
        """The source of a module of ours, whether it is in the list or was in an older one; None for all others."""
        source = ROOT / source_of(name)
        ours = name.partition(".")[0] in PACKAGES
        return spec_from_file_location(name, source) if ours and source.exists() else None
