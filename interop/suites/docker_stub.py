"""Stands in for the Docker daemon, as far as the fixtures of aio-pika and aiormq talk to it.

Both suites pull an image with RabbitMQ, start a container and ask which host ports it got. Here the "container" is
a broker that runs already, so every verb succeeds and the ports are that broker's. Nothing is ever pulled or started.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# tcpmux: nobody listens there, so whoever wants the HTTP API is refused at once instead of waiting.
CLOSED_PORT = 1
CLOSED_PORTS = ("15672/tcp", "15671/tcp")


class DockerStub(ThreadingHTTPServer):
    """An HTTP server on a free loopback port. It says that the container's 5672 is mapped to ``amqp_port``, and 5671 to
    ``amqps_port``.
    """

    daemon_threads = True

    def __init__(self, amqp_port: int, amqps_port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        ports = {"5672/tcp": amqp_port, "5671/tcp": amqps_port, **dict.fromkeys(CLOSED_PORTS, CLOSED_PORT)}
        bindings = {name: [{"HostIp": "127.0.0.1", "HostPort": str(port)}] for name, port in ports.items()}
        self.container = {"NetworkSettings": {"Ports": bindings}}

    @property
    def docker_host(self) -> str:
        """What belongs into the environment as DOCKER_HOST."""
        return f"tcp://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: DockerStub

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._answer({"Id": "broker"} if self.path == "/containers/create" else None)

    def do_GET(self) -> None:
        self._answer(self.server.container)

    def do_DELETE(self) -> None:
        self._answer(None)

    def _answer(self, document: object) -> None:
        body = b"" if document is None else json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Requests are no news."""


@contextmanager
def docker_stub(amqp_port: int, amqps_port: int) -> Iterator[DockerStub]:
    """Serve the stub from a thread for the length of the block."""
    with DockerStub(amqp_port, amqps_port) as stub:
        thread = threading.Thread(target=stub.serve_forever, name="docker-stub")
        thread.start()
        try:
            yield stub
        finally:
            stub.shutdown()
            thread.join()
