"""Commands on the data directory of a broker that does not run."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pika
import pytest

from interop.leveret import Leveret


def tree(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def publish(broker, count):
    with pika.BlockingConnection(pika.URLParameters(broker.url)) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        channel.queue_declare("q", durable=True)
        for number in range(count):
            channel.basic_publish("", "q", b"%d" % number, pika.BasicProperties(delivery_mode=2))
        # The first is handed out, and comes back.
        channel.basic_get("q")


def redelivered(broker):
    with pika.BlockingConnection(pika.URLParameters(broker.url)) as connection:
        channel = connection.channel()
        got = [channel.basic_get("q", auto_ack=True) for _ in range(3)]
        return [(body, method.redelivered) for method, _, body in got]


def test_what_is_set_before_the_first_start_is_there(leveret, folder):
    assert leveret("vhost", "add", "garden").status == 0
    assert leveret("user", "add", "alice", "wonder").status == 0
    assert leveret("permission", "set", "alice", ".*", ".*", ".*", "-p", "garden").status == 0
    assert leveret("policy", "set", "p", "^a", '{"max-length": 5}').status == 0
    with Leveret(0, "--data-dir", str(folder)) as broker:
        url = f"amqp://alice:wonder@127.0.0.1:{broker.port}/garden"
        with pika.BlockingConnection(pika.URLParameters(url)) as connection:
            connection.channel().queue_declare("q")
        assert leveret("policy", "list", "--json").json[0]["name"] == "p"


def test_looking_changes_nothing(leveret, folder):
    with Leveret(0, "--data-dir", str(folder)) as broker:
        publish(broker, 3)
    before = tree(folder)
    assert leveret("queue", "list").lines[1] == ["q", "classic", "true", "false", "false", "3", "0"]
    assert leveret("user", "list").status == leveret("vhost", "list").status == 0
    assert leveret("connection", "list", "--json").json == []
    assert tree(folder) == before


def test_nothing_is_made_where_one_only_looks(leveret, folder):
    assert leveret("user", "list").status == 2
    assert not folder.exists()


def test_marks_of_an_orderly_stop_are_kept(leveret, folder):
    with Leveret(0, "--data-dir", str(folder)) as broker:
        publish(broker, 3)
        broker.stop()
        assert leveret("user", "add", "alice", "x").status == 0
        assert leveret("user", "list").status == 0
        broker.start()
        assert redelivered(broker) == [(b"0", True), (b"1", False), (b"2", False)]


def test_after_a_crash_all_is_marked_whatever_was_done_in_between(leveret, folder):
    with Leveret(0, "--data-dir", str(folder)) as broker:
        publish(broker, 3)
        broker.kill()
        assert leveret("user", "add", "alice", "x").status == 0
        assert leveret("user", "list").status == 0
        broker.start()
        assert redelivered(broker) == [(b"0", True), (b"1", True), (b"2", True)]


def test_a_policy_acts_on_what_is_there(leveret, folder):
    with Leveret(0, "--data-dir", str(folder)) as broker:
        publish(broker, 3)
        broker.stop()
        assert leveret("policy", "set", "short", "q", '{"max-length": 1}').status == 0
        assert leveret("queue", "list", "--json").json[0]["messages_ready"] == 1
        broker.start()
        assert leveret("queue", "list", "--json").json[0]["messages_ready"] == 1


def test_what_is_refused_there_is_refused_alike(leveret, folder):
    leveret("user", "add", "alice", "x")
    done = leveret("user", "add", "alice", "x")
    assert (done.status, done.err) == (1, 'leveret: User "alice" already exists\n')
    assert leveret("user", "list").status == 0


def test_a_folder_of_somebody_else_is_left_alone(leveret, folder):
    folder.mkdir()
    (folder / "letter").write_text("dear")
    for command in (("user", "list"), ("user", "add", "alice", "x")):
        done = leveret(*command)
        assert (done.status, done.err.count("\n")) == (2, 1)
        assert "nothing says that leveret wrote it" in done.err
    assert [path.name for path in folder.iterdir()] == ["letter"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_root_leaves_no_file_that_the_brokers_user_could_not_open(leveret, monkeypatch):
    # Not in pytest's own folder, which is closed to others.
    with tempfile.TemporaryDirectory() as home:
        Path(home).chmod(0o755)
        folder = Path(home) / "data"
        monkeypatch.setenv("LEVERET_DATA_DIR", str(folder))
        assert leveret("user", "add", "alice", "x").status == 0
        for path in (folder, *folder.rglob("*")):
            os.chown(path, 65534, 65534)
        subprocess.run([sys.executable, "-m", "broker", "user", "add", "bob", "x"], check=True)
        subprocess.run([sys.executable, "-m", "broker", "policy", "set", "p", "", '{"expires": 1}'], check=True)
        assert {path.stat().st_uid for path in folder.rglob("*")} == {65534}


def test_what_would_end_with_a_broker_is_refused(leveret, folder):
    leveret("user", "add", "alice", "x")
    for command in (("trace", "on"), ("alarm", "set-memory-limit", "1")):
        done = leveret(*command)
        assert (done.status, done.err) == (2, f"leveret: no broker runs on {folder}, and this would end with it\n")


def test_definitions_go_from_one_directory_to_another(leveret, folder, tmp_path):
    leveret("user", "add", "alice", "wonder", "--tags", "x")
    leveret("policy", "set", "short", "^q", '{"max-length": 1}')
    file = tmp_path / "definitions.json"
    assert leveret("definitions", "export", str(file)).status == 0
    assert file.stat().st_mode & 0o777 == 0o600
    with Leveret(0, "--data-dir", str(tmp_path / "other")) as broker:
        assert leveret("definitions", "import", str(file), "--data-dir", str(tmp_path / "other")).status == 0
        url = f"amqp://alice:wonder@127.0.0.1:{broker.port}/"
        with pytest.raises(pika.exceptions.ProbableAccessDeniedError):
            pika.BlockingConnection(pika.URLParameters(url))
        exported = leveret("definitions", "export", "--data-dir", str(tmp_path / "other"))
        again = leveret("definitions", "import", "--data-dir", str(tmp_path / "other"), stdin=exported.out)
        assert (again.status, again.err) == (0, "")
    assert exported.json == leveret("definitions", "export").json
    assert leveret("definitions", "import", stdin="{").status == 2
    assert (
        leveret("definitions", "import", "/nowhere").err == "leveret: cannot read /nowhere: No such file or directory\n"
    )
    left = leveret("definitions", "import", stdin='{"global_parameters": [{"name": "g", "value": 1}]}')
    assert (left.status, left.err) == (0, "left out: global parameter 'g'\n")
