"""The control socket: through it commands of the same machine reach a running broker, one JSON object a line each way.

    {"verb": "add_user", "arguments": {"name": "alice", "password": "…"}}   ->   {"result": null} or {"error": "…"}

Who may connect is who may write to the socket's file, its owner. What was changed is on the disk when the answer comes.
"""

import errno
import json
import logging
import os
import socket
import stat
import struct
from pathlib import Path
from typing import Any, Final

import trio

from broker.administration import Administration, Refused
from broker.administration.calls import READS, BadCall, call
from broker.config import AUTO, Config
from broker.server.data_home import control_path
from broker.server.shell import Shell
from broker.server.socket_path import connectable, connected
from broker.store.promise import Awaited

log = logging.getLogger("leveret")

# As long as definitions of ten thousand queues, and some.
_LINE_MAX_BYTES: Final = 16 * 1024 * 1024
_READ_BYTES: Final = 64 * 1024
# Others wait in the kernel's queue until one of these is gone.
_PEERS_MAX: Final = 8
_BACKLOG: Final = 128
# From a connection, or an answer, to the next whole line; and for an answer to be taken.
_IDLE_S: Final = 30.0
# How often who waits for the disk looks whether it refuses.
_LOOK_S: Final = 0.1
_FULL_PAUSE_S: Final = 0.1
# For whoever listens at the path already.
_ANSWER_S: Final = 1.0


class ControlError(Exception):
    """There can be no such socket; one sentence for whoever started the broker."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"control_socket: cannot listen on {path}: {reason}")


def control_socket(config: Config) -> "ControlSocket | None":
    """The one that is asked for, or None. Raises ControlError; where none was asked for by name, the log tells why
    there is none.
    """
    path = control_path(config, os.environ)
    if not path:
        return None
    try:
        return ControlSocket(path)
    except ControlError as error:
        if config.control_socket != AUTO:
            raise
        log.warning("%s; commands will not reach this broker", error)
        return None


class ControlSocket:
    """Listens from its making to ``close``. Raises ControlError.

    A socket that a broker left behind as it was killed is replaced; one at which somebody answers is not.
    """

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        try:
            self._listener = _listen(self._path)
            found = self._path.lstat()
        except OSError as error:
            raise ControlError(path, error.strerror or str(error)) from None
        self._identity = (found.st_dev, found.st_ino)
        self._scope = trio.CancelScope()

    async def serve(self, shell: Shell) -> None:
        """Answer, until it is closed."""
        if self._listener.fileno() < 0:
            # The broker stopped before this task began.
            return
        slots = trio.Semaphore(_PEERS_MAX)
        listener = trio.socket.from_stdlib_socket(self._listener)
        with self._scope:
            async with trio.open_nursery() as peers:
                while True:
                    await slots.acquire()
                    try:
                        sock, _ = await listener.accept()
                    except OSError as error:
                        slots.release()
                        log.error("control socket: cannot accept: %s", error.strerror)
                        await trio.sleep(_FULL_PAUSE_S)
                        continue
                    peers.start_soon(self._meet, sock, shell, slots)

    def close(self) -> None:
        """Nobody is answered any more, and the socket is gone, unless it is another's by now."""
        if self._listener.fileno() < 0:
            return
        self._scope.cancel()
        self._listener.close()
        try:
            found = self._path.lstat()
            if (found.st_dev, found.st_ino) == self._identity:
                self._path.unlink()
        except OSError as error:
            log.debug("control socket: %s: %s", self._path, error.strerror)

    async def _meet(self, sock: trio.socket.SocketType, shell: Shell, slots: trio.Semaphore) -> None:
        try:
            with sock:
                await _Peer(trio.SocketStream(sock), shell, _who(sock)).answer_all()
        except trio.TooSlowError:
            log.debug("control socket: a connection was idle for %s s", _IDLE_S)
        except (OSError, trio.BrokenResourceError) as error:
            log.debug("control socket: a connection was lost: %s", error)
        except Exception:
            log.exception("control socket: internal error")
        finally:
            slots.release()


