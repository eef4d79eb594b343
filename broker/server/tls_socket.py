"""TlsSocket: a connected socket with TLS in it, and with the verbs of a socket that does not block, as Peer uses them.

trio's SSLStream would not do: its sends await, and what a turn leaves in an outbox is to be on its way before the turn
is over. TLS itself needs no waiting: bytes go in and come out of two buffers (``ssl.MemoryBIO``).

What it costs the broker's CPU, with AES-256-GCM of OpenSSL 3.0 on two shared cores: a message of 16 bytes that is
published and delivered 0.15 µs (1.7 without TLS), one of 4 KiB 6 µs (12.5 without), which is 0.7 ns a byte each way. A
handshake costs 0.3 ms with an ECDSA certificate and 0.65 ms with one of RSA 2048; a client's certificate adds 0.8 ms.
So it is a thread that is to shake hands, for 0.4 ms more: a hundred clients that connect again at once would hold up
everybody else. An idle connection takes 27 KB, 9 without TLS.
"""

import socket
import ssl
from types import TracebackType

from trio.lowlevel import wait_readable, wait_writable

_RECORD_BYTES = 16384
# Read at once: more than the largest record takes. Where little comes out of it, others have their turn before the
# next: a client may renew its keys (KeyUpdate) over and over, which takes us 23 µs for 27 bytes, 14 ms for this much.
_READ_BYTES = _RECORD_BYTES + 512
# Answers to 2,400 of these, which the peer has asked for and does not read.
_ANSWERS_BYTES = 65536
# Type, version, and how long the rest is.
_HEADER_BYTES = 5
_MAJOR_VERSION = 3
# What a cipher may add to a record.
_OVERHEAD_BYTES = 2048
# Encrypted at once: 0.1 ms. What an outbox gives is rarely more; a message of 128 MiB is.
_WRITE_BYTES = 256 * 1024


