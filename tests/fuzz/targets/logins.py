"""What a stranger may say before anybody knows him: protocol headers, SASL responses; and how odd bytes are printed.

what u8 | bytes
"""

import ast
from collections.abc import Iterator

from protocol.amqp import erlang, frames, handshake, replies
from protocol.amqp.errors import HardError, SoftError
from protocol.amqp.tables import read_table
from tests.fuzz import recordings

MAX_BYTES = 200
MUTATES = "whatever"

_WORDS = {chr(code): text for code, text in erlang._ESCAPES.items()}


def seeds() -> Iterator[bytes]:
    for mechanism, response in recordings.logins():
        yield bytes((list(handshake.MECHANISMS).index(mechanism),)) + response
    for response in (b"", b"\0user", b"\0user\0p\xc3\xa4ss", b"admin\0user\0pass", b"\0user\0pa\0ss", b"\0\xff\0\xfe"):
        yield b"\0" + response
    for header in (handshake.AMQP_0_9_1, handshake.AMQP_0_9, handshake.AMQP_1_0_SASL, b"GET / HT", b"AMQP\0\0\x09\x02"):
        yield b"\2" + header
    for text in (b"plain", b"\xff\0\1", b'"quoted"\\', b"tab\t\n\r\x1b", b"invalid_frame_end_marker"):
        yield b"\3" + text
        yield b"\4" + text


def run(data: bytes) -> None:
    if not data:
        return
    _KINDS[data[0] % len(_KINDS)](data[1:])


def _plain(response: bytes) -> None:
    try:
        user, password = handshake.read_login("PLAIN", response)
    except HardError as error:
        _explains(error, 502)
        assert response.count(b"\0") != 2 or response[:1] != b"\0"
        return
    assert response == b"\0%b\0%b" % (user.encode(), password.encode()) or "\ufffd" in user + password


def _amqplain(response: bytes) -> None:
    try:
        user, password = handshake.read_login("AMQPLAIN", response)
    except HardError as error:
        _explains(error, 502)
        return
    table, stop = read_table(len(response).to_bytes(4, "big") + response)
    assert stop == 4 + len(response)
    assert (_text(table["LOGIN"]), _text(table["PASSWORD"])) == (user, password)


def _text(value: object) -> object:
    """A login may be bytes, too."""
    return value.decode(errors="replace") if isinstance(value, bytearray) else value


def _header(header: bytes) -> None:
    header = header[: handshake.HEADER_BYTES].ljust(handshake.HEADER_BYTES, b"\0")
    for offers_amqp_1_0 in (False, True):
        answer = handshake.answer_to_header(header, offers_amqp_1_0=offers_amqp_1_0)
        assert answer in (None, handshake.AMQP_0_9_1, handshake.AMQP_1_0_SASL)
        assert (answer is None) == (header in (handshake.AMQP_0_9_1, handshake.AMQP_0_9))


def _printed(data: bytes) -> None:
    """A binary as Erlang prints it can be read back."""
    printed = erlang.binary(data)
    assert printed.isprintable()
    assert printed.startswith("<<")
    assert printed.endswith(">>")
    inner = printed[2:-2]
    if inner.startswith('"'):
        # Python knows all of Erlang's escapes but this one.
        assert ast.literal_eval("b" + inner.replace("\\e", "\\x1b")) == data or b"\\" in data
    else:
        assert bytes(map(int, filter(None, inner.split(",")))) == data
    assert frames.snippet(data)


def _explained(data: bytes) -> None:
    """Whatever a refusal speaks of, its text is a short string."""
    for make in (HardError, SoftError):
        _explains(make(replies.FRAME_ERROR, data.decode(errors="replace") + erlang.binary(data)), 501)
        _explains(make(replies.FRAME_ERROR, data.decode(errors="surrogateescape")), 501)
    text = data.decode("latin-1")
    assert erlang.atom(text).strip("'") == text.strip("'")
    assert len(erlang.pair(text, len(data), len(data))) >= len(text)


def _explains(error: HardError | SoftError, code: int) -> None:
    assert error.reply.code == code
    assert 0 < len(error.text.encode()) <= 255


_KINDS = (_plain, _amqplain, _header, _printed, _explained)
