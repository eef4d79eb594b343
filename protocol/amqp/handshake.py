"""From the protocol header to open: which method is legal in which connection state, SASL responses, and the checks of
tune-ok.

Rule: the states and what moves between them stand in one table here; ``connection.py`` does what the table says.

Source: AMQP 0-9-1, section 2.2.4 and RabbitMQ's rabbit_reader (whose state names go into reply texts).
"""

from collections.abc import Container
from enum import Enum

from protocol.amqp import erlang, methods, replies
from protocol.amqp.errors import HardError
from protocol.amqp.methods import Method
from protocol.amqp.tables import FieldTable, TableError, crowded, read_table

HEADER_BYTES = 8
AMQP_0_9_1 = b"AMQP\x00\x00\x09\x01"
# What clients of 0-9 proper send; the two versions are near enough.
AMQP_0_9 = b"AMQP\x01\x01\x00\x09"
# RabbitMQ since 4.0 answers what it cannot serve with AMQP 1.0's SASL header, except for a near miss of 0-9-1.
AMQP_1_0_SASL = b"AMQP\x03\x01\x00\x00"


class State(Enum):
    """The value is RabbitMQ's name, which reply texts show."""

    HEADER = "handshake"
    STARTING = "starting"
    TUNING = "tuning"
    OPENING = "opening"
    RUNNING = "running"
    CLOSED = "closed"  # we sent connection.close and wait for close-ok
    ENDED = "ended"  # nothing is read or written any more


class Step(Enum):
    """What a legal connection method makes us do."""

    LOGIN = "login"
    TUNE = "tune"
    OPEN = "open"
    CLOSE = "close"
    UPDATE_SECRET = "update-secret"
    ANSWER_CLOSE = "answer close"
    END = "end"


# A method that is not here is 504 "unexpected method in connection state ..."; in CLOSED it is ignored.
TABLE: dict[tuple[State, type[Method]], Step] = {
    (State.STARTING, methods.Connection.StartOk): Step.LOGIN,
    (State.TUNING, methods.Connection.TuneOk): Step.TUNE,
    (State.OPENING, methods.Connection.Open): Step.OPEN,
    (State.RUNNING, methods.Connection.Close): Step.CLOSE,
    (State.RUNNING, methods.Connection.UpdateSecret): Step.UPDATE_SECRET,
    (State.CLOSED, methods.Connection.Close): Step.ANSWER_CLOSE,
    (State.CLOSED, methods.Connection.CloseOk): Step.END,
}


def answer_to_header(header: bytes, *, offers_amqp_1_0: bool = True) -> bytes | None:
    """None where ``header`` is one we serve, else the header to answer before the socket is shut.

    ``offers_amqp_1_0``: as RabbitMQ since 4.0, which speaks AMQP 1.0, too; before it always named 0-9-1.
    """
    if header in (AMQP_0_9_1, AMQP_0_9):
        return None
    if not offers_amqp_1_0:
        return AMQP_0_9_1
    if header.startswith(b"AMQP"):
        near_miss = header[4:6] == b"\x00\x00" and header[6] >= 9
        # AMQP 1.0 itself, which we do not speak: say what we do.
        is_1_0 = header[5:] == b"\x01\x00\x00"
        if near_miss or is_1_0:
            return AMQP_0_9_1
    return AMQP_1_0_SASL


Credentials = tuple[str, str]


def read_plain(response: bytes) -> Credentials:
    """PLAIN (RFC 4616): NUL user NUL password; like RabbitMQ, no authzid before it. Raises HardError 502."""
    parts = response.split(b"\x00")
    if len(parts) != 3 or parts[0]:
        raise HardError(replies.SYNTAX_ERROR, f"response {erlang.binary(response, erlang.REPLY_BYTES)} invalid")
    return parts[1].decode(errors="replace"), parts[2].decode(errors="replace")


def read_amqplain(response: bytes) -> Credentials:
    """AMQPLAIN: a field table, without its length, with LOGIN and PASSWORD as long strings or, as since 4.0, as bytes.
    Raises HardError 502.
    """
    try:
        data = len(response).to_bytes(4, "big") + response
        if crowded(data, 0):
            raise TableError("too many values")
        table, _ = read_table(data)
    except TableError:
        raise HardError(replies.SYNTAX_ERROR, "AMQPLAIN auth info cannot be decoded") from None
    login, password = table.get("LOGIN"), table.get("PASSWORD")
    if login is None or password is None:
        raise HardError(replies.SYNTAX_ERROR, "AMQPLAIN auth info is missing LOGIN or PASSWORD field")
    if not isinstance(login, str | bytearray) or not isinstance(password, str | bytearray):
        raise HardError(replies.SYNTAX_ERROR, "AMQPLAIN auth info uses unsupported type for LOGIN or PASSWORD field")
    return _text(login), _text(password)


def _text(value: str | bytearray) -> str:
    return value.decode(errors="replace") if isinstance(value, bytearray) else value


def read_external(response: bytes) -> Credentials:  # noqa: ARG001
    """EXTERNAL: who the client is was proven otherwise; like RabbitMQ, whatever it says here is ignored."""
    return "", ""


EXTERNAL = "EXTERNAL"
_READERS = {"PLAIN": read_plain, "AMQPLAIN": read_amqplain, EXTERNAL: read_external}
# Those that a client may choose whatever else it has.
MECHANISMS = ("PLAIN", "AMQPLAIN")


def read_login(mechanism: str, response: str | bytes, offered: Container[str] = MECHANISMS) -> Credentials:
    """User and password from a start-ok. Raises HardError 503 for a mechanism that was not offered, 502 for a bad
    response.
    """
    reader = _READERS.get(mechanism) if mechanism in offered else None
    if reader is None:
        raise HardError(replies.COMMAND_INVALID, f"unknown authentication mechanism '{mechanism}'")
    return reader(response.encode() if isinstance(response, str) else response)


def capabilities(client_properties: FieldTable) -> FieldTable:
    """What the client says it can take; empty where it says nothing or nonsense."""
    found = client_properties.get("capabilities")
    return found if isinstance(found, dict) else {}


def check_negotiated(field: str, value: int, minimum: int, maximum: int) -> None:
    """Hold a number of tune-ok against what tune offered. 0 means "no limit", so it is higher than any maximum.

    Raises HardError 530 in RabbitMQ's words, which blame connection.tune.
    """
    if value and value < minimum:
        text = f"negotiated {field} = {value} is lower than the minimum allowed value ({minimum})"
    elif not value:
        text = f"negotiated {field} = 0 (no limit) is higher than the maximum allowed value ({maximum})"
    elif value > maximum:
        text = f"negotiated {field} = {value} is higher than the maximum allowed value ({maximum})"
    else:
        return
    raise HardError(replies.NOT_ALLOWED, text, *methods.ids(methods.Connection.Tune))
