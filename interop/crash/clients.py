"""What all clients of a run share: a thread, the end that a kill puts to it, and the tally of what was done."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

import pika
from pika.exceptions import AMQPError, ConnectionClosedByBroker, ReentrancyError

from interop.crash.ledger import Violation

_FORCED = 320


class Tally:
    """What was done in all runs together; each figure is counted by one thread at a time, or under ``lock``."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.runs = 0
        self.kills = 0
        self.kills_at_start = 0
        self.stops = 0
        self.published = 0
        self.confirmed = 0
        self.delivered = 0
        self.redelivered = 0
        self.acked = 0
        self.looked_through = 0
        self.stream_read = 0
        self.definitions = 0
        self.repairs = 0

    def add(self, **counts: int) -> None:
        with self.lock:
            for name, count in counts.items():
                setattr(self, name, getattr(self, name) + count)


class Ending:
    """Whether the broker may go now. Set before it is killed or stopped; until then no client may lose it."""

    def __init__(self) -> None:
        self.allowed = threading.Event()
        # The first thing that must not have happened.
        self.failures: list[BaseException] = []


class Client:
    """One thread that serves ``live`` until it ends by itself, by ``stop``, or with the broker."""

    def __init__(self, url: str, ending: Ending, tally: Tally) -> None:
        self.url = url
        self.ending = ending
        self.tally = tally
        self._thread = threading.Thread(target=self._run, name=type(self).__name__)

    def start(self) -> None:
        self._thread.start()

    def join(self, seconds: float) -> None:
        """Raises Violation where it does not end."""
        self._thread.join(seconds)
        if self._thread.is_alive():
            raise Violation(f"{type(self).__name__}: waits for the broker for {seconds:g} s already")

    def stop(self) -> None:
        """Come to an orderly end soon. To be called once, from another thread."""
        raise NotImplementedError

    def live(self) -> None:
        raise NotImplementedError

    def _run(self) -> None:
        try:
            with forgiving(self.ending):
                self.live()
        except BaseException as error:
            self.ending.failures.append(error)


@contextlib.contextmanager
def forgiving(ending: Ending) -> Iterator[None]:
    """Losing the broker is no failure once it was allowed to go, if it said nothing or 320."""
    try:
        yield
    except (AMQPError, ReentrancyError, OSError) as error:
        said_other = isinstance(error, ConnectionClosedByBroker) and error.reply_code != _FORCED
        if said_other or not ending.allowed.is_set():
            raise


def parameters(url: str) -> pika.URLParameters:
    """One attempt, and nothing that would end a connection by itself."""
    found = pika.URLParameters(url)
    found.connection_attempts = 1
    found.heartbeat = 0
    found.blocked_connection_timeout = None
    found.socket_timeout = found.stack_timeout = 60
    return found


@contextlib.contextmanager
def connected(url: str) -> Iterator[pika.BlockingConnection]:
    """A connection that is closed in order, or, where that is not possible, without a trace."""
    connection = pika.BlockingConnection(parameters(url))
    try:
        yield connection
        connection.close()
    finally:
        abandon(connection)


def abandon(connection: pika.BlockingConnection) -> None:
    """Close the socket without a word, and all that pika keeps open."""
    impl = connection._impl
    if impl._transport is not None:
        sock = impl._transport._sock
        with contextlib.suppress(AMQPError, OSError, AssertionError):
            impl._transport.abort()
        # An abort closes the socket from the loop, which does not run any more.
        sock.close()
    impl.ioloop.close()
