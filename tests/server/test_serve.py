"""A real broker on real sockets, inside a trio program and as a program of its own."""

import gc
import os
import random
import signal
import socket
import subprocess
import sys

import pytest
import trio
from pamqp import commands

import broker
from broker.administration import Refused
from broker.config import Config, ConfigError
from broker.server.listeners import ListenError
from broker.server.peer import Peer
from broker.session.outbox import Outbox
from broker.session.session import Session
from tests.server.client import connect, connected, message
from tests.server.fakes import CancelAtStep, errors_logged, no_socket_left, until

trio_test = pytest.mark.trio


@trio_test
async def test_a_block_gives_a_broker_and_takes_it_away_again():
    with no_socket_left(), errors_logged() as errors:
        async with broker.serve(port=0) as b:
            assert b.url == f"amqp://guest:guest@127.0.0.1:{b.port}/"
            client = await connected(b.port)
            await client.queue("q")
            await client.send(*message("q", b"hello"))
            await client.ask(commands.Basic.Get(queue="q"), commands.Basic.GetOk)
            await client.stream.aclose()
            await until(lambda: not b.node.sessions)
        with pytest.raises(OSError):
            await connect(b.port)
        assert not errors


@trio_test
async def test_several_brokers_in_one_process_share_nothing():
    async with (
        broker.serve(port=0) as one,
        broker.serve(port=0) as two,
        await connected(one.port) as first,
        await connected(two.port) as second,
    ):
        await first.queue("only here")
        await second.send(commands.Queue.Declare(queue="only here", passive=True))
        assert (await second.expect(commands.Channel.Close)).reply_code == 404


@trio_test
async def test_policies_are_set_from_within_and_act_at_once():
    async with broker.serve(port=0) as b, await connected(b.port) as client:
        await client.queue("q")
        await client.send(*message("q", b"1"), *message("q", b"2"))
        await until(lambda: b.node.vhosts["/"].queues["q"].message_count == 2)
        queue = b.node.vhosts["/"].queues["q"]
        b.admin.set_policy("short", "^q", {"max-length": 1}, apply_to="queues", priority=1)
        assert queue.message_count == 1
        b.admin.set_operator_policy("shorter", "^q", {"max-length": 0}, vhost="/")
        assert queue.message_count == 0
        b.admin.clear_operator_policy("shorter")
        b.admin.clear_policy("short")
        assert queue.effective == queue.arguments == {}
        with pytest.raises(Refused, match="Parameter does not exist"):
            b.admin.clear_policy("short")
        with pytest.raises(Refused, match="-1 is not a valid maximum length"):
            b.admin.set_policy("short", "^q", {"max-length": -1})
        with pytest.raises(Refused, match="Virtual host 'other' does not exist"):
            b.admin.set_policy("short", "^q", {"max-length": 1}, vhost="other")


@trio_test
async def test_policies_that_cannot_be_are_refused_before_anything_listens():
    with no_socket_left(), pytest.raises(ConfigError, match="operator_policies: 'p' cannot be used: no policy"):
        async with broker.serve(port=0, operator_policies=[{"name": "p", "pattern": "", "definition": {}}]):
            raise AssertionError("it serves")


@trio_test
async def test_a_user_with_odd_characters_has_a_url_that_works():
    async with broker.serve(port=0, user="a:b", password="p@ss/w?rd", vhost="a/b") as b:
        assert b.url == f"amqp://a%3Ab:p%40ss%2Fw%3Frd@127.0.0.1:{b.port}/a%2Fb"


@trio_test
async def test_a_busy_port_or_a_bad_setting_is_one_plain_exception():
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(ListenError, match="Address already in use"):
        async with broker.serve(port=other.getsockname()[1]):
            pass
    with pytest.raises(ConfigError, match="port"):
        async with broker.serve(port=70000):
            pass


@trio_test
async def test_at_the_end_clients_are_told_why():
    async def hear_it(client):
        close = await client.expect(commands.Connection.Close)
        assert close.reply_code == 320
        assert close.reply_text == "CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'"
        await client.send(commands.Connection.CloseOk(), channel=0)
        assert await client.receive() is None
        await client.stream.aclose()

    async with trio.open_nursery() as nursery, broker.serve(port=0) as b:
        nursery.start_soon(hear_it, await connected(b.port))


# Slow, silent and dead clients


@trio_test
async def test_a_consumer_that_never_reads_stops_only_itself():
    body = bytes(100_000)
    async with broker.serve(port=0) as b, await connected(b.port) as deaf, await connected(b.port) as other:
        await deaf.queue("q")
        await deaf.ask(commands.Basic.Consume(queue="q", no_ack=True), commands.Basic.ConsumeOk)
        for _ in range(300):
            await other.send(*message("q", body))
        await other.queue("answered behind them all")
        fullest = max(session.outbox.size for session in b.node.sessions)
        assert Outbox.HIGH_WATER <= fullest <= Outbox.HIGH_WATER + 2 * len(body)
        ready = (
            await other.ask(commands.Queue.Declare(queue="q", passive=True), commands.Queue.DeclareOk)
        ).message_count
        assert ready > 200
        # When it reads at last, it gets every one of them.
        for _ in range(300):
            await deaf.expect(commands.Basic.Deliver)
            await deaf.receive()
            await deaf.receive()


