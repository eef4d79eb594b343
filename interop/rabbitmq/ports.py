"""Free ports of this machine's loopback."""

import contextlib
import socket


def free_ports(*names: str) -> dict[str, int]:
    """A port for each name. Whoever binds them late may find one taken."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in names]
        for sock in sockets:
            sock.bind(("127.0.0.1", 0))
        return {name: sock.getsockname()[1] for name, sock in zip(names, sockets, strict=True)}
