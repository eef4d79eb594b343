"""Paths of Unix sockets that are longer than the 107 bytes which an address has room for."""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_ADDRESS_MAX_BYTES = 107 if sys.platform == "linux" else 103


@contextmanager
def connectable(path: str) -> Iterator[str]:
    """A name for ``path`` that fits, for the length of the block.

    On Linux its folder is opened, and the name begins with /proc/self/fd. Raises OSError.
    """
    if len(os.fsencode(path)) <= _ADDRESS_MAX_BYTES:
        yield path
        return
    if sys.platform != "linux":
        raise OSError(0, f"a socket's path has {_ADDRESS_MAX_BYTES} bytes at most")
    folder, name = os.path.split(path)
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{fd}/{name}"
    finally:
        os.close(fd)


def connected(path: str, timeout_s: float) -> socket.socket:
    """A connection to who listens there; no answer takes longer than ``timeout_s``. Raises OSError."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.settimeout(timeout_s)
        with connectable(path) as name:
            sock.connect(name)
    except BaseException:
        sock.close()
        raise
    return sock