@trio_test
async def test_a_client_that_asks_and_never_reads_is_not_read_either():
    body = bytes(2000)
    # A few bytes in, a lot out: the message goes back each time.
    questions = [commands.Basic.Get(queue="q"), commands.Basic.Nack(delivery_tag=0, multiple=True)] * 100
    async with broker.serve(port=0) as b, await connected(b.port) as greedy, await connected(b.port) as other:
        await greedy.queue("q")
        await greedy.send(*message("q", body))
        asked = 0
        with trio.move_on_after(1):
            while True:
                await greedy.send(*questions)
                asked += 100
        await other.queue("answered all the same")
        # Each turn's input is 64 KiB at most, some 1,200 questions.
        assert Outbox.CLOGGED <= max(s.outbox.size for s in b.node.sessions) < Outbox.CLOGGED + 1500 * len(body)
        assert any(session.paused for session in b.node.sessions)
        with trio.fail_after(10):
            for _ in range(asked):
                await greedy.expect(commands.Basic.GetOk)
                await greedy.receive()
                await greedy.receive()


@trio_test
async def test_a_client_that_dies_mid_publish_leaves_its_unacked_to_others():
    async with broker.serve(port=0) as b, await connected(b.port) as other:
        dies = await connected(b.port)
        await dies.queue("q")
        await dies.send(*message("q", b"kept"))
        await dies.ask(commands.Basic.Get(queue="q"), commands.Basic.GetOk)
        await dies.send(*message("q", b"never whole")[:2])
        dies.stream.socket.close()
        await until(lambda: len(b.node.sessions) == 1)
        assert (await other.ask(commands.Basic.Get(queue="q"), commands.Basic.GetOk)).redelivered


@trio_test
async def test_a_client_that_says_nothing_is_let_go_in_time(autojump_clock):
    autojump_clock.autojump_threshold = 0.05
    async with broker.serve(port=0) as b, await connect(b.port) as client:
        begin = trio.current_time()
        assert await client.receive() is None
        assert trio.current_time() - begin == pytest.approx(10, abs=0.2)


@trio_test
async def test_a_client_whose_heart_stops_is_let_go_in_time(autojump_clock):
    autojump_clock.autojump_threshold = 0.05
    async with broker.serve(port=0) as b, await connect(b.port) as client:
        await client.open(heartbeat=10)
        begin = trio.current_time()
        while await client.receive() is not None:
            pass
        assert 20 <= trio.current_time() - begin < 31


@trio_test
async def test_publishers_wait_while_memory_is_short_and_consumers_do_not():
    body = bytes(100_000)
    blocked = {"capabilities": {"connection.blocked": True}}
    async with (
        broker.serve(port=0, memory_limit_bytes=5_000_000) as b,
        await connected(b.port, client_properties=blocked) as publisher,
        await connected(b.port) as consumer,
    ):
        await consumer.queue("q")
        with trio.move_on_after(0.5):
            for _ in range(1000):
                await publisher.send(*message("q", body))
        await publisher.expect(commands.Connection.Blocked)
        assert b.node.gauge.bytes < 6_000_000
        await consumer.ask(commands.Basic.Consume(queue="q", no_ack=True), commands.Basic.ConsumeOk)
        with trio.fail_after(10):
            for _ in range(40):
                await consumer.expect(commands.Basic.Deliver)
                await consumer.receive()
                await consumer.receive()
        await publisher.expect(commands.Connection.Unblocked)


@trio_test
async def test_garbage_ends_in_a_closed_socket_and_nothing_else():
    seed = random.randrange(2**32)
    noise = random.Random(seed)
    with errors_logged() as errors:
        async with broker.serve(port=0) as b, await connected(b.port) as other:
            for number in range(200):
                client = await connect(b.port)
                if number % 2:
                    await client.open()
                try:
                    await client.stream.send_all(noise.randbytes(noise.randrange(1, 300)))
                    await client.stream.send_eof()
                    while await client.stream.receive_some():
                        pass
                except trio.BrokenResourceError:
                    pass
                await client.stream.aclose()
            await other.queue("untouched")
            await until(lambda: len(b.node.sessions) == 1)
    # A client's mistake is an error in the log, too; a traceback would be ours.
    assert not [record for record in errors if record.exc_info], seed


@trio_test
async def test_connections_leave_no_object_behind():
    async with broker.serve(port=0) as b:
        for number in range(20):
            client = await connected(b.port)
            await client.queue(f"q{number % 3}")
            await client.ask(commands.Basic.Consume(queue=f"q{number % 3}"), commands.Basic.ConsumeOk)
            if number % 2:
                await client.close()
            else:
                client.stream.socket.close()
        await until(lambda: not b.node.sessions)
        gc.collect()
        left = [one for one in gc.get_objects() if isinstance(one, Peer | Session | Outbox)]
        assert not left


