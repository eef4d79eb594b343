"""A broker's data directory: who may use it, what of the broker is in it, what a stop or a kill leaves for the next."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path
from random import Random

import pika
import pytest

from broker.server.data_home import NoDataHome, default_data_dir
from broker.store.store import DirectoryInUse, UnknownFormat
from tests.conversation import Basic, Broker, Channel, Confirm, Exchange, Queue, Tx
from tests.streams.faulty import FaultyFiles
from tests.test_command import leveret, ports, running

PERSISTENT = {"delivery_mode": 2}
STREAM = {"x-queue-type": "stream"}
ENDS = pytest.mark.parametrize("end", ["stop", "kill"])
LIMIT = 100_000


@pytest.fixture
def files():
    return FaultyFiles(Random(1))


def restarted(broker, files, end):
    """The broker that comes next on the same disk, and a client of it."""
    if end == "stop":
        broker.stop()
    else:
        files.after_kill(Random(1))
    broker = Broker(files=files)
    return broker, broker.connect(1)


# -- who may use it ----------------------------------------------------------------------------------------------------


def refused(folder, *arguments):
    """What a broker says that does not take the folder: one line, status 2, and nothing else."""
    result = leveret("--port", "0", "--host", "127.0.0.1", "--data-dir", str(folder), *arguments)
    assert result.returncode == 2, result.stderr
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1, result.stderr
    return result.stderr


def test_a_second_broker_is_refused(tmp_path):
    folder = tmp_path / "data"
    with running("--port", "0", "--data-dir", str(folder)):
        said = refused(folder)
    assert said.startswith(f"leveret: the data directory {folder} is in use by another broker")


def test_the_second_of_two_brokers_changes_nothing(files):
    first = Broker(files=files)
    before = dict(files.entries)
    with pytest.raises(DirectoryInUse):
        Broker(files=files)
    assert files.entries == before
    first.stop()
    assert Broker(files=files)


def test_a_later_format_is_refused_and_left_as_it_is(tmp_path):
    (tmp_path / "format").write_text("leveret data, format 2\n")
    said = refused(tmp_path)
    assert said == (
        f"leveret: cannot use the data directory {tmp_path}: it has format 2, and this leveret knows formats up to 1\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["format"]


def test_a_format_that_cannot_be_understood_is_refused(tmp_path):
    (tmp_path / "format").write_text("something else, format 1\n")
    assert "its format file cannot be understood" in refused(tmp_path)


def test_a_folder_that_is_not_ours_is_refused_and_left_as_it_is(tmp_path):
    (tmp_path / "letters.txt").write_text("dear hare")
    said = refused(tmp_path)
    assert said == (
        f"leveret: cannot use the data directory {tmp_path}: it is not empty, and nothing says that leveret wrote it\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["letters.txt"]


def test_the_root_of_an_empty_file_system_may_be_used(tmp_path):
    (tmp_path / "lost+found").mkdir()
    with running("--port", "0", "--data-dir", str(tmp_path)):
        assert (tmp_path / "format").exists()


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    file = tmp_path / "file"
    file.write_text("no folder")
    said = refused(file / "data")
    assert said.startswith(f"leveret: cannot use the data directory: {file}")
    assert "Not a directory" in said
    assert "Not a directory" in refused(file)


def test_a_disk_that_refuses_from_the_start_is_no_broker(files):
    files.fault, files.fault_share = 28, 1.0
    with pytest.raises(OSError, match="the disk says no"):
        Broker(files=files)


def test_a_crash_while_the_folder_was_made_leaves_one_that_can_be_used(files):
    files.open("data/lock", create=True)
    files.open("data/format.unfinished", create=True).write(0, b"lev")
    broker = Broker(files=files)
    broker.connect(1).declare(durable=True)
    assert restarted(broker, files, "stop")[0].queues == {"q"}


def test_the_format_is_named(files):
    Broker(files=files)
    assert files.entries["data/format"].now == b"leveret data, format 1\n"
    files.entries["data/format"].now[-2:-1] = b"9"
    with pytest.raises(UnknownFormat, match="format 9"):
        Broker(files=files.after_kill(Random(1)))


# -- where it is -------------------------------------------------------------------------------------------------------


def used(port):
    """A client declares what is durable and publishes to it, and is told that all is safe."""
    with pika.BlockingConnection(pika.URLParameters(f"amqp://guest:guest@127.0.0.1:{port}/%2f")) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        channel.queue_declare("q", durable=True)
        channel.queue_declare("s", durable=True, arguments=STREAM)
        for queue in ("q", "s"):
            channel.basic_publish("", queue, b"a hare", pika.BasicProperties(delivery_mode=2))


def open_files(process):
    """The regular files that a process has open, beside what it was started with."""
    found = []
    for entry in Path(f"/proc/{process.pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            if int(entry.name) > 2 and entry.is_file():
                found.append(entry.readlink())
    return found


def test_an_ephemeral_broker_touches_no_disk(tmp_path):
    home = str(tmp_path)
    with running("--port", "0", "--ephemeral", XDG_DATA_HOME=home, HOME=home, TMPDIR=home) as (process, lines):
        used(ports(lines)[0][1])
        assert open_files(process) == []
    assert list(tmp_path.iterdir()) == []


def test_by_default_it_is_in_the_users_data_home(tmp_path):
    with running("--port", "0", XDG_DATA_HOME=str(tmp_path)) as (process, lines):
        assert any(line.endswith(f"data directory {tmp_path}/leveret") for line in lines)
        used(ports(lines)[0][1])
        process.terminate()
        assert process.wait(10) == 0
    assert sorted(path.name for path in (tmp_path / "leveret").iterdir()) == ["definitions", "format", "lock", "logs"]


@pytest.mark.parametrize("home", [{}, {"XDG_DATA_HOME": ""}, {"XDG_DATA_HOME": "not/absolute"}])
def test_without_a_data_home_it_is_in_the_users_home(home, monkeypatch):
    monkeypatch.setenv("HOME", "/home/hare")
    assert default_data_dir(home) == "/home/hare/.local/share/leveret"


def test_a_user_without_a_home_has_to_name_it(monkeypatch):
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(os, "getuid", lambda: 2**31 - 7)
    with pytest.raises(NoDataHome, match="no home: name a folder by --data-dir"):
        default_data_dir({})
    assert default_data_dir({"XDG_DATA_HOME": "/data"}) == "/data/leveret"


@pytest.mark.parametrize("seed", range(5))
def test_what_was_only_written_is_synced_before_anybody_sees_it_again(files, seed):
    """A kill took the broker that does not sync; for the one that does, a power cut must not take what it restored."""
    broker = Broker(files=files, durability="os")
    client = broker.connect(1)
    client.declare(durable=True)
    client.publish(1, b"one", **PERSISTENT)
    broker, client = restarted(broker, files, "kill")
    assert client.count() == 1
    again = Broker(files=files.after_power_cut(Random(seed)))
    assert again.connect(1).drain() == [b"one"]


# -- definitions -------------------------------------------------------------------------------------------------------


@ENDS
def test_exchanges_queues_and_bindings_come_back_with_their_arguments(files, end):
    broker = Broker(files=files)
    client = broker.connect(1)
    arguments = {"x-max-length": 7, "x-note": "hares", "x-table": {"deep": [1, "two", True, None]}}
    client.call(
        1,
        Exchange.Declare(exchange="h", exchange_type="headers", durable=True, arguments={"alternate-exchange": "f"}),
        Exchange.DeclareOk,
    )
    client.call(
        1, Exchange.Declare(exchange="f", exchange_type="fanout", durable=True, internal=True), Exchange.DeclareOk
    )
    client.declare("args", durable=True, arguments=arguments)
    client.declare("other", durable=True)
    binding = {"x-match": "all", "fur": "brown", "age": 3}
    client.call(1, Queue.Bind(queue="args", exchange="h", routing_key="k", arguments=binding), Queue.BindOk)
    client.call(1, Queue.Bind(queue="other", exchange="f"), Queue.BindOk)
    client.call(1, Queue.Bind(queue="other", exchange="amq.topic", routing_key="a.*"), Queue.BindOk)
    client.call(1, Exchange.Bind(destination="f", source="amq.direct", routing_key="in"), Exchange.BindOk)
    broker, client = restarted(broker, files, end)
    assert broker.queues == {"args", "other"}
    # The same declarations are equivalent, others are not.
    client.declare("args", durable=True, arguments=arguments)
    client.call(
        1,
        Exchange.Declare(exchange="h", exchange_type="headers", durable=True, arguments={"alternate-exchange": "f"}),
        Exchange.DeclareOk,
    )
    client.send(1, Queue.Declare(queue="args", durable=True, arguments={**arguments, "x-max-length": 8}))
    assert client.expect(Channel.Close, reply_code=406)
    client.send(1, Channel.CloseOk())
    client.open_channel(1)
    client.publish(1, b"brown", exchange="h", key="", headers={"fur": "brown", "age": 3})
    client.publish(1, b"white", exchange="h", key="", headers={"fur": "white", "age": 3})
    client.publish(1, b"topic", exchange="amq.topic", key="a.b")
    client.publish(1, b"nowhere", exchange="amq.topic", key="b.a")
    client.publish(1, b"by way of f", exchange="amq.direct", key="in")
    assert client.drain("args") == [b"brown"]
    # What no binding of h takes goes to f, its alternate exchange.
    assert client.drain("other") == [b"white", b"topic", b"by way of f"]


@ENDS
def test_what_is_transient_or_exclusive_does_not_come_back(files, end):
    broker = Broker(files=files)
    client = broker.connect(1)
    client.declare("durable", durable=True)
    client.declare("transient")
    client.declare("mine", durable=True, exclusive=True)
    client.call(1, Exchange.Declare(exchange="transient", exchange_type="fanout"), Exchange.DeclareOk)
    for exchange, queue in (("transient", "durable"), ("amq.fanout", "transient"), ("amq.fanout", "mine")):
        client.call(1, Queue.Bind(queue=queue, exchange=exchange), Queue.BindOk)
    broker, client = restarted(broker, files, end)
    assert broker.queues == {"durable"}
    client.call(1, Confirm.Select(), Confirm.SelectOk)
    client.publish(1, b"x", exchange="amq.fanout", key="", mandatory=True)
    client.expect(Basic.Return, reply_code=312)
    client.expect(Basic.Ack)
    client.send(1, Exchange.Declare(exchange="transient", passive=True))
    client.expect_channel_closed(1, 404, "NOT_FOUND - no exchange 'transient' in vhost '/'", Exchange.Declare)


@ENDS
def test_an_auto_delete_queue_comes_back_and_goes_with_its_last_consumer(files, end):
    broker = Broker(files=files)
    client = broker.connect(1)
    client.declare(durable=True, auto_delete=True)
    client.publish(1, b"x", **PERSISTENT)
    broker, client = restarted(broker, files, end)
    assert client.declare(durable=True, auto_delete=True).message_count == 1
    client.consume(no_ack=True)
    assert client.bodies() == [b"x"]
    client.call(1, Basic.Cancel("c"), Basic.CancelOk)
    assert broker.queues == set()
    assert restarted(broker, files, end)[0].queues == set()


def test_an_auto_delete_queue_with_a_consumer_comes_back_after_a_kill(files):
    broker = Broker(files=files)
    client = broker.connect(1)
    client.declare(durable=True, auto_delete=True)
    client.consume()
    broker, client = restarted(broker, files, "kill")
    assert broker.queues == {"q"}
    assert client.declare(durable=True, auto_delete=True).consumer_count == 0


@ENDS
def test_what_was_deleted_stays_away_and_its_name_is_free(files, end):
    broker = Broker(files=files)
    client = broker.connect(1)
    client.declare(durable=True)
    client.call(1, Exchange.Declare(exchange="e", exchange_type="fanout", durable=True), Exchange.DeclareOk)
    client.call(1, Queue.Bind(queue="q", exchange="amq.fanout"), Queue.BindOk)
    client.publish(1, b"old", **PERSISTENT)
    client.call(1, Queue.Delete(queue="q"), Queue.DeleteOk)
    client.call(1, Exchange.Delete(exchange="e"), Exchange.DeleteOk)
    client.declare("after", durable=True)
    broker, client = restarted(broker, files, end)
    assert broker.queues == {"after"}
    assert client.declare(durable=True).message_count == 0
    client.publish(1, b"x", exchange="amq.fanout", key="")
    assert client.count() == 0
    client.call(1, Exchange.Declare(exchange="e", exchange_type="direct", durable=True), Exchange.DeclareOk)


# -- messages ----------------------------------------------------------------------------------------------------------


@ENDS
def test_persistent_messages_come_back_in_order_and_transient_ones_do_not(files, end):
    broker = Broker(files=files)
    client = broker.connect(1)
    client.declare(durable=True)
    client.declare("only-transient", durable=True)
    for number in range(20):
        client.publish(1, b"%d" % number, **(PERSISTENT if number % 3 else {}))
        client.publish(1, b"t", key="only-transient")
    assert client.count() == 20
    broker, client = restarted(broker, files, end)
    kept = [b"%d" % number for number in range(20) if number % 3]
    assert client.count() == len(kept)
    assert client.count("only-transient") == 0
    assert client.drain() == kept
    assert client.drain("only-transient") == []
    assert client.count() == 0


def test_a_commit_that_was_cut_short_leaves_no_transient_message_in_the_count(files):
    """What says that they are settled stands behind them, so a kill in the middle of a write may come between."""
    broker = Broker(files=files)
    client = broker.connect(1)
    client.declare(durable=True)
    client.publish(1, b"one", **PERSISTENT)
    client.send_bytes(client.publish_bytes(1, b"two", **PERSISTENT) + client.publish_bytes(1, b"transient"))
    (path,) = [path for path in files.entries if path.startswith("data/logs/")]
    del files.entries[path].now[-1:]
    broker, client = restarted(broker, files, "kill")
    assert client.count() == 2
    # It is written down with the next commit, though nobody asked for a message.
    client.publish(1, b"three", **PERSISTENT)
    broker, client = restarted(broker, files, "kill")
    assert client.count() == 3
    assert client.drain() == [b"one", b"two", b"three"]


@ENDS
def test_what_memory_does_not_hold_comes_back_too(files, end):
    bodies = [b"%06d" % number + bytes(50_000) for number in range(400)]
    broker = Broker(files=files)
    client = broker.connect(1)
    client.declare(durable=True)
    for body in bodies[:300]:
        client.publish(1, body, **PERSISTENT)
    broker, client = restarted(broker, files, end)
    for body in bodies[300:]:
        client.publish(1, body, **PERSISTENT)
    assert client.count() == 400
    client.consume(prefetch=0)
    assert client.bodies() == bodies
    client.ack(1, 0, multiple=True)
    broker.advance(0.1)
    broker, client = restarted(broker, files, end)
    assert client.count() == 0


@ENDS
def test_a_purge_of_more_than_memory_holds_is_for_good(files, end):
    broker = Broker(files=files)
    client = broker.connect(1)
    client.declare(durable=True)
    for _ in range(12):
        client.publish(1, bytes(1_000_000), **PERSISTENT)
    client.publish(1, b"transient")
    assert client.count() == 13
    client.get(no_ack=False)
    assert client.call(1, Queue.Purge(queue="q"), Queue.PurgeOk).message_count == 12
    client.publish(1, b"later", **PERSISTENT)
    broker, client = restarted(broker, files, end)
    assert client.count() == 2
    assert [len(body) for body in client.drain()] == [1_000_000, 5]


@ENDS
def test_a_message_comes_back_as_it_was_sent(files, end):
    broker = Broker(files=files)
    client = broker.connect(1)
    client.declare(durable=True)
    client.call(1, Queue.Bind(queue="q", exchange="amq.topic", routing_key="#"), Queue.BindOk)
    sent = {"headers": {"fur": "brown"}, "message_id": "m", "priority": 3, "content_type": "x/y", **PERSISTENT}
    for body in (b"", b"small", b"L" * 300_000):
        client.publish(1, body, exchange="amq.topic", key="a.b", **sent)
    broker, client = restarted(broker, files, end)
    for body in (b"", b"small", b"L" * 300_000):
        got = client.get()
        assert (got.exchange, got.routing_key, got.body) == ("amq.topic", "a.b", body)
        for name, value in sent.items():
            assert getattr(got.properties, name) == value


@ENDS
def test_a_purge_is_for_good(files, end):
    broker = Broker(files=files)
    client = broker.connect(1)
    client.declare(durable=True)
    client.publish(1, *(b"%d" % number for number in range(5)), **PERSISTENT)
    assert client.get(no_ack=False).body == b"0"
    assert client.call(1, Queue.Purge(queue="q"), Queue.PurgeOk).message_count == 4
    client.publish(1, b"later", **PERSISTENT)
    broker, client = restarted(broker, files, end)
    # What was out with a consumer was not purged.
    assert client.count() == 2
    assert client.drain() == [b"0", b"later"]


@ENDS
def test_acks_are_for_good(files, end):
    broker = Broker(files=files)
    client = broker.connect(1)
    client.declare(durable=True)
    client.publish(1, *(b"%d" % number for number in range(6)), **PERSISTENT)
    client.consume(prefetch=6)
    assert len(client.deliveries()) == 6
    client.ack(1, 1, 3)
    client.send(1, Basic.Reject(5, requeue=False))
    # A crash within 20 ms may take an ack back.
    broker.advance(0.1)
    broker, client = restarted(broker, files, end)
    assert client.count() == 3
    assert client.drain() == [b"1", b"3", b"5"]


def test_an_orderly_stop_knows_which_messages_had_been_delivered(files):
    broker = Broker(files=files)
    client = broker.connect(1)
    client.declare(durable=True)
    client.publish(1, *(b"%d" % number for number in range(6)), **PERSISTENT)
    client.consume(prefetch=3)
    assert client.bodies() == [b"0", b"1", b"2"]
    client.ack(1, 1)
    assert client.bodies() == [b"3"]
    broker, client = restarted(broker, files, "stop")
    client.consume(prefetch=3)
    got = client.deliveries()
    assert [(each.body, each.redelivered) for each in got] == [(b"1", True), (b"2", True), (b"3", True)]
    client.ack(1, 1, 2, 3)
    assert [(each.body, each.redelivered) for each in client.deliveries()] == [(b"4", False), (b"5", False)]
    # Delivered in this run, the rest is marked in the next; over a stop without any delivery nothing changes.
    broker, client = restarted(broker, files, "stop")
    broker, client = restarted(broker, files, "stop")
    client.publish(1, b"6", **PERSISTENT)
    assert [(got.body, got.redelivered) for got in iter(client.get, None)] == [
        (b"4", True),
        (b"5", True),
        (b"6", False),
    ]


def test_a_message_is_not_taken_for_one_whose_place_was_never_written(files):
    """Transient messages were delivered before their places were on the disk; after the stop others got the places."""
    broker = Broker(files=files)
    client = broker.connect(1)
    client.declare(durable=True)
    client.publish(1, b"old", **PERSISTENT)
    client.publish(1, *(b"transient %d" % number for number in range(5)))
    client.consume(prefetch=100)
    assert len(client.bodies()) == 6
    broker, client = restarted(broker, files, "stop")
    # Behind one that waits on the disk only, so these are read back from there.
    client.publish(1, b"0", b"1", **PERSISTENT)
    assert [(got.body, got.redelivered) for got in iter(client.get, None)] == [
        (b"old", True),
        (b"0", False),
        (b"1", False),
    ]


def test_after_a_kill_all_messages_are_marked(files):
    broker = Broker(files=files)
    client = broker.connect(1)
    client.declare(durable=True)
    client.publish(1, *(b"%d" % number for number in range(3)), **PERSISTENT)
    broker, client = restarted(broker, files, "kill")
    client.publish(1, b"new", **PERSISTENT)
    # So they are after a stop that follows.
    broker, client = restarted(broker, files, "stop")
    assert [got.redelivered for got in iter(client.get, None)] == [True, True, True, False]


@ENDS
def test_a_stream_comes_back_with_its_offsets(files, end):
    broker = Broker(files=files)
    client = broker.connect(1)
    client.declare(durable=True, arguments=STREAM)
    client.publish(1, b"0", b"1", b"2")
    broker, client = restarted(broker, files, end)
    assert client.declare(durable=True, arguments=STREAM).message_count == 3
    client.publish(1, b"3")
    client.consume(prefetch=10, arguments={"x-stream-offset": 1})
    got = [(each.properties.headers["x-stream-offset"], each.body) for each in client.deliveries()]
    assert got == [(1, b"1"), (2, b"2"), (3, b"3")]


# -- what is damaged or left over --------------------------------------------------------------------------------------


def test_logs_whose_definitions_are_damaged_are_set_aside(files):
    broker = Broker(files=files)
    client = broker.connect(1)
    for name in ("precious", "other"):
        client.declare(name, durable=True)
        client.publish(1, name.encode(), key=name, **PERSISTENT)
    broker.stop()
    (path,) = [path for path in files.entries if path.startswith("data/definitions/")]
    data = files.entries[path].now
    data[data.index(b"precious")] ^= 1
    (log,) = [path.rpartition("/")[2] for path in files.entries if path.startswith("data/logs/q1.")]
    held = bytes(files.entries[f"data/logs/{log}"].now)
    broker = Broker(files=files)
    assert "other" in broker.queues
    assert "precious" not in broker.queues
    assert any(notice.startswith(f"{path}: bytes ") and "damaged" in notice for notice in broker.notices)
    assert "log q1: its definition is damaged; it was moved to data/lost" in broker.notices
    assert files.entries[f"data/lost/{log}"].now == held
    assert f"data/logs/{log}" not in files.entries
    client = broker.connect(1)
    assert client.drain("other") == [b"other"]
    # A queue of that name begins anew, and nobody is told of the damage twice.
    assert client.declare("precious", durable=True).message_count == 0
    broker.stop()
    again = Broker(files=files)
    assert again.queues == {"precious", "other"}
    assert not [notice for notice in again.notices if "damaged" in notice]


def test_damage_does_not_bring_back_a_guest_who_was_deleted(files):
    broker = Broker(files=files)
    broker.admin.add_user("alice", "wonder")
    broker.admin.delete_user("guest")
    broker.stop()
    (path,) = [path for path in files.entries if path.startswith("data/definitions/")]
    data = files.entries[path].now
    for name in (b"alice", b"guest"):
        at = data.find(name)
        while at >= 0:
            data[at] ^= 1
            at = data.find(name)
    for _ in range(2):
        broker = Broker(files=files)
        assert broker.admin.list_users() == []
        assert "there is no user 'guest': it was deleted or lost, or others came first" in broker.notices
        broker.stop()
    broker = Broker(files=files, user="alice", password="wonder")
    broker.connect(1, user="alice", password="wonder")


def test_a_log_without_a_queue_is_removed(files):
    """Its queue was deleted, and the crash came before its files were."""
    broker = Broker(files=files)
    client = broker.connect(1)
    client.declare(durable=True)
    client.publish(1, b"x", **PERSISTENT)
    (path,) = [path for path in files.entries if path.startswith("data/logs/")]
    log = files.entries[path]
    client.call(1, Queue.Delete(queue="q"), Queue.DeleteOk)
    assert path not in files.entries
    files.entries[path] = log
    broker, client = restarted(broker, files, "kill")
    assert path not in files.entries
    assert "log q1: its queue was deleted; it was removed" in broker.notices
    client.declare(durable=True)
    assert broker.queue("q").log_id == 2


# -- how much it may take ----------------------------------------------------------------------------------------------


def test_a_fanout_to_a_thousand_durable_queues_needs_few_descriptors(tmp_path):
    limit = "resource.setrlimit(resource.RLIMIT_NOFILE, (600, 600))"
    limited = f"import os, resource, sys; {limit}; os.execv(sys.argv[1], sys.argv[1:])"
    command = [sys.executable, "-c", limited, sys.executable, "-m", "broker", "--port", "0", "--host", "127.0.0.1"]
    queues = [f"q{number}" for number in range(1000)]

    @contextlib.contextmanager
    def channel():
        folder = ["--data-dir", str(tmp_path / "data"), "--durability", "os"]
        with subprocess.Popen([*command, *folder], stderr=subprocess.PIPE, text=True, env=os.environ) as process:
            try:
                lines = []
                while not ports(lines):
                    lines.append(process.stderr.readline().rstrip())
                url = f"amqp://guest:guest@127.0.0.1:{ports(lines)[0][1]}/%2f"
                with pika.BlockingConnection(pika.URLParameters(url)) as connection:
                    yield connection.channel()
                process.terminate()
                assert process.wait(20) == 0
                rest = process.stderr.read()
                assert "Too many open files" not in rest
                assert "Traceback" not in rest
            finally:
                process.kill()

    with channel() as declaring:
        declaring.confirm_delivery()
        for queue in queues:
            declaring.queue_declare(queue, durable=True)
            declaring.queue_bind(queue, "amq.fanout")
        for number in range(3):
            declaring.basic_publish("amq.fanout", "", b"%d" % number, pika.BasicProperties(delivery_mode=2))
    with channel() as looking:
        counts = {looking.queue_declare(queue, passive=True).method.message_count for queue in queues}
        assert counts == {3}
        assert [looking.basic_get("q999", auto_ack=True)[2] for _ in range(3)] == [b"0", b"1", b"2"]


def test_streams_of_an_ephemeral_broker_count_for_the_memory_alarm():
    broker = Broker(memory_limit_bytes=LIMIT)
    client = broker.connect(1)
    client.declare(durable=True, arguments=STREAM)
    client.publish(1, *[b"x" * 1000] * 110)
    assert broker.node.alarm == "low on memory"
    other = broker.connect(1)
    other.call(1, Queue.Delete(queue="q"), Queue.DeleteOk)
    assert not broker.node.alarm


def test_streams_on_a_disk_do_not_count_for_the_memory_alarm(files):
    broker = Broker(files=files, memory_limit_bytes=LIMIT)
    client = broker.connect(1)
    client.declare(durable=True, arguments=STREAM)
    client.publish(1, *[b"x" * 1000] * 500)
    client.expect_nothing()
    assert client.count() == 500


def test_a_transaction_is_there_after_its_commit(files):
    broker = Broker(files=files)
    client = broker.connect(1)
    client.declare(durable=True)
    client.publish(1, b"settled", **PERSISTENT)
    client.call(1, Tx.Select(), Tx.SelectOk)
    assert client.get(no_ack=False).body == b"settled"
    client.ack(1, 1)
    client.publish(1, b"one", b"two", **PERSISTENT)
    client.call(1, Tx.Commit(), Tx.CommitOk)
    client.publish(1, b"never committed", **PERSISTENT)
    broker, client = restarted(broker, files, "kill")
    assert client.count() == 2
    assert client.drain() == [b"one", b"two"]
