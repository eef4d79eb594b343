"""Workers for the tests of Dramatiq, and the actors, which know the broker."""

import pytest

from interop.clients.process import Program


def worker(url, *flags, prefetch=1):
    return Program(
        "dramatiq", "interop.clients.dramatiq.actors", "--processes", "1", *(flags or ("--threads", "4")),
        ready="Worker process is ready",
        environment={"BROKER_URL": url, "dramatiq_queue_prefetch": str(prefetch)},
    )  # fmt: skip


@pytest.fixture(scope="session")
def actors(url):
    import dramatiq

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BROKER_URL", url)
        from interop.clients.dramatiq import actors
    yield actors
    dramatiq.get_broker().close()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "lines"
