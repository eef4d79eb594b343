"""A broker that is stopped or killed and started again on its data: what is durable is there, and nothing else.

A test is told as a story: up to each ``channel = yield`` it does what it likes with the broker; then that is ended and
started again, and the story goes on with a new channel. All stories share one broker, and its restarts.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPError, ChannelClosedByBroker

from interop.clients.pika.conftest import parameters
from interop.leveret import Leveret, StartFailed

PERSISTENT = pika.BasicProperties(delivery_mode=2)
TRANSIENT = pika.BasicProperties(delivery_mode=1)

Story = Callable[["Site"], Generator[None, BlockingChannel, None]]
# By the story's name.
Failures = dict[str, BaseException]

_stories: dict[str, Story] = {}


class Site:
    """The broker, the way it ends, and what one story has of it: connections, and names that nobody else uses."""

    def __init__(self, broker: Leveret, end: str, data: Path, story: str) -> None:
        """``end``: "stop" or "kill"; ``data``: the broker's folder."""
        self.broker = broker
        self.end = end
        self.data = data
        self._story = story
        self._connections: list[pika.BlockingConnection] = []

    def name(self, what: str = "q") -> str:
        return f"{self._story}-{what}"

    def channel(self, *, confirms: bool = True) -> BlockingChannel:
        """A channel on a connection of its own."""
        self._connections.append(pika.BlockingConnection(parameters(self.broker.url)))
        channel = self._connections[-1].channel()
        if confirms:
            channel.confirm_delivery()
        return channel

    def answer(self) -> None:
        """A stopping broker waits for its clients' close-ok, and a blocking client answers when it is asked to look."""
        deadline = time.monotonic() + 5
        for connection in self._connections:
            with contextlib.suppress(AMQPError):
                while connection.is_open and time.monotonic() < deadline:
                    connection.process_data_events(0.1)

    def close(self) -> None:
        for connection in self._connections:
            with contextlib.suppress(AMQPError):
                connection.close()
            connection._impl.ioloop.close()
        self._connections.clear()


def story(tell: Story) -> Callable[..., None]:
    """Make a test of a story: it fails with what the story failed with."""

    def test(failures: Failures) -> None:
        if tell.__name__ in failures:
            raise failures[tell.__name__]

    _stories[tell.__name__] = tell
    test.__doc__ = tell.__doc__
    return test


@pytest.fixture(scope="module", params=["stop", "kill"])
def failures(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Failures]:
    """Tell all stories; what each one failed with, by its name."""
    if "INTEROP_URL" in os.environ:
        pytest.skip("stops and kills its broker; INTEROP_URL's is not ours to stop")
    data = tmp_path_factory.mktemp(request.param) / "data"
    with Leveret(0, "--data-dir", str(data)) as broker:
        yield told(broker, request.param, data)
        assert "Traceback" not in broker.log, broker.log


def told(broker: Leveret, end: str, data: Path) -> Failures:
    sites = {name: Site(broker, end, data, name.removeprefix("test_")[:60]) for name in _stories}
    tales = {name: tell(sites[name]) for name, tell in _stories.items()}
    failed: Failures = {}
    channels: dict[str, BlockingChannel | None] = dict.fromkeys(tales)
    while tales:
        for name, tale in list(tales.items()):
            try:
                tale.send(channels[name])
            except StopIteration:
                del tales[name]
            except KeyboardInterrupt:
                raise
            except BaseException as failure:  # pytest's own failures are no Exceptions
                failed[name] = failure
                del tales[name]
        if tales:
            again(broker, end, list(sites.values()))
            channels = {name: sites[name].channel() for name in tales}
    for site in sites.values():
        site.close()
    return failed


def again(broker: Leveret, end: str, sites: list[Site]) -> None:
    """End the broker in that way, and start it on the same data."""
    if end == "kill":
        broker.kill()
    else:
        broker.terminate()
        for site in sites:
            site.answer()
        assert broker.wait() == 0
    for site in sites:
        site.close()
    broker.start()


def durable(channel: BlockingChannel, queue: str, *bodies: bytes) -> str:
    """A durable queue with persistent messages, all confirmed."""
    channel.queue_declare(queue, durable=True)
    for body in bodies:
        channel.basic_publish("", queue, body, PERSISTENT, mandatory=True)
    return queue


