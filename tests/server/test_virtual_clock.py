"""Time as an argument to users: a broker whose clock a test moves."""

from datetime import UTC, datetime

import pamqp.heartbeat
import pytest
import trio
from pamqp import commands

import broker
from broker import VirtualClock
from tests.server.client import Client, connect, connected, message

trio_test = pytest.mark.trio

START = datetime(2030, 1, 1, tzinfo=UTC)


async def declare(client: Client, name: str, durable: bool = False, **arguments) -> None:
    arguments = {"x-" + key.replace("_", "-"): value for key, value in arguments.items()}
    method = commands.Queue.Declare(queue=name, durable=durable, arguments=arguments)
    await client.ask(method, commands.Queue.DeclareOk)


async def count(client: Client, name: str) -> int:
    got = await client.ask(commands.Queue.Declare(queue=name, passive=True), commands.Queue.DeclareOk)
    return got.message_count


async def missing(client: Client, name: str) -> bool:
    """Whether there is no such queue; asked on a channel of its own."""
    await client.channel(9)
    await client.send(commands.Queue.Declare(queue=name, passive=True), channel=9)
    got = await client.receive()
    end = commands.Channel.CloseOk() if isinstance(got, commands.Channel.Close) else None
    if end is not None:
        await client.send(end, channel=9)
    else:
        await client.ask(commands.Channel.Close(200, "", 0, 0), commands.Channel.CloseOk, channel=9)
    return end is not None


@trio_test
async def test_time_stands_still_until_it_is_moved():
    async with broker.serve(port=0, clock=VirtualClock(START)) as b, await connected(b.port) as client:
        assert b.node.wall_clock_ms() == START.timestamp() * 1000
        await declare(client, "q", message_ttl=1)
        await client.send(*message("q", b"m"))
        await trio.sleep(0.05)
        assert await count(client, "q") == 1
        await b.advance(0.001)
        assert await count(client, "q") == 0
        await b.advance(3599.999)
        assert b.node.wall_clock_ms() == (START.timestamp() + 3600) * 1000


@trio_test
async def test_what_was_sent_before_came_before():
    """A publish without a confirm: nothing says that the broker has read it, and yet its hour is over."""
    async with broker.serve(port=0, clock=VirtualClock()) as b, await connected(b.port) as client:
        await declare(client, "q", message_ttl=3_600_000)
        # When the last of it is in the kernel's buffers, this is on its way.
        await client.send(*[frame for _ in range(50) for frame in message("q", b"x" * 50_000)])
        await b.advance(3600)
        assert await count(client, "q") == 0


@trio_test
async def test_every_deadline_has_its_own_moment_in_order():
    """Three waiting rooms, from each of which a message goes into the next."""
    async with broker.serve(port=0, clock=VirtualClock(START)) as b, await connected(b.port) as client:
        await declare(client, "end")
        for room, after in (("c", "end"), ("b", "c"), ("a", "b")):
            await declare(client, room, message_ttl=10_000, dead_letter_exchange="", dead_letter_routing_key=after)
        await client.send(*message("a", b"m"))
        await b.advance(29.999)
        assert [await count(client, name) for name in ("a", "b", "c", "end")] == [0, 0, 1, 0]
        await b.advance(0.001)
        assert await count(client, "end") == 1
        _, header, _ = [
            await client.ask(commands.Basic.Get(queue="end"), commands.Basic.GetOk),
            await client.receive(),
            await client.receive(),
        ]
        times = [int(death["time"].timestamp() - START.timestamp()) for death in header.properties.headers["x-death"]]
        assert times == [30, 20, 10]


