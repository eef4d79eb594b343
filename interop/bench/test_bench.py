"""The instruments: a benchmark that miscounts is worse than none."""

import socket
import subprocess
import sys

import pytest
from pamqp import body, commands, frame, header

from interop.bench import brokers, growth, process, scenarios, wire
from interop.bench.client import Client, Refused
from interop.bench.confirms import Confirms
from interop.bench.ends import ConfirmedPublisher, Consumer, Garbled, Publisher
from interop.bench.flow import Deep, Flow
from interop.bench.load import Load, lasting

TAPE = wire.AckTape(ready=0)


def delivery(tag: int, content: bytes = b"0123456789abcdef", **properties) -> bytes:
    frames = [
        commands.Basic.Deliver(consumer_tag="bench", delivery_tag=tag, exchange="logs", routing_key="a.b"),
        header.ContentHeader(
            body_size=len(content), properties=commands.Basic.Properties(delivery_mode=1, **properties)
        ),
        *(body.ContentBody(content[start : start + 10]) for start in range(0, len(content), 10)),
    ]
    return b"".join(frame.marshal(each, 1) for each in frames)


class FakeClient:
    """The client's end of a socket pair, past the set-up; ``early`` is what came together with consume-ok."""

    def __init__(self, end: socket.socket, early: bytes = b"") -> None:
        self.socket = end
        self._early = early

    def call(self, method: object) -> None:
        pass

    def rest(self) -> bytes:
        return self._early


@pytest.mark.parametrize("content", [b"", b"x", b"0123456789abcdef"])
def test_the_shape_is_known_once_a_delivery_is_whole(content):
    data = delivery(7, content)
    for end in range(len(data)):
        assert wire.delivery_shape(data[:end]) is None
    shape = wire.delivery_shape(data + delivery(8, content))
    assert shape is not None
    assert shape.length == len(data)
    assert shape.tag(bytearray(data), 0) == 7


def test_what_is_no_delivery_is_refused():
    with pytest.raises(ValueError, match="a delivery was expected"):
        wire.delivery_shape(frame.marshal(commands.Basic.Cancel("bench"), 1))


@pytest.mark.parametrize("persistent", [False, True])
@pytest.mark.parametrize("rich", [False, True])
def test_a_block_holds_whole_publishes_of_one_length(rich, persistent):
    block = wire.publish_block("logs", "a.b", 40, rich=rich, frame_max=4096, persistent=persistent)
    assert len(block.data) % block.count == 0
    data, bodies = bytes(block.data), set()
    while data:
        size, channel, found = frame.unmarshal(data)
        assert channel == 1
        if isinstance(found, body.ContentBody):
            bodies.add(found.value)
        elif isinstance(found, header.ContentHeader):
            assert found.properties.delivery_mode == (2 if persistent else 1)
        data = data[size:]
    assert len(bodies) == block.count


def test_a_body_is_cut_at_frame_max():
    data = wire.publish("", "q", b"x" * 5000, commands.Basic.Properties(), 4096)
    _, _, first = frame.unmarshal(data[-(5000 + 16) :])
    assert len(first.value) == 4096 - 8


@pytest.mark.parametrize(("after", "upto"), [(0, 1), (5, 9), (65_530, 65_540), (65_536, 65_537), (131_000, 262_200)])
def test_the_tape_of_acks_has_every_tag_once(after, upto):
    expected = b"".join(frame.marshal(commands.Basic.Ack(tag), 1) for tag in range(after + 1, upto + 1))
    assert b"".join(TAPE.cut(after, upto)) == expected


def consumer_of(client: FakeClient, ack_every: int) -> Consumer:
    return Consumer(client, "q", prefetch=0, ack_every=ack_every, tape=TAPE)  # type: ignore[arg-type]