def all_of(channel: BlockingChannel, queue: str) -> list[tuple[bytes, bool]]:
    """What waits in the queue, taken out of it: (body, redelivered) each."""
    found = []
    while (got := channel.basic_get(queue, auto_ack=True))[0] is not None:
        found.append((got[2], got[0].redelivered))
    return found


def bodies(channel: BlockingChannel, queue: str) -> list[bytes]:
    """The same without the flags."""
    return [body for body, _ in all_of(channel, queue)]


def numbers(*bounds: int) -> list[bytes]:
    """Bodies: as ``range``."""
    return [str(number).encode() for number in range(*bounds)]


def count(channel: BlockingChannel, queue: str) -> int:
    return channel.queue_declare(queue, passive=True).method.message_count


def missing(channel: BlockingChannel, method: str, name: str) -> bool:
    """Whether a passive declare finds nothing of that name."""
    asking = channel.connection.channel()
    try:
        getattr(asking, method)(name, passive=True)
    except ChannelClosedByBroker as refused:
        if refused.reply_code != 404:
            raise
        return True
    asking.close()
    return False


def refusal(channel: BlockingChannel, method: str, *arguments: object, **named: object) -> str:
    """The broker's words when a request costs the channel: not this one, but one beside it."""
    asking = channel.connection.channel()
    asking.confirm_delivery()
    with pytest.raises(ChannelClosedByBroker) as refused:
        getattr(asking, method)(*arguments, **named)
    return str(refused.value.reply_text)


def read(channel: BlockingChannel, stream: str, offset: object, most: int) -> list[tuple[int, bytes]]:
    """(offset, body) of so many messages of a stream; fewer where no more come."""
    found: list[tuple[int, bytes]] = []
    reading = channel.connection.channel()
    reading.basic_qos(prefetch_count=most)
    for method, properties, body in reading.consume(
        stream, arguments={"x-stream-offset": offset}, inactivity_timeout=2
    ):
        if method is not None:
            found.append((properties.headers["x-stream-offset"], body))
        if method is None or len(found) == most:
            break
    reading.close()
    return found


# -- definitions


@story
def test_durable_queues_and_exchanges_come_back_and_others_do_not(site):
    channel = site.channel()
    lasting, passing = site.name("lasting"), site.name("passing")
    channel.queue_declare(lasting, durable=True)
    channel.queue_declare(passing)
    mine = channel.queue_declare("", durable=True, exclusive=True).method.queue
    channel.exchange_declare(lasting, "topic", durable=True)
    channel.exchange_declare(passing, "topic")
    channel = yield
    assert not missing(channel, "queue_declare", lasting)
    assert missing(channel, "queue_declare", passing)
    assert missing(channel, "queue_declare", mine), "its connection is gone"
    assert not missing(channel, "exchange_declare", lasting)
    assert missing(channel, "exchange_declare", passing)


@story
def test_queues_come_back_with_their_arguments(site):
    channel, name = site.channel(), site.name()
    arguments = {"x-max-length": 7, "x-message-ttl": 60_000, "x-mine": [1, {"deep": "text"}], "x-queue-mode": "lazy"}
    quorum = {"x-queue-type": "quorum"}
    channel.queue_declare(name, durable=True, arguments=arguments)
    channel.queue_declare(name + "-quorum", durable=True, arguments=quorum)
    channel = yield
    assert not missing(channel, "queue_declare", name), "else it would be declared anew here"
    channel.queue_declare(name, durable=True, arguments=arguments)
    channel.queue_declare(name + "-quorum", durable=True, arguments=quorum)
    words = f"PRECONDITION_FAILED - inequivalent arg '{{}}' for queue '{name}' in vhost '/': received '{{}}' but {{}}"
    changed = {**arguments, "x-max-length": 8}
    refused = refusal(channel, "queue_declare", name, durable=True, arguments=changed)
    assert refused == words.format("x-max-length", 8, "current is '7'")
    refused = refusal(channel, "queue_declare", name, arguments=arguments)
    assert refused == words.format("durable", "false", "current is 'true'")