async def _a_life(lives: list) -> None:
    async with broker.serve(port=0) as b:
        lives.append(b.node)
        async with await connected(b.port) as client:
            await client.queue("q")
            await client.ask(commands.Basic.Consume(queue="q"), commands.Basic.ConsumeOk)
            await client.send(*message("q", b"hello"))
            await client.expect(commands.Basic.Deliver)


def test_cancelled_at_any_step_a_broker_forgets_its_sessions():
    struck, step, lives = True, 0, []
    while struck:
        step += 1

        async def main(step=step):
            with trio.CancelScope() as scope:
                at_step = CancelAtStep(step, scope)
                trio.lowlevel.add_instrument(at_step)
                await _a_life(lives)
            return at_step.struck

        with errors_logged() as errors, no_socket_left():
            struck = trio.run(main)
        assert not any(node.sessions for node in lives), step
        assert not [record for record in errors if record.exc_info], step
    assert len(lives) > 20


# As a program


def start(*arguments: str) -> tuple[subprocess.Popen, int]:
    command = [sys.executable, "-m", "broker", "--port", "0", "--host", "127.0.0.1", "--ephemeral", *arguments]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    line = process.stderr.readline()
    assert ", in plain Python" in line or ", compiled" in line
    line = process.stderr.readline()
    assert "listening on 127.0.0.1:" in line
    assert "Server startup complete" in process.stderr.readline()
    return process, int(line.rpartition(":")[2])


@trio_test
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_stops_the_program_gracefully(number):
    process, port = start()
    with process:
        async with await connected(port) as client:
            os.kill(process.pid, number)
            assert (await client.expect(commands.Connection.Close)).reply_code == 320
            await client.send(commands.Connection.CloseOk(), channel=0)
            assert await client.receive() is None
        assert await trio.to_thread.run_sync(process.wait, 5) == 0
        assert "Traceback" not in process.stderr.read()


@trio_test
async def test_a_second_signal_does_not_wait_for_clients():
    process, port = start()
    with process:
        async with await connected(port) as client:
            os.kill(process.pid, signal.SIGTERM)
            await client.expect(commands.Connection.Close)
            os.kill(process.pid, signal.SIGTERM)
            assert await trio.to_thread.run_sync(process.wait, 3) == 0
        assert "Traceback" not in process.stderr.read()


@trio_test
async def test_sighup_takes_up_the_policies_of_the_file(tmp_path):
    file = tmp_path / "leveret.toml"
    file.write_text("")
    process, port = start("--config", str(file))
    with process:
        async with await connected(port) as client:
            await client.queue("work")
            for body in (b"1", b"2", b"3"):
                await client.send(*message("work", body))
            file.write_text('[[policies]]\nname = "short"\npattern = "^w"\ndefinition = { max-length = 1 }\n')
            assert await told(process, signal.SIGHUP, "SIGHUP: policies, tracing and certificates are as")
            assert (await passive(client)).message_count == 1
            file.write_text('[[policies]]\nname = "short"\n')
            assert await told(process, signal.SIGHUP, "SIGHUP: nothing changes: policies: 'short' lacks pattern")
            await client.send(*message("work", b"4"))
            assert (await passive(client)).message_count == 1
            file.write_text("")
            assert await told(process, signal.SIGHUP, "SIGHUP: policies, tracing")
            await client.send(*message("work", b"5"))
            assert (await passive(client)).message_count == 2
        process.terminate()


@trio_test
async def test_sighup_leaves_all_other_settings_for_the_next_start(tmp_path):
    file = tmp_path / "leveret.toml"
    file.write_text("")
    process, port = start("--config", str(file))
    with process:
        file.write_text('vhost = "other"\nuser = "other"\n')
        assert await told(process, signal.SIGHUP, "SIGHUP: policies, tracing and certificates are as")
        file.write_text('vhost = "other"\n[[policies]]\nname = "p"\npattern = ""\ndefinition = { max-length = 1 }\n')
        assert await told(process, signal.SIGHUP, "SIGHUP: policies, tracing and certificates are as")
        async with await connected(port) as client:
            await client.queue("work")
            for body in (b"1", b"2"):
                await client.send(*message("work", body))
            assert (await passive(client)).message_count == 1
        process.terminate()


@trio_test
async def test_reconfigured_it_traces_as_the_configuration_says_whatever_was_set_before():
    async with broker.serve(port=0, user="hare") as b:
        b.admin.trace_on()
        b.reconfigure(Config(vhost="other"))
        assert b.node.vhosts["/"].firehose is None
        b.reconfigure(Config(tracing=True))
        firehose = b.node.vhosts["/"].firehose
        assert firehose is not None
        b.reconfigure(Config(tracing=True))
        assert b.node.vhosts["/"].firehose is firehose
        assert b.url.startswith("amqp://hare:")


async def passive(client):
    return await client.ask(commands.Queue.Declare(queue="work", passive=True), commands.Queue.DeclareOk)


async def told(process, number, text):
    """A signal, and the next line that says anything of it."""
    os.kill(process.pid, number)
    while line := await trio.to_thread.run_sync(process.stderr.readline):
        if text.partition(":")[0] in line:
            return text in line
    return False
