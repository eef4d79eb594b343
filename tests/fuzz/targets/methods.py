"""Methods: what is read is what stands there, pamqp agrees, and it can be written again."""

from collections.abc import Iterator

import pamqp.frame
from pamqp.exceptions import PAMQPException

from protocol.amqp import methods, tables
from protocol.amqp.basic import PUBLISH, PublishArguments, short_string
from protocol.amqp.errors import HardError
from tests.fuzz import recordings
from tests.hostile.noise import frame

MAX_BYTES = 250
MUTATES = "method"


def seeds() -> Iterator[bytes]:
    yield from recordings.methods_raw()


def run(data: bytes) -> None:
    if len(data) < 4:
        return
    try:
        method = methods.decode(data)
    except HardError as error:
        assert error.reply.code in (501, 503), error
        method = None
    if data.startswith(PUBLISH):
        _read_publish(data, method)
    if method is None:
        return
    if not any(isinstance(getattr(method, name), dict) for name in method.__slots__):
        # Clients' tables are not written again by this way; ``tables`` has another.
        written = methods.encode(1, method)[7:-1]
        assert len(written) == len(data)
        assert _told(methods.decode(written)) == _told(method), "what was written is not what was read"
    _compare(data, method)


def _told(method: methods.Method) -> list:
    return [getattr(method, name) for name in method.__slots__]


def _read_publish(data: bytes, method: methods.Method | None) -> None:
    try:
        arguments = PublishArguments(data[4:])
    except HardError as error:
        assert method is None, (error, method)
        return
    assert method is not None, arguments.route
    assert (arguments.exchange, arguments.routing_key) == (method.exchange, method.routing_key)
    assert (arguments.mandatory, arguments.immediate) == (method.mandatory, method.immediate)
    assert arguments.route == short_string(method.exchange) + short_string(method.routing_key)


def _compare(data: bytes, method: methods.Method) -> None:
    if isinstance(method, methods.Access.Request):
        return
    try:
        _, _, found = pamqp.frame.unmarshal(frame(1, 1, data))
    except (PAMQPException, ValueError, KeyError, TypeError, IndexError, OverflowError, OSError, DeprecationWarning):
        # Times beyond the year 9999, names that are not UTF-8, names that pamqp's own pattern refuses.
        return
    assert type(found) is type(method)
    for name in method.__slots__:
        ours, theirs = getattr(method, name), getattr(found, name)
        if isinstance(ours, dict):
            assert set(ours) == set(theirs)
            assert tables.write_table(ours)
        else:
            assert ours == theirs, (name, ours, theirs)