@trio_test
async def test_a_consumer_of_the_same_program_takes_part_in_each_step():
    """It rejects what comes, which waits ten seconds and comes again: six times a minute, not once."""
    async with broker.serve(port=0, clock=VirtualClock()) as b, await connected(b.port) as client:
        await declare(client, "work", dead_letter_exchange="", dead_letter_routing_key="wait")
        await declare(client, "wait", message_ttl=10_000, dead_letter_exchange="", dead_letter_routing_key="work")
        rejected = 0

        async def reject():
            nonlocal rejected
            while (got := await client.receive()) is not None:
                if isinstance(got, commands.Basic.Deliver):
                    rejected += 1
                    await client.send(commands.Basic.Reject(got.delivery_tag, requeue=False))

        await client.ask(commands.Basic.Consume(queue="work"), commands.Basic.ConsumeOk)
        await client.send(*message("work", b"m"))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(reject)
            await b.advance(60)
            assert rejected == 7
            nursery.cancel_scope.cancel()


@trio_test
async def test_queues_expire():
    async with broker.serve(port=0, clock=VirtualClock()) as b, await connected(b.port) as client:
        await declare(client, "q", expires=60_000)
        await b.advance(59)
        assert not await missing(client, "q")
        await b.advance(59)
        assert not await missing(client, "q"), "asking for it is using it"
        await b.advance(60)
        assert await missing(client, "q")


@trio_test
async def test_it_is_on_the_disk(tmp_path):
    """The dead letter was on its way to the disk, and then in its thread; it is waited for."""
    settings = {"port": 0, "data_dir": str(tmp_path), "clock": VirtualClock()}
    async with broker.serve(**settings) as b, await connected(b.port) as client:
        await declare(client, "dead", durable=True)
        await declare(
            client, "q", durable=True, message_ttl=60_000, dead_letter_exchange="", dead_letter_routing_key="dead"
        )
        method, head, body = message("q", b"m")
        head.properties.delivery_mode = 2
        await client.send(method, head, body)
        await b.advance(60)
        assert not b.node.backlog.unwritten
        assert b.node.committing.under_way is None
        assert await count(client, "dead") == 1
    async with broker.serve(**settings) as b, await connected(b.port) as client:
        assert (await count(client, "q"), await count(client, "dead")) == (0, 1)


@trio_test
async def test_a_clock_goes_on_over_a_restart(tmp_path):
    clock = VirtualClock(START)
    settings = {"port": 0, "data_dir": str(tmp_path), "clock": clock}
    async with broker.serve(**settings) as b:
        await b.advance(60)
    async with broker.serve(**settings) as b:
        assert b.node.wall_clock_ms() == (START.timestamp() + 60) * 1000


# -- peers -------------------------------------------------------------------------------------------------------------


@trio_test
async def test_a_connection_does_not_notice_a_day():
    async with (
        broker.serve(port=0, clock=VirtualClock()) as b,
        await connected(b.port, heartbeat=1) as client,
        await connect(b.port) as silent,
    ):
        await b.advance(86_400)
        await silent.open()
        await client.queue("q")
        # In real time it is beaten for.
        with trio.fail_after(5):
            assert isinstance(await client.receive(), pamqp.heartbeat.Heartbeat)


@trio_test
async def test_peers_may_be_told_to_notice():
    async with (
        broker.serve(port=0, clock=VirtualClock(), handshake_timeout_s=10) as b,
        await connected(b.port, heartbeat=60) as client,
        await connect(b.port) as silent,
    ):
        await silent.stream.send_all(b"AMQP")
        await b.advance(5, peers=True)
        heard, unheard = b.node.sessions
        assert not unheard.ending
        await b.advance(5, peers=True)
        assert unheard.ending
        assert await silent.receive() is None
        await b.advance(100, peers=True)
        assert not heard.ending
        await b.advance(10, peers=True)
        beats = 0
        while isinstance(await client.receive(), pamqp.heartbeat.Heartbeat):
            beats += 1
        assert beats == 3, "at 30, 60 and 90 seconds; then it is gone"


