"""A pytest plugin: whoever connects to port 5672 of this machine is connected to $SUITE_AMQP_PORT, 5671 likewise.

For suites that know no other ports than RabbitMQ's own. Loaded with ``-p usual_ports`` into the suite's own test run,
so it imports nothing of this project. Both ways of connecting go by here: asyncio's sockets are these, too.
"""

from __future__ import annotations

import os
import socket
from typing import Any

_PORTS = {5672: int(os.environ["SUITE_AMQP_PORT"]), 5671: int(os.environ["SUITE_AMQPS_PORT"])}
_HERE = ("127.0.0.1", "::1", "localhost")


def _elsewhere(address: Any) -> Any:
    if isinstance(address, tuple) and address[0] in _HERE and address[1] in _PORTS:
        return (address[0], _PORTS[address[1]], *address[2:])
    return address


class _Socket(socket.socket):
    __slots__ = ()

    def connect(self, address: Any) -> None:
        super().connect(_elsewhere(address))

    def connect_ex(self, address: Any) -> int:
        return super().connect_ex(_elsewhere(address))


socket.socket = _Socket  # type: ignore[misc]
