"""Record: from which sources the compiled modules were made, so that changed sources are never passed over.

A compiled module that is older than its source would be used all the same, as Python takes it first. So a build leaves
a record, one for each version of Python: lines of a hash and a file's name, for every file that went into it. Modules
that were compiled know each other's layout, so they are taken all together or not at all.
"""

import enum
from collections.abc import Iterator
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import source_hash
from pathlib import Path

from protocol.native.modules import MODULES

PACKAGES = ("broker", "protocol", "streams")
# Where they stand side by side.
ROOT = Path(__file__).resolve().parents[2]


class Built(enum.Enum):
    """What there is, in words that go behind "but" and "as"."""

    FRESH = "what was compiled is that"
    STALE = "sources have changed since they were compiled"
    ABSENT = "nothing was compiled"


def record_name() -> str:
    """The record's name, from the root."""
    return f"protocol/native/built{EXTENSION_SUFFIXES[0]}.txt"


def source_of(module: str) -> str:
    """A module's source, from the root."""
    return module.replace(".", "/") + ".py"


def inputs(root: Path) -> Iterator[str]:
    """The names, from the root, of all files that go into what is compiled."""
    for module in MODULES:
        source = source_of(module)
        yield source
        declarations = source.replace(".py", ".pxd")
        if (root / declarations).exists():
            yield declarations


def write(root: Path) -> str:
    """The record of a build from the sources below ``root``."""
    return "".join(f"{source_hash((root / name).read_bytes()).hex()} {name}\n" for name in inputs(root))


def state() -> Built:
    """What there is for the Python that runs."""
    try:
        record = (ROOT / record_name()).read_text(encoding="utf-8")
        return Built.FRESH if record == write(ROOT) else Built.STALE
    except FileNotFoundError:
        return Built.ABSENT