@story
def test_exchanges_come_back_with_kind_arguments_and_properties(site):
    channel, name = site.channel(), site.name("x")
    alternate = {"alternate-exchange": "amq.fanout"}
    channel.exchange_declare(name, "headers", durable=True, arguments=alternate)
    channel.exchange_declare(name + "-inner", durable=True, internal=True)
    channel = yield
    assert not missing(channel, "exchange_declare", name), "else it would be declared anew here"
    channel.exchange_declare(name, "headers", durable=True, arguments=alternate)
    channel.exchange_declare(name + "-inner", durable=True, internal=True)
    words = f"PRECONDITION_FAILED - inequivalent arg '{{}}' for exchange '{name}' in vhost '/': {{}}"
    assert refusal(channel, "exchange_declare", name, "topic", durable=True) == words.format(
        "type", "received 'topic' but current is 'headers'"
    )
    assert refusal(channel, "exchange_declare", name, "headers", durable=True) == words.format(
        "alternate-exchange", "received none but current is the value 'amq.fanout' of type 'longstr'"
    )
    assert refusal(channel, "basic_publish", name + "-inner", "key", b"x") == (
        f"ACCESS_REFUSED - cannot publish to internal exchange '{name}-inner' in vhost '/'"
    )


@story
def test_bindings_come_back_with_keys_and_arguments(site):
    channel, name = site.channel(), site.name()
    other, passing = site.name("other"), site.name("passing")
    for queue in (name, other):
        channel.queue_declare(queue, durable=True)
    channel.queue_declare(passing)
    for exchange, kind in ((name + "-out", "fanout"), (name + "-direct", "direct")):
        channel.exchange_declare(exchange, kind, durable=True)
    channel.exchange_declare(name, "headers", durable=True, arguments={"alternate-exchange": name + "-out"})
    channel.queue_bind(name, name, "", {"x-match": "all", "fur": "brown", "legs": 4})
    channel.queue_bind(name, "amq.topic", "hare.*.#")
    channel.queue_bind(passing, "amq.topic", "#")
    channel.queue_bind(name, name + "-direct", "undone")
    channel.queue_unbind(name, name + "-direct", "undone")
    channel.exchange_bind(name + "-direct", "amq.topic", "fox")
    channel.queue_bind(name, name + "-direct", "fox")
    channel.queue_bind(other, name + "-out", "")
    channel = yield
    for exchange, key, headers in [
        (name, "brown hare", {"fur": "brown", "legs": 4}),
        (name, "three legs", {"fur": "brown", "legs": 3}),
        ("amq.topic", "hare.north.east", {}),
        ("amq.topic", "fox", {}),
        ("amq.topic", "badger", {}),
        (name + "-direct", "undone", {}),
    ]:
        channel.basic_publish(exchange, key, key.encode(), pika.BasicProperties(headers=headers))
    assert bodies(channel, name) == [b"brown hare", b"hare.north.east", b"fox"]
    assert bodies(channel, other) == [b"three legs"], "the alternate exchange takes what matches nothing"


@story
def test_what_was_deleted_does_not_come_back(site):
    channel, name = site.channel(), site.name()
    durable(channel, name, b"x")
    channel.exchange_declare(name, "fanout", durable=True)
    channel.queue_bind(name, name)
    channel.queue_delete(name)
    channel.exchange_delete(name)
    channel = yield
    assert missing(channel, "queue_declare", name)
    assert missing(channel, "exchange_declare", name)
    durable(channel, name)
    assert bodies(channel, name) == [], "the new queue has the old one's messages"
    channel = yield
    assert bodies(channel, name) == []


# -- messages


@story
def test_persistent_messages_come_back_in_order_and_transient_ones_do_not(site):
    channel, name = site.channel(), site.name()
    durable(channel, name)
    for number, body in enumerate(numbers(200)):
        channel.basic_publish("", name, body, PERSISTENT if number % 3 else TRANSIENT)
    expected = [body for number, body in enumerate(numbers(200)) if number % 3]
    channel = yield
    assert count(channel, name) == len(expected)
    assert bodies(channel, name) == expected


