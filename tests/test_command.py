"""The command as a person or a supervisor meets it: a process with flags, a log on standard error, an exit status."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator

import pika
import pytest

from broker import __version__
from broker.config import SETTINGS


@pytest.fixture(autouse=True)
def data_home(tmp_path, monkeypatch):
    """Not this user's, where a broker may have left users of its own."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))


def leveret(*arguments, **environment):
    command = [sys.executable, "-m", "broker", *arguments]
    return subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)


@contextlib.contextmanager
def running(*arguments, under=(), **environment) -> Iterator[tuple[subprocess.Popen, list[str]]]:
    """The broker and the lines it printed up to RabbitMQ's words, which tools wait for. ``under``: what starts it."""
    command = [*under, sys.executable, "-m", "broker", *arguments]
    with subprocess.Popen(command, env=os.environ | environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            lines = []
            for line in process.stderr:
                lines.append(line.rstrip())
                if "Server startup complete" in line:
                    break
            yield process, lines
        finally:
            process.kill()


def ports(lines):
    return [(m[1], int(m[2])) for line in lines if (m := re.search(r"listening on (\S+):(\d+)$", line))]


def test_help_lists_every_setting_with_its_names_and_default():
    result = leveret("--help")
    assert result.returncode == 0
    words = " ".join(result.stdout.split())
    for setting in SETTINGS:
        assert f"{setting.flag} " in words
        assert setting.variable in words
        assert f"[default: {setting.default_text};" in words


def test_version():
    assert leveret("--version").stdout == f"leveret {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "environment", "sentence"),
    [
        (["--port", "70000"], {}, "port: the value 70000 from --port cannot be used"),
        (["--prot", "1"], {}, "No such option '?--prot"),
        (["extra"], {}, "No such command .extra"),
        ([], {"LEVERET_HEARTBEAT": "often"}, "heartbeat: the value 'often' from LEVERET_HEARTBEAT"),
        (["--config", "no-such.toml"], {}, "cannot read no-such.toml: No such file"),
        ([], {"LEVERET_CONFIG": "no-such.toml"}, "cannot read no-such.toml: No such file"),
        (["--host", "127.0.0.256", "--port", "0"], {}, r"cannot listen on 127.0.0.256"),
    ],
)
def test_what_cannot_be_used_gives_one_line_and_status_2(arguments, environment, sentence):
    result = leveret(*arguments, **environment)
    assert result.returncode == 2
    assert result.stdout == ""
    assert re.match(rf"leveret: .*{sentence}", result.stderr)
    assert result.stderr.count("\n") == 1


def test_a_busy_port_gives_one_line_and_status_2():
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        result = leveret("--host", "127.0.0.1", "--port", str(port))
    assert result.returncode == 2
    assert re.match(rf"leveret: cannot listen on 127\.0\.0\.1:{port}: Address already in use\n$", result.stderr)


def test_a_file_of_settings_is_read(tmp_path):
    file = tmp_path / "leveret.toml"
    file.write_text('host = "127.0.0.1"\nport = 0\nuser = "alice"\npassword = "wonder"\n')
    with running(LEVERET_CONFIG=str(file)) as (_, lines):
        ((_, port),) = ports(lines)
        url = f"amqp://alice:wonder@127.0.0.1:{port}/%2f?connection_attempts=1"
        with pika.BlockingConnection(pika.URLParameters(url)) as connection:
            assert connection.is_open


def test_port_0_is_printed_and_serves_both_families():
    with running("--port", "0") as (_, lines):
        served = ports(lines)
        assert "127.0.0.1" in {host for host, _ in served}
        assert len({port for _, port in served}) == 1
        for host, port in served:
            socket.create_connection((host.strip("[]"), port)).close()


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_gracefully_with_status_0(sign):
    with running("--port", "0", "--host", "127.0.0.1") as (process, lines):
        ((_, port),) = ports(lines)
        connection = pika.BlockingConnection(pika.URLParameters(f"amqp://guest:guest@127.0.0.1:{port}/%2f"))
        process.send_signal(sign)
        with pytest.raises(pika.exceptions.ConnectionClosedByBroker) as closed:
            connection.process_data_events(time_limit=10)
        assert closed.value.reply_code == 320
        assert process.wait(10) == 0
        assert "Traceback" not in process.stderr.read()