def test_deliveries_are_counted_and_acknowledged_however_they_are_cut():
    data = b"".join(delivery(tag) for tag in range(1, 11))
    for cut in range(1, len(data)):
        ours, theirs = socket.socketpair()
        with ours, theirs:
            consumer = consumer_of(FakeClient(ours, data[:5]), 4)
            for piece in (data[5:cut], data[max(cut, 5) :]):
                if piece:
                    theirs.sendall(piece)
                    consumer.read()
            assert consumer.received == 10
            last = theirs.recv(4096)[-wire.ACK_BYTES :]
            assert last == wire.ack(8, multiple=True)


def test_a_tag_out_of_order_is_noticed():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        consumer = consumer_of(FakeClient(ours, delivery(1)), 0)
        theirs.sendall(delivery(3))
        with pytest.raises(Garbled, match="delivery 2 has the tag 3"):
            consumer.read()


def test_deliveries_of_a_stream_have_one_length_whatever_their_offset():
    data = b"".join(delivery(n + 1, headers={"x-stream-offset": (1 << 40) + n}) for n in range(5))
    shape = wire.delivery_shape(data)
    assert shape is not None
    assert [shape.tag(bytearray(data), n * shape.length) for n in range(5)] == [1, 2, 3, 4, 5]


def test_confirms_are_counted_however_they_come_and_are_cut():
    # 1 alone; 4 while 2 and 3 are owed; 3; 2; up to 7; 9 while 8 is owed; an old tag again; up to 9.
    said = [(1, False), (4, False), (3, False), (2, False), (7, True), (9, False), (5, True), (9, True)]
    counts = [1, 2, 3, 4, 7, 8, 8, 9]
    frames = [wire.ack(tag, multiple=multiple) for tag, multiple in said]
    confirms = Confirms()
    for data, count in zip(frames, counts, strict=True):
        assert confirms.take(data) == b""
        assert confirms.count == count
    data = b"".join(frames)
    for cut in range(len(data)):
        confirms = Confirms()
        assert confirms.take(data[:cut]) + confirms.take(data[cut:]) == b""
        assert confirms.count == 9


def test_what_is_no_confirm_comes_back_whole():
    strange = frame.marshal(commands.Channel.Close(404, "NOT_FOUND - no queue", 60, 40), 1)
    confirms = Confirms()
    assert confirms.take(wire.ack(1, multiple=False) + strange[:5]) == b""
    assert confirms.take(strange[5:]) == strange
    assert Confirms().take(frame.marshal(commands.Basic.Nack(1), 1)) != b""


def test_a_publisher_with_confirms_keeps_to_its_window():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        block = wire.publish_block("", "q", 16, rich=False, frame_max=4096, count=10)
        publisher = ConfirmedPublisher(FakeClient(ours), block, 25)  # type: ignore[arg-type]
        flow = Flow(publisher, [])
        flow.run(0.05, 20)
        assert (publisher.sent, publisher.room) == (20, False)
        theirs.sendall(wire.ack(15, multiple=True))
        flow.step(publish=False)
        assert (flow.received, publisher.room) == (15, True)
        theirs.sendall(wire.ack(20, multiple=True))
        flow.finish()
        assert len(theirs.recv(1 << 16)) == 2 * len(block.data)


def test_a_consumer_and_confirms_are_both_waited_for():
    ours, theirs = socket.socketpair()
    ends, far = socket.socketpair()
    with ours, theirs, ends, far:
        block = wire.publish_block("", "q", 16, rich=False, frame_max=4096, count=1)
        flow = Flow(ConfirmedPublisher(FakeClient(ours), block, 5), [consumer_of(FakeClient(ends), 0)])  # type: ignore[arg-type]
        flow.run(5, 1)
        for sock, data in ((far, delivery(1)), (theirs, wire.ack(1, multiple=False))):
            assert min(flow.received, flow.publisher.confirmed) == 0
            sock.sendall(data)
            flow.step(publish=False)
        flow.finish()


