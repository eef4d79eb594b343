"""Records the corpus anew: ``python -m tests.fuzz.record [STORY …]``.

Real clients tell one short story each (``stories/``) to a broker, by way of a proxy that writes down what they say. A
client that this machine does not have is skipped aloud, and its recording stays as it is.
"""

import argparse
import shutil
import subprocess
import sys
from functools import partial

import trio

import broker
from tests.fuzz import recordings, stored

STORIES = stored.ROOM / "stories"
_SECONDS_MAX = 120

# By the name of the client: how its story is told. Debian's packages of the others are librabbitmq-client-java,
# golang-github-rabbitmq-amqp091-go-dev, ruby-bunny, php-amqplib and amqp-tools.
_COMMANDS: dict[str, list[str]] = {
    "pika": [sys.executable, str(STORIES / "pika_story.py")],
    "aio_pika": [sys.executable, str(STORIES / "aio_pika_story.py")],
    "py_amqp": [sys.executable, str(STORIES / "py_amqp_story.py")],
    "java": [
        "java",
        "-cp",
        "/usr/share/java/amqp-client.jar:/usr/share/java/slf4j-api.jar",
        str(STORIES / "Story.java"),
    ],
    "go": ["env", "GO111MODULE=off", "GOPATH=/usr/share/gocode", "go", "run", str(STORIES / "story.go")],
    "bunny": ["ruby", str(STORIES / "story.rb")],
    "php": ["php", str(STORIES / "story.php")],
    "rabbitmq_c": ["sh", str(STORIES / "story.sh")],
}


class Proxy:
    """``streams`` are what clients said, a connection each."""

    def __init__(self, port: int) -> None:
        self.streams: list[bytes] = []
        self._port = port

    async def serve_one(self, client: trio.SocketStream) -> None:
        said = bytearray()
        server = await trio.open_tcp_stream("127.0.0.1", self._port)
        async with client, server, trio.open_nursery() as nursery:
            nursery.start_soon(self._pump, client, server, said, nursery.cancel_scope)
            nursery.start_soon(self._pump, server, client, None, nursery.cancel_scope)
        self.streams.append(bytes(said))

    @staticmethod
    async def _pump(source, sink, said: bytearray | None, scope: trio.CancelScope) -> None:
        try:
            async for data in source:
                if said is not None:
                    said += data
                await sink.send_all(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        scope.cancel()


async def record(name: str) -> str | None:
    """What the client of this name says goes into its file. Returns why not, where it cannot be had."""
    if shutil.which(_COMMANDS[name][0]) is None:
        return f"there is no {_COMMANDS[name][0]}"
    async with broker.serve(port=0) as b, trio.open_nursery() as nursery:
        proxy = Proxy(int(b.url.rsplit(":", 1)[1].rstrip("/")))
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(partial(trio.serve_listeners, proxy.serve_one, [listener]))
        port = listener.socket.getsockname()[1]
        with trio.move_on_after(_SECONDS_MAX):
            done = await trio.run_process(
                [*_COMMANDS[name], f"amqp://guest:guest@127.0.0.1:{port}/%2f"],
                check=False, capture_stdout=True, stderr=subprocess.STDOUT,
            )  # fmt: skip
            if done.returncode:
                nursery.cancel_scope.cancel()
                return done.stdout.decode(errors="replace").strip()[-500:] or f"it ended with {done.returncode}"
            await trio.sleep(0.1)
        nursery.cancel_scope.cancel()
    words = f"What {name} sends, a connection a line; recorded by python -m tests.fuzz.record {name}."
    stored.write(recordings.RECORDED / f"{name}.txt", sorted(proxy.streams, key=len), words)
    print(f"{name}: {len(proxy.streams)} connections, {sum(map(len, proxy.streams))} bytes", flush=True)
    return None


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.record", description=__doc__)
    parser.add_argument("stories", nargs="*", metavar="STORY", help=f"of {', '.join(_COMMANDS)}; else all")
    for name in parser.parse_args().stories or _COMMANDS:
        why_not = trio.run(record, name)
        if why_not is not None:
            print(f"{name} is skipped: {why_not}", flush=True)


if __name__ == "__main__":
    main()