@trio_test
async def test_real_time_goes_on_from_where_peers_were_told_to_be():
    async with broker.serve(port=0, clock=VirtualClock(), handshake_timeout_s=0.2) as b:
        await b.advance(1000, peers=True)
        async with await connect(b.port) as silent:
            with trio.fail_after(5):
                await silent.stream.send_all(b"AMQP")
                assert await silent.receive() is None


@trio_test
async def test_a_login_that_is_refused_in_silence_ends_in_real_time():
    async with broker.serve(port=0, password="other", clock=VirtualClock()) as b, await connect(b.port) as client:
        with trio.fail_after(8), pytest.raises(AssertionError):
            await client.open()


# -- what cannot be ----------------------------------------------------------------------------------------------------


@trio_test
async def test_the_machines_clock_is_not_moved():
    async with broker.serve(port=0) as b:
        with pytest.raises(RuntimeError, match="VirtualClock"):
            await b.advance(1)


@trio_test
@pytest.mark.parametrize("seconds", [-1, float("nan")])
async def test_time_does_not_go_back(seconds):
    async with broker.serve(port=0, clock=VirtualClock()) as b:
        with pytest.raises(ValueError, match="does not go by"):
            await b.advance(seconds)


@trio_test
async def test_two_at_once_take_turns():
    clock = VirtualClock()
    async with broker.serve(port=0, clock=clock) as b:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(b.advance, 10)
            nursery.start_soon(b.advance, 5)
        assert clock.now == 15


# -- each kind of deadline ---------------------------------------------------------------------------------------------


@trio_test
async def test_acks_are_waited_for_as_long_as_the_clock_says():
    settings = {"port": 0, "clock": VirtualClock(), "consumer_timeout_ms": 1_800_000}
    async with broker.serve(**settings) as b, await connected(b.port) as client:
        await declare(client, "q")
        await client.send(*message("q", b"m"))
        await client.ask(commands.Basic.Consume(queue="q"), commands.Basic.ConsumeOk)
        await b.advance(1799)
        for _ in range(3):
            assert not isinstance(await client.receive(), commands.Channel.Close)
        await b.advance(1)
        assert (await client.expect(commands.Channel.Close)).reply_code == 406


@trio_test
async def test_a_stream_forgets_what_is_too_old(tmp_path):
    """When its segment is full, which the clock has no part in."""
    settings = {"port": 0, "data_dir": str(tmp_path), "clock": VirtualClock()}
    async with broker.serve(**settings) as b, await connected(b.port) as client:
        await declare(
            client, "s", durable=True, queue_type="stream", max_age="1h", stream_max_segment_size_bytes=10_000
        )
        await client.ask(commands.Confirm.Select(), commands.Confirm.SelectOk)

        async def fill():
            for _ in range(3):
                await client.send(*message("s", b"x" * 9_000))
                await client.expect(commands.Basic.Ack)

        await fill()
        await b.advance(3599)
        await fill()
        assert await count(client, "s") == 6
        await b.advance(2)
        await fill()
        assert await count(client, "s") < 9


@trio_test
async def test_delayed_messages_come_when_the_clock_says(tmp_path):
    settings = {"port": 0, "data_dir": str(tmp_path), "clock": VirtualClock()}
    async with broker.serve(**settings) as b, await connected(b.port) as client:
        declare_exchange = commands.Exchange.Declare(
            exchange="later", exchange_type="x-delayed-message", durable=True, arguments={"x-delayed-type": "fanout"}
        )
        await client.ask(declare_exchange, commands.Exchange.DeclareOk)
        await declare(client, "q", durable=True)
        await client.ask(commands.Queue.Bind(queue="q", exchange="later"), commands.Queue.BindOk)
        _, head, body = message("q", b"m")
        head.properties.headers = {"x-delay": 86_400_000}
        await client.send(commands.Basic.Publish(exchange="later"), head, body)
        await b.advance(86_399)
        assert await count(client, "q") == 0
        await b.advance(1)
        assert await count(client, "q") == 1
