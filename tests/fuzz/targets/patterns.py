"""Patterns of permissions and policies: each ends in time, and says the same each time it is asked.

size u8 | pattern of that size | the text it is held against
"""

from collections.abc import Iterator

from broker.patterns import PatternError, compiled

MAX_BYTES = 120
MUTATES = "whatever"

_PATTERNS = (
    "^$", ".*", "^amq\\.", "^(?!amq\\.).*", "(a+)+$", "(a|aa)+$", "^([a-z]+)*[0-9]$", "\\w+\\d{2,5}",
    "[[:alpha:]]", "a{1,9}b?", "(?i)queue", "(x)\\1", "\\p{L}+", "^{username}-.*", "a++b", "\\Aq\\Z", "[^\\x00-\\x7f]",
)  # fmt: skip


def seeds() -> Iterator[bytes]:
    for pattern in _PATTERNS:
        raw = pattern.encode()
        for text in (b"", b"amq.gen", b"a" * 40, b"queue-17\n", "größe".encode()):
            yield bytes((len(raw),)) + raw + text


def run(data: bytes) -> None:
    if not data:
        return
    size = data[0]
    raw, text = data[1 : 1 + size], data[1 + size :].decode(errors="surrogateescape")
    try:
        pattern = compiled(raw.decode(errors="surrogateescape"))
    except PatternError as error:
        assert str(error).startswith("{")
        return
    # One that takes too long finds nothing; else it finds what it found.
    found = [pattern.search(text) for _ in range(2)]
    assert found[0] in (True, False)
    if raw.isalnum():
        assert found == [raw in data[1 + size :]] * 2
