"""client.toml: what it may say, and what is made of it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from interop.clients.story import entry
from interop.clients.story.entry import BuildFailed, Client, Needs, all_clients

ENTRY = """
title = "Fake"
language = "Python"
version = ["true"]
run = ["true"]
note = "Recovers."
"""


@pytest.fixture
def clients(tmp_path, monkeypatch):
    monkeypatch.setattr(entry, "CLIENTS", tmp_path)
    (tmp_path / "fake").mkdir()
    return tmp_path


def test_every_client_is_whole():
    every = all_clients()
    assert {"aio_pika", "pika", "aiormq", "kombu", "amqpstorm", "amqplib", "java", "go", "bunny"} <= set(every)
    for client in every.values():
        assert all((client.title, client.language, client.note)), client.name
        assert client.needs != Needs(), f"nothing installs {client.name}"
        # It is a cell of a table.
        assert "|" not in client.note, client.name
        assert "\n" not in client.note, client.name


def test_an_entry_is_read(clients):
    (clients / "fake" / "client.toml").write_text(ENTRY + 'build = [["cc"]]\n[needs]\npip = true\napt = ["cc"]\n')
    assert all_clients() == {
        "fake": Client(
            "fake", "Fake", "Python", ("true",), ("true",), "Recovers.", (("cc",),), {}, Needs(pip=True, apt=("cc",))
        )
    }


@pytest.mark.parametrize("more", ['colour = "red"', '[needs]\ngems = ["bunny"]'])
def test_what_an_entry_cannot_say_is_named(clients, more):
    (clients / "fake" / "client.toml").write_text(ENTRY + more)
    with pytest.raises(ValueError, match=r"nothing is called (colour|gems)"):
        all_clients()


def test_a_version_is_the_first_word(fake):
    assert fake().version() == "1.0"


@pytest.mark.parametrize(
    "command",
    [("no-such-command-at-all",), (sys.executable, "-c", "import no_such_module"), (sys.executable, "-c", "pass")],
    ids=["no command", "a status", "no words"],
)
def test_what_is_not_installed_has_no_version(fake, command):
    assert fake(version_command=command).version() is None


def test_places_are_filled_in(fake, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/tmp/kept")
    client = fake(
        name="pika", run_command=("{python}", "{folder}/story", "{build}/story", "{cache}"),
        environment={"PLACE": "{build}:{cache}"},
    )  # fmt: skip
    built = Path("/tmp/built")
    folder = Path(entry.__file__).parents[1] / "pika"
    assert client.command(built, "amqp://") == [
        sys.executable, f"{folder}/story", "/tmp/built/story", "/tmp/kept/leveret-clients", "amqp://",
    ]  # fmt: skip
    assert client.whole_environment(built)["PLACE"] == "/tmp/built:/tmp/kept/leveret-clients"


def test_a_build_runs_its_commands_in_its_folder(fake, tmp_path):
    fake(build_commands=(("sh", "-c", "echo one > made"), ("cp", "{build}/made", "{build}/copied"))).build(tmp_path)
    assert (tmp_path / "copied").read_text() == "one\n"


def test_a_build_that_fails_says_how(fake, tmp_path):
    with pytest.raises(BuildFailed, match="no such header"):
        fake(build_commands=(("sh", "-c", "echo no such header >&2; exit 1"), ("touch", "never"))).build(tmp_path)
    assert not (tmp_path / "never").exists()