def test_a_broker_may_be_started_by_a_command():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = f"{sys.executable} -m broker --host 127.0.0.1 --port {port} --data-dir {{data}}"
    name, start = brokers.by_command(f"mine=amqp://guest:guest@127.0.0.1:{port}/,{command}")
    with start() as broker:
        assert (broker.name, broker.promise, process.rss_bytes(broker.pid) > 0) == (name, brokers.UNKNOWN, True)
        assert broker.version.startswith("Leveret ")
    with pytest.raises(ValueError, match="has no command"):
        brokers.by_command("mine=amqp://h/")


@pytest.mark.parametrize("wrong", ["lavinmq", "=amqp://h/", "x=http://h/", "x=amqp://h/,pid"])
def test_a_broker_is_given_by_name_url_and_pid(wrong):
    found = brokers.external("lavinmq=amqp://guest:guest@127.0.0.1:5673/,4711")
    assert (found.name, found.url, found.pid) == ("lavinmq", "amqp://guest:guest@127.0.0.1:5673/", 4711)
    with pytest.raises(ValueError, match="NAME=amqp"):
        brokers.external(wrong)


def test_the_client_opens_a_channel_and_is_told_of_refusals():
    with brokers.leveret() as broker, Client(broker.url) as client:
        assert client.call(commands.Queue.Declare(queue="q", exclusive=True)).message_count == 0


def test_a_lasting_queue_is_gone_even_when_the_run_fails():
    with brokers.leveret() as broker:
        with pytest.raises(Garbled), lasting(broker.url) as failed:
            raise Garbled
        with lasting(broker.url) as kept, Client(broker.url) as client:
            client.call(commands.Queue.Declare(queue=kept, passive=True))
        for name in (failed, kept):
            with Client(broker.url) as client, pytest.raises(Refused, match="404"):
                client.call(commands.Queue.Declare(queue=name, passive=True))


def test_every_scenario_runs():
    load = Load(seconds=0.05, warm_up=0.02)
    with brokers.leveret() as broker:
        for name, run in scenarios.SCENARIOS.items():
            assert run(broker.url, broker.pid, load)["rate"] > 0, name


def test_every_dimension_grows():
    load = Load(seconds=0.05, warm_up=0.02)
    with brokers.leveret() as broker:
        for name, dimension in growth.DIMENSIONS.items():
            for point in dimension.points[:2]:
                assert dimension.run(broker.url, broker.pid, load, point)["rate"] > 0, (name, point)


def test_a_backlog_stays_as_deep_as_it_is():
    ours, theirs = socket.socketpair()
    ends, far = socket.socketpair()
    with ours, theirs, ends, far:
        block = wire.publish_block("", "q", 16, rich=False, frame_max=4096, count=10)
        publisher = Publisher(FakeClient(ours), block)  # type: ignore[arg-type]
        consumer = consumer_of(FakeClient(ends), 0)
        publisher.sent = 50
        flow = Deep(publisher, [consumer], 50)
        far.sendall(b"".join(delivery(tag) for tag in range(1, 31)))
        flow.step(publish=True)
        assert (publisher.sent, consumer.received) == (60, 0)
        flow.step(publish=False)
        assert consumer.received == 30
        flow.step(publish=True)
        assert (publisher.sent, consumer.received) == (70, 30)


def test_a_peak_of_memory_is_not_missed_and_can_be_forgotten():
    program = "print('ready', flush=True); input(); len(b'x' * int(8e7)); print('done', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin
        assert child.stdout
        child.stdout.readline()
        before = process.peak_rss_bytes(child.pid)
        child.stdin.write("\n")
        child.stdin.flush()
        child.stdout.readline()
        assert process.peak_rss_bytes(child.pid) - before > 70_000_000 > process.rss_bytes(child.pid) - before
        process.forget_peak(child.pid)
        assert process.peak_rss_bytes(child.pid) - before < 70_000_000
        child.stdin.close()
