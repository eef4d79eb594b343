"""Shows a segment file to a person: ``python -m streams.dump FILE [--records]``. Reads only, and stops at nothing."""

import argparse
import sys
from collections.abc import Iterator

from streams.chunk import read_batch
from streams.files import File, OsFiles
from streams.format import (
    BEGINS_COMMIT,
    HEADER_BYTES,
    VERSION,
    ChunkHeader,
    Kind,
    read_footer,
    read_segment_header,
)
from streams.window import Window

_SHOWN_BYTES = 60


def describe(file: File, *, records: bool = False) -> Iterator[str]:
    """The file's lines: header, chunks, damaged stretches, footer."""
    size = file.size()
    header = read_segment_header(file.read(0, HEADER_BYTES))
    if header is None:
        yield "no segment header: not a segment, or damaged; without its salt no chunk can be checked"
        return
    yield (
        f"segment {header.number} version {header.version} base offset {header.base_offset} epoch {header.epoch} "
        f"created {header.created_ms} ms, {size} bytes"
    )
    if header.version != VERSION:
        yield f"this leveret reads version {VERSION} only"
        return
    footer = read_footer(file.read(size - HEADER_BYTES, HEADER_BYTES), header.salt) if size > HEADER_BYTES else None
    yield from _chunks(Window(file, size if footer is None else size - HEADER_BYTES), header.salt, records=records)
    if footer is None:
        yield "no footer: the log's newest segment, or one a crash kept from being closed"
    else:
        yield (
            f"footer: next offset {footer.next_offset}, times {footer.first_ms} to {footer.last_ms} ms, "
            f"last chunk {footer.epoch}/{footer.number}, waypoint at {footer.waypoint}"
        )


def _chunks(window: Window, salt: int, *, records: bool) -> Iterator[str]:
    position = HEADER_BYTES
    while position < window.size:
        header = window.find_chunk(position, salt)
        end = window.size if header is None else header.position
        if end > position:
            yield _gap(window, position, end)
        if header is None:
            return
        yield _line(header)
        if records:
            yield from _records(window, header)
        position = header.end


def _gap(window: Window, position: int, end: int) -> str:
    data, at = window.at(position, end - position)
    what = "room made ahead" if data.count(0, at, at + end - position) == end - position else "no whole chunk"
    return f"{position:>12}  {end - position} bytes: {what}"


def _line(header: ChunkHeader) -> str:
    kind = Kind(header.kind).name.lower() if header.kind in set(Kind) else f"kind {header.kind}"
    begins = " begins a commit" if header.flags & BEGINS_COMMIT else ""
    bloom = f" filter {header.filter_bytes} bytes" if header.filter_bytes else ""
    return (
        f"{header.position:>12}  {kind:<10} offset {header.base_offset} records {header.count} bytes {header.size} "
        f"time {header.timestamp_ms} chunk {header.epoch}/{header.number}{bloom}{begins}"
    )


def _records(window: Window, header: ChunkHeader) -> Iterator[str]:
    data, at = window.at(header.position, header.end - header.position)
    batch = read_batch(data, at, header)
    for number, record in enumerate(batch.records):
        name = header.base_offset + number if header.kind == Kind.USER else number
        more = "" if len(record) <= _SHOWN_BYTES else f" and {len(record) - _SHOWN_BYTES} bytes more"
        yield f"{'':>14}{name}: {record[:_SHOWN_BYTES]!r}{more}"


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m streams.dump", description="Show a segment file of a log.")
    parser.add_argument("file", help="a .segment file")
    parser.add_argument("--records", action="store_true", help="show the beginning of each record too")
    options = parser.parse_args(arguments)
    try:
        file = OsFiles().open_to_read(options.file)
    except OSError as error:
        sys.exit(f"{options.file}: {error.strerror}")
    for line in describe(file, records=options.records):
        print(line)  # noqa: T201


if __name__ == "__main__":
    main()
