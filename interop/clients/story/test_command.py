"""`python -m interop.clients`: which clients, what is skipped, what it ends with, and the README's table."""

from __future__ import annotations

import contextlib

import pytest

from interop import rabbitmq
from interop.clients import __main__ as command
from interop.clients.story.steps import STEPS
from interop.clients.story.table import BEGIN, END

PAGE = f"{BEGIN}\n\nold\n\n{END}\n"
ABSENT = {"version_command": ("no-such-command-at-all",)}


@pytest.fixture
def run(monkeypatch, tmp_path, capsys):
    """Run the command with these clients; gives its status and what it printed. Both brokers are names only."""
    (tmp_path / "README.md").write_text(PAGE)
    restarts: list[str] = []

    @contextlib.contextmanager
    def leveret():
        yield "amqp://leveret", lambda: restarts.append("leveret")

    @contextlib.contextmanager
    def beside(root):
        yield ("amqp://rabbitmq", lambda: restarts.append("rabbitmq"), f"of {root}") if root else None

    def run(clients, *arguments):
        monkeypatch.setattr(command, "_leveret", leveret)
        monkeypatch.setattr(command, "_rabbitmq", beside)
        monkeypatch.setattr(command, "ROOT", tmp_path)
        monkeypatch.setattr(command, "all_clients", lambda: {client.name: client for client in clients})
        monkeypatch.setattr("sys.argv", ["clients", *arguments])
        restarts.clear()
        status = command.main()
        return status, capsys.readouterr().out, list(restarts)

    return run


OTHER_WORDS = "tell(but={'get': ('saw get', sys.argv[1], '\\nok get')})"
FAILS_ON_OURS = "tell(but={'get': ('failed get none' if sys.argv[1].endswith('leveret') else 'ok get',)})"
FAILS_ON_ITS = "tell(but={'get': ('failed get none' if sys.argv[1].endswith('rabbitmq') else 'ok get',)})"


def test_all_is_well(run, fake):
    status, out, restarts = run([fake()])
    assert status == 0
    assert restarts == ["leveret", "rabbitmq"]
    assert f"| Fake 1.0 | Python | {len(STEPS)} | {len(STEPS)} | 0 | 0 |" in out
    assert "on RabbitMQ of /" in out
    assert out.count(f" {len(STEPS)} held, 0 cannot be") == 2


@pytest.mark.parametrize(
    ("story", "complaint"),
    [
        (FAILS_ON_OURS, "fake: get: failed: none"),
        (OTHER_WORDS, "fake: get: showed ['amqp://leveret'], but ['amqp://rabbitmq'] on RabbitMQ"),
        ("tell(); sys.exit('sorry')", "fake: end on Leveret: ended with status 1; sorry"),
    ],
)
def test_what_differs_is_said_and_ends_with_1(run, fake, story, complaint):
    status, out, _ = run([fake(story)])
    assert status == 1
    assert complaint in out.splitlines()


def test_what_fails_on_rabbitmq_alone_is_only_said(run, fake):
    status, out, _ = run([fake(FAILS_ON_ITS)])
    assert status == 0
    assert "fake: get failed on RabbitMQ: none" in out


def test_only_leveret(run, fake):
    status, out, restarts = run([fake()], "--without-rabbitmq")
    assert (status, restarts) == (0, ["leveret"])
    assert f"| Fake 1.0 | Python | {len(STEPS)} | – |" in out
    assert run([fake(FAILS_ON_OURS)], "--without-rabbitmq")[0] == 1


def test_a_client_that_is_not_there_is_skipped_aloud(run, fake):
    status, out, _ = run([fake(name="gone", **ABSENT), fake()])
    assert status == 0
    assert "skipped gone: python -m interop.clients.install gone" in out.splitlines()
    assert "| Gone" not in out
    assert "| Fake 1.0" in out


def test_a_client_that_cannot_be_built_is_a_complaint(run, fake):
    status, out, _ = run([fake(name="broken", build_commands=(("sh", "-c", "echo no header; exit 1"),)), fake()])
    assert status == 1
    assert any(line.startswith("broken: ") and "no header" in line for line in out.splitlines())
    assert "| Fake 1.0" in out


def test_clients_are_named_as_debian_names_them_too(run, fake):
    clients = [fake(name="amqp_tools"), fake(name="other")]
    _, out, _ = run(clients, "amqp-tools", "--without-rabbitmq")
    assert "Other" not in out
    assert "Amqp_Tools" in out


@pytest.mark.parametrize(
    "arguments", [("nobody",), ("--write", "fake"), ("--write", "--without-rabbitmq")], ids=["name", "some", "one"]
)
def test_what_cannot_be_asked_for(run, fake, arguments, tmp_path):
    with pytest.raises(SystemExit) as ended:
        run([fake()], *arguments)
    assert ended.value.code == 2
    assert (tmp_path / "README.md").read_text() == PAGE


def test_the_readmes_table_is_written(run, fake, tmp_path):
    status, out, _ = run([fake(), fake(name="other")], "--write")
    assert status == 0
    written = (tmp_path / "README.md").read_text()
    assert "old" not in written
    assert "| Fake 1.0 " in written
    assert "| Other 1.0 " in written
    assert written.removeprefix(f"{BEGIN}\n\n").removesuffix(f"\n\n{END}\n") in out


def test_the_readmes_table_has_all_clients_or_stays(run, fake, tmp_path):
    status, out, _ = run([fake(name="gone", **ABSENT), fake()], "--write")
    assert status == 1
    assert "README.md stays as it is: its table is of all clients" in out
    assert (tmp_path / "README.md").read_text() == PAGE


def test_without_rabbitmq_installed_the_way_round_is_said(run, fake, monkeypatch, capsys):
    def missing(root):
        raise rabbitmq.NotInstalled("no RabbitMQ here")

    run([])
    monkeypatch.setattr(command, "_rabbitmq", missing)
    monkeypatch.setattr("sys.argv", ["clients"])
    assert command.main() == 1
    assert capsys.readouterr().err == "no RabbitMQ here; or --without-rabbitmq\n"
