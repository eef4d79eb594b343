"""`leveret alarm`: from where on publishers wait."""

import re

import click

from broker.commands.errors import Unusable
from broker.commands.options import noun, targeted
from broker.commands.target import Target

command = noun("alarm", "From where on publishers wait, until the broker stops; `leveret status` shows it.")

# As RabbitMQ reads them: a k is 1024 of them, a kB 1000.
_UNITS = {"": 1}
for _power, _letter in enumerate("kMGTP", 1):
    _UNITS |= {_letter: 1024**_power, f"{_letter}i": 1024**_power, f"{_letter}iB": 1024**_power}
    _UNITS[f"{_letter}B"] = 1000**_power


@command.command()
@targeted
@click.argument("size")
def set_memory_limit(target: Target, *, size: str) -> None:
    """Let publishers wait where queues hold more than SIZE, as 500MB or 2GiB; with 0 they wait."""
    target.ask("set_vm_memory_high_watermark", limit_bytes=_bytes(size))


@command.command()
@targeted
@click.argument("size")
def set_disk_free_limit(target: Target, *, size: str) -> None:
    """Let publishers wait where less than SIZE is free on the data directory's disk."""
    target.ask("set_disk_free_limit", limit_bytes=_bytes(size))


def _bytes(text: str) -> int:
    """Raises Unusable."""
    found = re.fullmatch(r"(\d{1,18})([a-zA-Z]*)", text)
    units = {unit.lower(): size for unit, size in _UNITS.items()}
    if found is None or found[2].lower() not in units:
        raise Unusable(f"{text!r} is no size; write 1000000, 500MB or 2GiB")
    return int(found[1]) * units[found[2].lower()]
