"""The stories of the clients that are installed, each told to a Leveret of its own that is restarted in it.

All at once: they wait more than they work. What has to be compiled first, and RabbitMQ, are for the command:
`python -m interop.clients`.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from interop.clients.story.entry import Client, all_clients
from interop.clients.story.outcome import Told, complaints
from interop.clients.story.program import told_by
from interop.leveret import Leveret

CLIENTS = {name: client for name, client in all_clients().items() if client.language in ("Python", "shell")}


@pytest.fixture(scope="module")
def stories(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[Told]]]:
    """By client; who is not installed is left out."""
    there = [client for client in CLIENTS.values() if client.version()]
    with ThreadPoolExecutor(len(there) or 1) as pool:
        yield {client.name: pool.submit(_told, client, tmp_path_factory.mktemp(client.name)) for client in there}


def _told(client: Client, folder: Path) -> Told:
    with ExitStack() as brokers:
        broker = brokers.enter_context(Leveret(0, "--data-dir", str(folder)))

        def restart() -> None:
            broker.stop()
            broker.start()

        told = told_by(client, folder, broker.url, restart)
        # A traceback in the log is a bug of the broker, even where no client noticed.
        assert "Traceback" not in broker.log, broker.log
        return told


@pytest.mark.parametrize("name", CLIENTS)
def test_each_step_holds(stories: dict[str, Future[Told]], name: str) -> None:
    if name not in stories:
        pytest.skip(f"not installed: python -m interop.clients.install {name}")
    assert complaints(stories[name].result(), None) == {}
