"""Tracking: how far each named reader has come, kept in the log itself, so that no second file can disagree with it.

Each stored offset is a control record; each new segment begins with all of them (pass ``snapshot`` to the writer).
"""

from collections.abc import Iterable, Sequence
from struct import Struct
from typing import Final

from streams.chunk import Batch
from streams.format import Kind
from streams.log import Log
from streams.writer import LogWriter

KINDS: Final = frozenset({int(Kind.TRACKING)})
MAX_NAME_BYTES: Final = 255

_OFFSET = Struct("<Q")
_FORGOTTEN: Final = 2**64 - 1


class Tracking:
    """The offsets of one log's named readers. Names are UTF-8 text of at most 255 bytes."""

    __slots__ = ("_log", "_offsets")

    def __init__(self, log: Log) -> None:
        """Restore what the log holds. Raises OSError."""
        self._log = log
        self._offsets: dict[str, int] = {}
        for batch in log.controls(KINDS):
            self._replay(batch)

    def _replay(self, batch: Batch) -> None:
        for record in batch.records:
            (offset,) = _OFFSET.unpack_from(record)
            name = record[_OFFSET.size :].decode()
            if offset == _FORGOTTEN:
                self._offsets.pop(name, None)
            else:
                self._offsets[name] = offset

    def offset(self, name: str) -> int | None:
        """What was stored last under this name; None when nothing was, or its records are long gone."""
        return self._offsets.get(name)

    def store(self, writer: LogWriter, name: str, offset: int, now_ms: int) -> None:
        """Keep an offset; it is safe with the writer's next commit. Raises ValueError for a name that is too long."""
        if self._offsets.get(name) == offset:
            return
        record = _record(name, offset)
        self._offsets[name] = offset
        writer.append([record], now_ms, Kind.TRACKING)

    def forget(self, writer: LogWriter, name: str, now_ms: int) -> None:
        """Forget a name, if it is known."""
        if self._offsets.pop(name, None) is not None:
            writer.append([_record(name, _FORGOTTEN)], now_ms, Kind.TRACKING)

    def snapshot(self) -> Iterable[tuple[Kind, Sequence[bytes]]]:
        """For the writer: all offsets. Names whose next record is gone are forgotten: dead readers do not pile up."""
        first = self._log.first_offset
        self._offsets = {name: offset for name, offset in self._offsets.items() if offset + 1 >= first}
        if not self._offsets:
            return ()
        return [(Kind.TRACKING, [_record(name, offset) for name, offset in self._offsets.items()])]


def _record(name: str, offset: int) -> bytes:
    encoded = name.encode()
    if len(encoded) > MAX_NAME_BYTES:
        raise ValueError(f"a reader's name has at most {MAX_NAME_BYTES} bytes, this one {len(encoded)}")
    return _OFFSET.pack(offset) + encoded
