"""Which broker a command is for, how it is found, and what is said where there is none."""

import json
import os
import stat
import subprocess
import sys
import threading

import pytest

from interop.leveret import Leveret


def names(done):
    return [each["user"] for each in done.json]


def test_two_brokers_are_told_apart(leveret, tmp_path):
    one, two = str(tmp_path / "one"), str(tmp_path / "two")
    with Leveret(0, "--data-dir", one), Leveret(0, "--data-dir", two):
        leveret("user", "add", "alice", "x", "--data-dir", one)
        leveret("--data-dir", two, "user", "add", "bob", "x")
        assert names(leveret("user", "list", "--json", "--data-dir", one)) == ["guest", "alice"]
        assert names(leveret("user", "list", "--json", "--socket", f"{two}/control.sock")) == ["guest", "bob"]


def test_a_crash_leaves_a_socket_and_the_directory_can_be_used(leveret, broker, folder):
    leveret("user", "add", "alice", "x")
    broker.kill()
    assert (folder / "control.sock").is_socket()
    assert leveret("user", "add", "bob", "x").status == 0
    broker.start()
    assert names(leveret("user", "list", "--json")) == ["guest", "alice", "bob"]
    broker.stop()
    assert not (folder / "control.sock").exists()


def test_the_socket_is_its_owners(broker, folder):
    assert stat.S_IMODE((folder / "control.sock").stat().st_mode) == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_another_user_is_kept_out(broker, folder):
    # Python's own folders, too, may be closed to others: the other user begins when all is imported.
    program = (
        "import os, sys, encodings.idna, broker.commands.user, broker.commands.target as t;"
        "import broker.__main__ as m; os.setuid(65534);"
        f"sys.argv = ['leveret', 'user', 'list', '--socket', {str(folder / 'control.sock')!r}]; sys.exit(m.main())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("leveret: cannot speak with the broker at ")
    assert done.stderr.endswith(": Permission denied\n")


def test_a_broker_without_a_socket_says_so(leveret, folder, monkeypatch):
    monkeypatch.setattr("broker.commands.target._PATIENCE_S", 0.1)
    with Leveret(0, "--data-dir", str(folder), "--control-socket", "none"):
        done = leveret("user", "list")
    assert done.status == 2
    assert done.err == f"leveret: a broker runs on {folder}, and does not listen at a control socket\n"
    # Now it is stopped, and needs none.
    assert leveret("user", "list").status == 0


def test_an_ephemeral_broker_is_reached_by_the_socket_it_was_given(leveret, tmp_path):
    path = str(tmp_path / "new folder" / "s")
    assert "no broker listens at" in leveret("user", "list", "--socket", path).err
    with Leveret(0, "--ephemeral", "--control-socket", path):
        assert leveret("user", "add", "alice", "x", "--socket", path).status == 0
        assert names(leveret("--control-socket", path, "--ephemeral", "user", "list", "--json")) == ["guest", "alice"]
    assert not (tmp_path / "new folder" / "s").exists()
    assert leveret("--ephemeral", "user", "list").status == 2


def test_a_path_longer_than_an_address_will_do(leveret, tmp_path):
    folder = tmp_path / ("long" * 30)
    with Leveret(0, "--data-dir", str(folder)) as broker:
        assert leveret("user", "add", "alice", "x", "--data-dir", str(folder)).status == 0
        assert "add_user" in broker.log


def test_a_socket_in_use_is_not_taken_away(leveret, tmp_path):
    path = str(tmp_path / "s")
    with Leveret(0, "--control-socket", path):
        again = subprocess.run(
            [sys.executable, "-m", "broker", "--ephemeral", "--port", "0", "--control-socket", path],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert again.returncode == 2
        assert again.stderr.endswith(
            f"leveret: control_socket: cannot listen on {path}: another broker listens there\n"
        )
        assert leveret("user", "list", "--socket", path).status == 0


def test_what_is_no_socket_is_not_removed(tmp_path):
    (tmp_path / "letter").write_text("dear")
    again = subprocess.run(
        [sys.executable, "-m", "broker", "--ephemeral", "--port", "0", "--control-socket", str(tmp_path / "letter")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert again.returncode == 2
    assert "there is something that is no socket" in again.stderr
    assert (tmp_path / "letter").read_text() == "dear"


def many_at_once(count):
    def add(number):
        subprocess.run([sys.executable, "-m", "broker", "user", "add", f"u{number}", "x"], check=True)

    threads = [threading.Thread(target=add, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_many_commands_at_once_are_all_done(leveret, broker, folder):
    many_at_once(12)
    assert set(names(leveret("user", "list", "--json"))) == {"guest", *(f"u{number}" for number in range(12))}
    assert broker.log.count("add_user, asked for") == 12


def test_many_commands_at_once_wait_for_each_other(leveret, folder):
    many_at_once(6)
    assert set(names(leveret("user", "list", "--json"))) == {"guest", *(f"u{number}" for number in range(6))}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("user", "nothing"), "No such command"),
        (("user", "add"), "Missing argument"),
        (("user", "list", "--data-dir", "/proc/nowhere"), "there is no data directory /proc/nowhere"),
        (("user", "list", "--config", "/nowhere.toml"), "cannot read /nowhere.toml"),
        (("nothing",), "No such command 'nothing'"),
    ],
)
def test_what_cannot_be_used_is_one_line_and_status_2(leveret, arguments, sentence):
    done = leveret(*arguments)
    assert (done.status, done.out, done.err.count("\n")) == (2, "", 1)
    assert sentence in done.err


def test_help_names_the_commands(leveret):
    assert " user " in leveret("--help").out
    assert "change-password" in leveret("user").out


def test_definitions_that_are_too_long_are_said_to_be(leveret, broker, tmp_path):
    """It had said "Broken pipe": the answer was there, and not read."""
    file = tmp_path / "definitions.json"
    file.write_text(json.dumps({"queues": [], "global_parameters": [{"name": "x" * 17 * 2**20}]}))
    done = leveret("definitions", "import", str(file))
    assert done.status == 1
    assert "the line is too long" in done.err