class TlsSocket:
    """The server's side of a TLS connection over ``sock``, a connected and non-blocking one, which it owns.

    First the two agree on keys: ``hear``, ``shake_hands`` and ``told``, over and over until it is done. Everything
    raises OSError as a socket does, and BlockingIOError where it would have to wait: for readability in ``recv``, for
    writability in ``send``. ssl.SSLError is an OSError.
    """

    __slots__ = (
        "_closing",
        "_context",
        "_encrypted",
        "_failure",
        "_heard",
        "_incoming",
        "_more",
        "_open",
        "_outgoing",
        "_sock",
        "_taken",
        "begun",
        "tls",
    )

    def __init__(self, sock: socket.socket, context: ssl.SSLContext) -> None:
        self._sock = sock
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        # Until the peer has said something: of those who never do there may be many.
        self._context: ssl.SSLContext | None = context
        self.tls: ssl.SSLObject
        # What the socket did not take of bytes that are encrypted, and how many bytes these were before.
        self._encrypted: bytes | memoryview = b""
        self._taken = 0
        # Whether the peer has said anything.
        self.begun = False
        # Of a handshake, less than a record.
        self._heard = b""
        # There may be more to decrypt without another read.
        self._more = False
        self._open = False
        self._closing = False
        # What ``recv`` says from now on: b"" is the end.
        self._failure: OSError | bytes | None = None

    # -- the verbs of a socket -----------------------------------------------------------------------------------------

    def fileno(self) -> int:
        return self._sock.fileno()

    def __enter__(self) -> "TlsSocket":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    # -- handshake -----------------------------------------------------------------------------------------------------

    async def hear(self) -> bool:
        """Whole records: whoever sends byte by byte is not worth a thread for each. Whether they look like TLS. Raises
        OSError where the peer has gone.
        """
        while not (size := _whole_records(self._heard)):
            try:
                data = self._sock.recv(_READ_BYTES)
            except BlockingIOError:
                await wait_readable(self._sock)
                continue
            if not data:
                raise ConnectionResetError("gone in the midst of the TLS handshake")
            self.begun = True
            self._heard += data
        is_tls = self._heard[1] == _MAJOR_VERSION
        self._incoming.write(self._heard[:size])
        self._heard = self._heard[size:]
        return is_tls

    def shake_hands(self) -> bool | ssl.SSLError:
        """Answer what was heard; for a thread, where that looks like TLS. Whether that was all; or why the two cannot
        agree, returned, as an error raised in another thread would keep all it came by in a cycle of references.
        """
        if self._context is not None:
            self.tls = self._context.wrap_bio(self._incoming, self._outgoing, server_side=True)
            self._context = None
        try:
            self.tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLError as error:
            return error.with_traceback(None)
        return True

    async def told(self) -> None:
        """Wait until the answers are on their way. Raises OSError where the peer has gone."""
        while not self._flush():
            await wait_writable(self._sock)

    def agreed(self) -> None:
        """It is done. There may be more behind it."""
        self._incoming.write(self._heard)
        self._heard = b""
        self._open = self._more = True

    # -- receiving -----------------------------------------------------------------------------------------------------

    def recv(self, size: int) -> bytes:
        """Up to ``size`` bytes, b"" at the end.

        Where it gives fewer, there is nothing left inside: what comes next makes the socket readable.
        """
        if self._closing:
            # We have said good-bye, and nobody reads any more; only the end of the connection matters.
            return self._sock.recv(size)
        parts: list[bytes] = []
        wanted = size
        if self._more:
            wanted -= self._decrypt(parts, wanted)
        while wanted and (taken := self._take()):
            decrypted = self._decrypt(parts, wanted)
            wanted -= decrypted
            # A short read has emptied the socket; what comes later wakes whoever waits for it.
            if taken < _READ_BYTES or decrypted < taken // 4:
                break
        self._more = not wanted
        if self._outgoing.pending:
            self._answer()
        if parts:
            return parts[0] if len(parts) == 1 else b"".join(parts)
        if self._failure is None:
            raise BlockingIOError
        if isinstance(self._failure, OSError):
            raise self._failure
        return self._failure

    def _take(self) -> int:
        """How many bytes came, to be decrypted."""
        if self._failure is not None:
            return 0
        try:
            data = self._sock.recv(_READ_BYTES)
        except BlockingIOError:
            return 0
        except OSError as error:
            self._fail(error)
            return 0
        if data:
            self._incoming.write(data)
        else:
            self._fail(b"")
        return len(data)

    def _decrypt(self, parts: list[bytes], wanted: int) -> int:
        """How many bytes were there, up to ``wanted``."""
        left = wanted
        read = self.tls.read
        try:
            while left:
                data = read(min(left, _RECORD_BYTES))
                if not data:
                    self._fail(b"")
                    break
                parts.append(data)
                left -= len(data)
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self._fail(b"")
        except ssl.SSLError as error:
            self.say_why()
            self._fail(error)
        return wanted - left

    def _answer(self) -> None:
        """What TLS itself has to say: that keys are renewed, that they are not negotiated again."""
        self.say_why()
        if self._outgoing.pending > _ANSWERS_BYTES:
            self._fail(ConnectionAbortedError("it has keys renewed without end, and reads no answer"))

    def _fail(self, failure: OSError | bytes) -> None:
        """It is over. Whoever waits for the socket to be readable, as there were bytes before the end, gets to know it
        from a socket that has nothing more to give.
        """
        if self._failure is None:
            self._failure = failure
            try:
                self._sock.shutdown(socket.SHUT_RD)
            except OSError:
                pass  # the peer is gone already, so it is readable

    # -- sending -------------------------------------------------------------------------------------------------------

    def send(self, data: bytes | memoryview) -> int:
        """How many bytes of ``data`` are on their way. After BlockingIOError the next call has to bring the same data:
        it is encrypted already.
        """
        sent = 0
        size = len(data)
        while sent < size:
            if not self._taken:
                part = data if size <= _WRITE_BYTES else memoryview(data)[sent : sent + _WRITE_BYTES]
                self._taken = self.tls.write(part)
            if not self._flush():
                if sent:
                    break
                raise BlockingIOError
            sent += self._taken
            self._taken = 0
        return sent

    def _flush(self) -> bool:
        """Whether all that is encrypted is on its way."""
        while self._encrypted or self._outgoing.pending:
            data = self._encrypted or self._outgoing.read()
            self._encrypted = data
            try:
                sent = self._sock.send(data)
            except BlockingIOError:
                return False
            if sent < len(data):
                self._encrypted = memoryview(data)[sent:]
                return False
            self._encrypted = b""
        return True

    # -- the end -------------------------------------------------------------------------------------------------------

    def shutdown(self, how: int) -> None:
        """Say that nothing more will be sent, in TLS (close_notify) and below it."""
        self._say_good_bye()
        self._sock.shutdown(how)

    def close(self) -> None:
        """Never blocks and never raises; the peer hears it if the socket takes it."""
        self._say_good_bye()
        self._sock.close()
        # It knows who raised it, and they know us.
        self._failure = b""

    def _say_good_bye(self) -> None:
        if not self._open or self._closing or isinstance(self._failure, OSError):
            return
        self._closing = True
        try:
            self.tls.unwrap()
        except OSError:
            pass  # the peer's own good-bye is not there yet, and is not waited for
        self.say_why()

    def say_why(self) -> None:
        """The alert that a failure left, if the socket takes it."""
        try:
            self._flush()
        except OSError:
            pass


def _whole_records(data: bytes) -> int:
    """How many bytes of whole records there are (RFC 8446, section 5.1); all, where they can be none."""
    size = 0
    while len(data) >= size + _HEADER_BYTES:
        length = int.from_bytes(data[size + 3 : size + _HEADER_BYTES])
        if data[size + 1] != _MAJOR_VERSION or length > _RECORD_BYTES + _OVERHEAD_BYTES:
            return len(data)
        if len(data) < size + _HEADER_BYTES + length:
            break
        size += _HEADER_BYTES + length
    return size