@story
def test_messages_come_back_as_they_were_sent(site):
    channel, name = site.channel(), site.name()
    durable(channel, name)
    channel.exchange_declare(name, "topic", durable=True)
    channel.queue_bind(name, name, "hare.#")
    sent = pika.BasicProperties(
        content_type="text/plain", content_encoding="utf-8", headers={"number": 17, "deep": {"list": [1, None, "ü"]}},
        delivery_mode=2, priority=9, correlation_id="correlation", reply_to="reply", expiration="3600000",
        message_id="id", timestamp=1_767_323_045, type="kind", user_id="guest", app_id="tests", cluster_id="cluster",
    )  # fmt: skip
    sizes = (0, 1, 131_064, 131_065, 3_000_000)
    for size in sizes:
        channel.basic_publish(name, "hare.brown", bytes(range(256)) * (size // 256) + b"." * (size % 256), sent)
    channel = yield
    for size in sizes:
        method, properties, body = channel.basic_get(name, auto_ack=True)
        assert (method.exchange, method.routing_key) == (name, "hare.brown")
        assert vars(properties) == vars(sent)
        assert body == bytes(range(256)) * (size // 256) + b"." * (size % 256)


@story
def test_each_queue_of_a_fanout_has_its_own_copy(site):
    channel, name = site.channel(), site.name()
    one, two, three = (site.name(which) for which in ("one", "two", "three"))
    channel.exchange_declare(name, "fanout", durable=True)
    for queue in (one, two, three):
        channel.queue_declare(queue, durable=True)
        channel.queue_bind(queue, name)
    for body in numbers(3):
        channel.basic_publish(name, "", body, PERSISTENT)
    channel.basic_ack(channel.basic_get(two)[0].delivery_tag)
    assert channel.queue_purge(three).method.message_count == 3
    # An ack has no answer, but what is confirmed behind it has taken it along.
    for queue in (two, three):
        channel.basic_publish("", queue, b"last", PERSISTENT)
    channel = yield
    assert bodies(channel, one) == numbers(3)
    assert bodies(channel, two) == [b"1", b"2", b"last"]
    assert bodies(channel, three) == [b"last"]


@story
def test_what_had_been_out_is_marked_as_redelivered(site):
    """After a stop exactly that; after a kill nobody knows what had been out, so everything may be marked."""
    channel, name = site.channel(), site.name()
    durable(channel, name, *numbers(6))
    tags = [channel.basic_get(name)[0].delivery_tag for _ in range(4)]
    channel.basic_ack(tags[1])
    channel.basic_nack(tags[2], requeue=True)
    durable(channel, name, b"6")
    channel = yield
    assert channel.basic_get(name)[2] == b"0"
    channel = yield
    found = all_of(channel, name)
    assert [body for body, _ in found] == [b"0", b"2", b"3", b"4", b"5", b"6"]
    assert [flag for _, flag in found[:3]] == [True, True, True]
    if site.end == "stop":
        assert [flag for _, flag in found[3:]] == [False, False, False]


@story
def test_what_was_acked_stays_away(site):
    channel, name = site.channel(), site.name()
    durable(channel, name, *numbers(100))
    channel.basic_qos(prefetch_count=100)
    for method, _, body in channel.consume(name, inactivity_timeout=5):
        assert method is not None, "nothing came"
        if int(body) % 2:
            channel.basic_ack(method.delivery_tag)
        if int(body) == 99:
            break
    durable(channel, name, b"100")
    channel = yield
    assert bodies(channel, name) == numbers(0, 101, 2)


@story
def test_a_queue_goes_on_over_many_restarts(site):
    channel, name = site.channel(), site.name()
    expected: list[bytes] = []
    for number in range(3):
        fresh = [b"%d.%d" % (number, part) for part in range(3)]
        durable(channel, name, *fresh)
        expected += fresh
        method, _, body = channel.basic_get(name)
        channel.basic_ack(method.delivery_tag)
        assert body == expected.pop(0)
        durable(channel, name, b"end")
        expected.append(b"end")
        channel = yield
    assert bodies(channel, name) == expected


@story
def test_a_backlog_beyond_the_window_in_memory_comes_back(site):
    """12 MB wait: memory holds 8 of them, the others are read from the disk."""
    channel, name = site.channel(confirms=False), site.name()
    durable(channel, name)
    for number in numbers(240):
        channel.basic_publish("", name, number.ljust(50_000, b"."), PERSISTENT)
    channel.close()  # its answer comes after all of them
    # What a log took in behind them is confirmed after they are safe.
    durable(site.channel(), name, b"240")
    channel = yield
    assert count(channel, name) == 241
    channel.basic_qos(prefetch_count=20)
    seen: list[bytes] = []
    for method, _, body in channel.consume(name, inactivity_timeout=5):
        assert method is not None, f"nothing came for five seconds after {len(seen)} messages"
        seen.append(body.rstrip(b"."))
        channel.basic_ack(method.delivery_tag)
        if len(seen) == 241:
            break
    assert seen == numbers(241)


@story
def test_what_a_transaction_did_is_there_after_its_commit(site):
    channel, name = site.channel(), site.name()
    durable(channel, name, b"settled", b"kept")
    tx = site.channel(confirms=False)
    tx.tx_select()
    tx.basic_ack(tx.basic_get(name)[0].delivery_tag)
    for body in numbers(20):
        tx.basic_publish("", name, body, PERSISTENT)
    tx.tx_commit()
    tx.basic_publish("", name, b"never committed", PERSISTENT)
    tx.basic_get(name)
    channel = yield
    assert bodies(channel, name) == [b"kept", *numbers(20)]


# -- streams


@story
def test_a_stream_comes_back_with_its_offsets_and_goes_on(site):
    channel, name = site.channel(), site.name()
    arguments = {"x-queue-type": "stream", "x-max-age": "7D", "x-stream-filter-size-bytes": 32}
    channel.queue_declare(name, durable=True, arguments=arguments)
    channel.queue_bind(name, "amq.topic", name)
    for begin in (0, 20, 40):
        for number in range(begin, begin + 20):
            # Streams keep everything, whatever its delivery mode.
            properties = TRANSIENT if number % 2 else PERSISTENT
            channel.basic_publish("amq.topic", name, str(number).encode(), properties)
        channel = yield
        channel.queue_declare(name, durable=True, arguments=arguments)
        assert count(channel, name) == begin + 20
        assert read(channel, name, "first", begin + 20) == list(enumerate(numbers(begin + 20)))
    assert read(channel, name, 33, 27) == list(enumerate(numbers(60)))[33:]
    assert read(channel, name, "last", 1) == [(59, b"59")]


@story
def test_retention_takes_old_segments_off_the_disk_for_good(site):
    channel, name = site.channel(), site.name()
    limits = {"x-max-length-bytes": 40_000, "x-stream-max-segment-size-bytes": 10_000}
    # The one log in the folder with a mark of its own.
    before = {path.name for path in (site.data / "logs").iterdir()}
    channel.queue_declare(name, durable=True, arguments={"x-queue-type": "stream", **limits})
    durable_bodies = [number.ljust(1000, b".") for number in numbers(200)]
    for body in durable_bodies:
        channel.basic_publish("", name, body)
    on_disk = sum(path.stat().st_size for path in (site.data / "logs").iterdir() if path.name not in before)
    assert 20_000 < on_disk < 60_000, f"200,000 bytes were published, {on_disk} are kept"
    kept = count(channel, name)
    assert 20 <= kept <= 50
    expected = list(enumerate(durable_bodies))[-kept:]
    assert read(channel, name, 0, 1) == expected[:1], "who asks for what is gone gets the oldest there is"
    channel = yield
    assert count(channel, name) == kept
    assert read(channel, name, "first", kept) == expected
    channel.basic_publish("", name, b"more")
    assert read(channel, name, 200, 1) == [(200, b"more")]


@story
def test_a_deleted_stream_is_gone_and_its_successor_empty(site):
    channel, name = site.channel(), site.name()
    stream = {"durable": True, "arguments": {"x-queue-type": "stream"}}
    channel.queue_declare(name, **stream)
    channel.basic_publish("", name, b"old")
    channel.queue_delete(name)
    channel = yield
    assert missing(channel, "queue_declare", name)
    channel.queue_declare(name, **stream)
    channel.basic_publish("", name, b"new")
    channel = yield
    assert read(channel, name, "first", 1) == [(0, b"new")]
    assert count(channel, name) == 1


# -- with a broker of their own


def test_what_was_declared_is_there_after_a_kill_right_behind_the_answer(lasting, tmp_path):
    site = Site(lasting, "kill", tmp_path / "data", "declared")
    for number in range(3):
        channel = site.channel()
        channel.queue_declare(f"q{number}", durable=True)
        channel.queue_bind(f"q{number}", "amq.fanout")
        again(lasting, "kill", [site])
    channel = site.channel()
    channel.basic_publish("amq.fanout", "", b"x", PERSISTENT)
    found = [bodies(channel, f"q{number}") for number in range(3)]
    site.close()
    assert found == [[b"x"], [b"x"], [b"x"]]


def test_a_second_broker_is_kept_from_the_data(lasting, tmp_path):
    second = Leveret(0, "--data-dir", str(tmp_path / "data"))
    with contextlib.ExitStack() as cleanly:
        cleanly.push(second)
        with pytest.raises(StartFailed, match="in use by another broker"):
            second.start()
    pika.BlockingConnection(parameters(lasting.url)).close()
