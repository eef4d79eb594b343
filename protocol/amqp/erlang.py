"""Values in Erlang's notation, because some of RabbitMQ's reply texts print them so (``~tp``)."""

import re

_ESCAPES = {
    0x08: "\\b",
    0x09: "\\t",
    0x0A: "\\n",
    0x0B: "\\v",
    0x0C: "\\f",
    0x0D: "\\r",
    0x1B: "\\e",
    0x22: '\\"',
    0x5C: "\\\\",
}


_PRINTABLE = bytes({*range(0x20, 0x7F), *_ESCAPES})
_PRINTABLE_LATIN_1 = _PRINTABLE + bytes(range(0xA0, 0x100))

# Bytes that a reply text has room for, which is cut at 255 characters.
REPLY_BYTES = 256

_PLAIN_ATOM = re.compile("[a-z][a-z0-9_@]*")

# io_lib's width, which counts columns from 1: a term that would reach it is broken behind a comma.
_LINE_CHARS = 80


def pair(name: str, value: object, column: int) -> str:
    """A tuple of two, ``{name,value}``, as ``~tp`` prints it where ``column`` characters stand before it."""
    inline = f"{{{name},{value}}}"
    if column + 1 + len(inline) < _LINE_CHARS:
        return inline
    return f"{{{name},\n{' ' * (column + 1)}{value}}}"


def atom(name: str) -> str:
    """An atom: quoted unless it is a word of lower case, digits and underscores."""
    return name if _PLAIN_ATOM.fullmatch(name) else f"'{name}'"


def binary(value: bytes, most: int | None = None, *, latin_1: bool = False) -> str:
    """A binary: ``<<"text">>`` where every byte is printable ASCII, else ``<<1,2,3>>``.

    ``latin_1``: as ``~p`` prints it, which takes the upper half of Latin-1 for printable, too (``~tp`` does not).
    ``most``: how many bytes are shown at most, where the rest would be cut off anyway (1 ms for 8 KB).
    """
    if not value:
        return "<<>>"
    is_text = not value.translate(None, _PRINTABLE_LATIN_1 if latin_1 else _PRINTABLE)
    value = value[:most]
    if is_text:
        return '<<"' + "".join(_ESCAPES.get(byte) or chr(byte) for byte in value) + '">>'
    return "<<" + ",".join(map(str, value)) + ">>"
