"""A disk that is full: publishers wait and are told why, consumers go on, nothing confirmed is lost; then all goes on.

The disk is a file system in memory of 24 MiB, mounted for each test, half of it taken by a ballast file.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel
from pika.channel import Channel
from pika.spec import Basic

from interop.crash import letters
from interop.crash.clients import abandon, connected, parameters
from interop.leveret import Leveret

DISK_MIB = 24
BALLAST_BYTES = 12 * 1024 * 1024
BODY_BYTES = 20_000
# At most so many publishes are not confirmed.
WINDOW = 200
PATIENCE_S = 20.0
# The disk is asked again each second.
RECOVERY_S = 5.0
PERSISTENT = pika.BasicProperties(delivery_mode=2)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """An empty small file system."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("mounting a small file system needs root")
    folder = tmp_path / "disk"
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={DISK_MIB}m", "tmpfs"]
    mounted = subprocess.run(["mount", *options, str(folder)], capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"mounting a small file system is refused: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


class Site:
    """The broker on the small disk, and the ballast beside its folder."""

    def __init__(self, disk: Path) -> None:
        self.ballast = disk / "ballast"
        self.ballast.write_bytes(bytes(BALLAST_BYTES))
        flags = ["--durability", "fsync", "--host", "127.0.0.1"]
        # Else publishers would be held back before it is full, and were so on a disk as small as this from the start.
        flags += ["--disk-free-limit-bytes", "0"]
        self.broker = Leveret(0, "--data-dir", str(disk / "data"), *flags)

    @property
    def url(self) -> str:
        return self.broker.url.rstrip("/") + "/%2f"


@pytest.fixture
def site(disk: Path) -> Iterator[Site]:
    site = Site(disk)
    with site.broker:
        with connected(site.url) as connection:
            connection.channel().queue_declare("q", durable=True)
        yield site
        assert "Traceback" not in site.broker.log, site.broker.log


class Publisher:
    """Publishes and never waits, but for WINDOW confirms; drives its own loop until a condition holds."""

    def __init__(self, url: str) -> None:
        self.sent = 0
        self.confirmed: set[int] = set()
        self.blocked: list[str] = []
        self.unblocked = 0
        self.stopping = False
        self._channel: Channel | None = None
        self.connection = pika.SelectConnection(
            parameters(url), on_open_callback=lambda connection: connection.channel(on_open_callback=self._opened)
        )
        self.connection.add_on_connection_blocked_callback(
            lambda _, frame: self.blocked.append(frame.method.reason)  # type: ignore[no-untyped-call]
        )
        self.connection.add_on_connection_unblocked_callback(self._on_unblocked)
        self.connection.ioloop.activate_poller()

    def _on_unblocked(self, *_: object) -> None:
        self.unblocked += 1

    def _opened(self, channel: Channel) -> None:
        self._channel = channel
        channel.confirm_delivery(self._on_confirm, callback=lambda _: self.fill())

    def fill(self) -> None:
        """Tag and number are the same, as numbers begin at 1."""
        assert self._channel is not None
        while not self.stopping and self.sent - len(self.confirmed) < WINDOW:
            self.sent += 1
            self._channel.basic_publish("", "q", letters.write((1, self.sent), BODY_BYTES), PERSISTENT)

    def _on_confirm(self, frame: Any) -> None:
        method = frame.method
        assert isinstance(method, Basic.Ack), method
        first = min(set(range(1, self.sent + 1)) - self.confirmed) if method.multiple else method.delivery_tag
        self.confirmed.update(range(first, method.delivery_tag + 1))
        self.fill()

    def until(self, condition: Callable[[], object], seconds: float = PATIENCE_S) -> float:
        """Run until it holds, and tell how long that took."""
        began = time.monotonic()
        loop = self.connection.ioloop
        while not condition():
            assert time.monotonic() - began < seconds, (self.sent, len(self.confirmed), self.blocked, self.unblocked)
            # The loop's own poll ends with the first event, or with this.
            timer = loop.call_later(0.2, lambda: None)
            loop.poll()
            loop.process_timeouts()
            loop.remove_timeout(timer)
        return time.monotonic() - began

    def leave(self) -> None:
        """Without a word."""
        abandon(self)  # type: ignore[arg-type]

    @property
    def _impl(self) -> pika.SelectConnection:
        return self.connection


@pytest.fixture
def publisher(site: Site) -> Iterator[Publisher]:
    publisher = Publisher(site.url)
    yield publisher
    publisher.leave()


def fill_up(publisher: Publisher) -> None:
    """Until the broker says that the disk is full."""
    publisher.until(lambda: publisher.blocked)
    assert publisher.blocked == ["low on disk"]
    assert 0 < len(publisher.confirmed) < publisher.sent
    publisher.stopping = True


def take(channel: BlockingChannel, count: int) -> list[tuple[int, bool]]:
    """That many messages from the queue: numbers, and whether they came before. Acks each."""
    got = []
    for method, _, body in itertools.islice(channel.consume("q", inactivity_timeout=PATIENCE_S), count):
        assert method is not None, f"{len(got)} of {count} messages came"
        got.append((letters.read(body)[1], method.redelivered))
        channel.basic_ack(method.delivery_tag)
    return got


def waiting(channel: BlockingChannel) -> int:
    return channel.queue_declare("q", passive=True).method.message_count


@contextlib.contextmanager
def channel_of(site: Site) -> Iterator[BlockingChannel]:
    with connected(site.url) as connection:
        channel = connection.channel()
        channel.basic_qos(prefetch_count=50)
        yield channel


def test_a_full_disk_holds_publishers_back_and_loses_nothing(site: Site, publisher: Publisher) -> None:
    fill_up(publisher)
    # Who consumes goes on, and who asks is answered.
    with channel_of(site) as channel:
        assert [number for number, _ in take(channel, 100)] == list(range(1, 101))
        channel.cancel()
    confirmed = len(publisher.confirmed)
    assert publisher.unblocked == 0
    site.ballast.unlink()
    took = publisher.until(lambda: publisher.unblocked, RECOVERY_S)
    publisher.until(lambda: len(publisher.confirmed) == publisher.sent, RECOVERY_S)
    assert confirmed < publisher.sent
    assert took < RECOVERY_S
    assert publisher.blocked == ["low on disk"]
    assert publisher.unblocked == 1
    assert "No space left on device" in site.broker.log
    assert "the data directory can be written to again" in site.broker.log
    publisher.leave()
    assert site.broker.stop() == 0
    site.broker.start()
    with channel_of(site) as channel:
        left = waiting(channel)
        assert left == publisher.sent - 100
        assert [number for number, _ in take(channel, left)] == list(range(101, publisher.sent + 1))
        assert waiting(channel) == 0


def test_a_broker_killed_on_a_full_disk_has_all_that_it_confirmed(site: Site, publisher: Publisher) -> None:
    fill_up(publisher)
    with channel_of(site) as channel:
        taken = [number for number, _ in take(channel, 100)]
        assert taken == list(range(1, 101))
        channel.cancel()
    site.broker.kill()
    publisher.leave()
    site.ballast.unlink()
    site.broker.start()
    with channel_of(site) as channel:
        left = waiting(channel)
        got = take(channel, left)
        numbers = [number for number, _ in got]
        # The acks of the first may have been safe or not; what was not confirmed may be there, up to some message.
        assert numbers == list(range(numbers[0], numbers[-1] + 1))
        assert numbers[0] <= 101
        assert max(publisher.confirmed) <= numbers[-1] <= publisher.sent
        assert all(redelivered for _, redelivered in got)
        assert waiting(channel) == 0


def test_a_broker_that_starts_on_a_full_disk_gives_out_what_it_has(site: Site, publisher: Publisher) -> None:
    """There is room ahead in the log of definitions, so it can write down that it runs."""
    fill_up(publisher)
    site.broker.kill()
    publisher.leave()
    with contextlib.suppress(OSError), site.ballast.with_name("more").open("wb", buffering=0) as more:
        while True:
            more.write(bytes(4096))
    site.broker.start()
    with channel_of(site) as channel:
        left = waiting(channel)
        assert max(publisher.confirmed) <= left <= publisher.sent
        assert [number for number, _ in take(channel, left)] == list(range(1, left + 1))
        channel.cancel()
        site.ballast.unlink()
        channel.confirm_delivery()
        channel.basic_publish("", "q", letters.write((1, 0), BODY_BYTES), PERSISTENT)
        assert take(channel, 1) == [(0, False)]