class _Peer:
    """One connection: lines that come, and the answer to each."""

    def __init__(self, stream: trio.SocketStream, shell: Shell, who: str) -> None:
        self._stream = stream
        self._shell = shell
        self._admin = Administration(shell.node, shell.ask)
        self._who = who
        self._unread = bytearray()

    async def answer_all(self) -> None:
        while True:
            with trio.fail_after(_IDLE_S):
                line = await self._line()
            if line is None:
                return
            answer = {"error": "the line is too long"} if len(line) > _LINE_MAX_BYTES else await self._answer(line)
            with trio.fail_after(_IDLE_S):
                await self._stream.send_all(json.dumps(answer).encode() + b"\n")
            if len(line) > _LINE_MAX_BYTES:
                # What follows is the rest of it.
                return

    async def _line(self) -> bytes | None:
        """The next line, or None at the end. A longer one than may be comes cut off, a byte too long."""
        unread = self._unread
        looked_at = 0
        while (end := unread.find(b"\n", looked_at)) < 0 and len(unread) <= _LINE_MAX_BYTES:
            looked_at = len(unread)
            data = await self._stream.receive_some(_READ_BYTES)
            if not data:
                return None
            unread += data
        size = len(unread) if end < 0 else end
        line = bytes(unread[: min(size, _LINE_MAX_BYTES + 1)])
        del unread[: size + 1]
        return line

    async def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            verb, arguments = _parsed(line)
            result = call(self._admin, verb, arguments)
        except (BadCall, Refused) as refusal:
            return {"error": str(refusal)}
        except Exception:
            # A bug of ours: the broker lives on.
            log.exception("control socket: internal error")
            return {"error": "internal error; the broker's log says more"}
        if verb in READS:
            return {"result": result}
        log.info("%s, asked for at the control socket by %s", verb, self._who)
        unsafe = await self._unsafe()
        return {"error": unsafe} if unsafe else {"result": result}

    async def _unsafe(self) -> str:
        """Waits until all that was changed is on the disk; why it is not."""
        node = self._shell.node
        definitions = node.definitions
        if definitions is None or definitions.is_done(definitions.writer.appended):
            return ""
        safe = trio.Event()
        Awaited([definitions], lambda _: safe.set())
        while not safe.is_set():
            if node.committing.failure is not None:
                why = node.committing.failure
                return f"done, but cannot be written to the data directory: {why}; that is tried again until it works"
            with trio.move_on_after(_LOOK_S):
                await safe.wait()
        return ""


def _parsed(line: bytes) -> tuple[Any, Any]:
    """Verb and arguments. Raises BadCall."""
    try:
        asked = json.loads(line)
    except (ValueError, RecursionError):
        raise BadCall("not a line of JSON") from None
    if not isinstance(asked, dict) or not asked.keys() <= {"verb", "arguments"}:
        raise BadCall('not an object with "verb" and "arguments"')
    return asked.get("verb"), asked.get("arguments", {})


def _who(sock: trio.socket.SocketType) -> str:
    """Whose the process at the other end is, for the log."""
    if not hasattr(socket, "SO_PEERCRED"):
        return "somebody"
    pid, uid, _ = struct.unpack("3i", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))
    return f"process {pid} of user {uid}"


def _listen(path: Path) -> socket.socket:
    """Raises OSError."""
    path.parent.mkdir(0o700, parents=True, exist_ok=True)
    _remove_left_over(path)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        with connectable(str(path)) as name:
            sock.bind(name)
        # Nobody can have connected yet, as nothing listens.
        path.chmod(0o600)
        sock.listen(_BACKLOG)
    except BaseException:
        sock.close()
        raise
    return sock


def _remove_left_over(path: Path) -> None:
    try:
        kind = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(kind):
        raise FileExistsError(errno.EEXIST, "there is something that is no socket")
    try:
        connected(str(path), _ANSWER_S).close()
    except ConnectionRefusedError:
        path.unlink()
    else:
        raise FileExistsError(errno.EADDRINUSE, "another broker listens there")