def test_with_few_file_descriptors_clients_are_refused_in_words_and_the_disk_has_its_own(tmp_path):
    """Of 300 descriptors 75 are for sockets: 57 for clients that come in, the rest for those that are refused."""
    few = ("sh", "-c", 'ulimit -n 300; exec "$@"', "sh")
    flags = ("--port", "0", "--host", "127.0.0.1", "--data-dir", str(tmp_path / "data"))
    with running(*flags, under=few) as (process, lines), contextlib.ExitStack() as stack:
        ((_, port),) = ports(lines)
        url = pika.URLParameters(f"amqp://guest:guest@127.0.0.1:{port}/%2f?stack_timeout=60&socket_timeout=60")
        for _ in range(100):
            stack.enter_context(socket.create_connection(("127.0.0.1", port)))
        # Those say nothing, and do not keep the others out.
        connections = [stack.enter_context(pika.BlockingConnection(url)) for _ in range(57)]
        with pytest.raises(pika.exceptions.ProbableAccessDeniedError, match=r"node connection limit \(57\) is reached"):
            pika.BlockingConnection(url)
        channel = connections[0].channel()
        channel.confirm_delivery()
        for number in range(40):
            channel.queue_declare(f"q{number}", durable=True)
            channel.basic_publish("", f"q{number}", b"kept", pika.BasicProperties(delivery_mode=2))
        stack.close()
        process.terminate()
        assert "new connections wait: there are" in process.stderr.read()


def test_the_log_level_is_kept():
    with running("--port", "0") as (_, lines):
        assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} INFO ", line) for line in lines)
        assert lines
    with socket.create_server(("127.0.0.1", 0)) as busy:  # nothing but the refusal where only errors may be said
        port = str(busy.getsockname()[1])
        result = leveret("--port", port, "--host", "127.0.0.1", "--log-level", "error")
    assert result.stderr.count("\n") == 1


def test_a_policy_that_cannot_be_is_one_line_and_status_2(tmp_path):
    file = tmp_path / "leveret.toml"
    file.write_text('port = 0\nephemeral = true\n[[policies]]\nname = "p"\npattern = "("\ndefinition.max-length = -1\n')
    result = leveret("--config", str(file))
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert "policies: 'p' cannot be used: -1 is not a valid maximum length; pattern should be regular" in result.stderr


def test_policies_of_the_file_act_from_the_start(tmp_path):
    file = tmp_path / "leveret.toml"
    file.write_text(
        'host = "127.0.0.1"\nport = 0\nephemeral = true\ndefault_queue_type = "quorum"\n'
        '[[policies]]\nname = "short"\npattern = "^work"\ndefinition.max-length = 1\n'
    )
    with running(LEVERET_CONFIG=str(file)) as (_, lines):
        ((_, port),) = ports(lines)
        url = f"amqp://guest:guest@127.0.0.1:{port}/%2f"
        with pika.BlockingConnection(pika.URLParameters(url)) as connection:
            channel = connection.channel()
            channel.confirm_delivery()
            channel.queue_declare("work", durable=True)
            for _ in range(3):
                channel.basic_publish("", "work", b"m")
            assert channel.queue_declare("work", passive=True).method.message_count == 1
            with pytest.raises(pika.exceptions.ChannelClosedByBroker, match="current is 'quorum'"):
                channel.queue_declare("work", durable=True, arguments={"x-queue-type": "classic"})


def test_a_broker_does_not_carry_a_test_framework():
    """10 MB and 0.1 s of every start: what only moves a virtual clock had brought all of pytest along."""
    code = "import sys, broker.server.main; sys.exit('pytest' in sys.modules or 'trio.testing' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
