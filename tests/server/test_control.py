"""The control socket as its peers find it: a line, an answer, and patience that ends."""

import json
import logging
import socket

import pytest
import trio

import broker
from broker.administration import Administration
from broker.server import control
from broker.server.control import ControlError, ControlSocket
from tests.server.client import connected
from tests.server.fakes import errors_logged, no_socket_left, until

trio_test = pytest.mark.trio


@pytest.fixture
def folder(tmp_path):
    return str(tmp_path)


async def reach(folder) -> trio.SocketStream:
    return await trio.open_unix_socket(f"{folder}/control.sock")


async def ask(stream, verb, **arguments):
    return await say(stream, json.dumps({"verb": verb, "arguments": arguments}).encode())


async def say(stream, line: bytes):
    await stream.send_all(line + b"\n")
    return await hear(stream)


async def hear(stream):
    answer = b""
    while not answer.endswith(b"\n"):
        answer += (data := await stream.receive_some())
        if not data:
            return None
    return json.loads(answer)


@trio_test
async def test_a_line_is_answered_by_a_line_and_all_is_gone_in_the_end(folder, tmp_path):
    with no_socket_left(), errors_logged() as errors:
        async with broker.serve(port=0, data_dir=folder) as b:
            async with await reach(folder) as stream:
                assert await ask(stream, "add_user", name="alice", password="x") == {"result": None}
                assert (await ask(stream, "list_users"))["result"][1] == {"user": "alice", "tags": []}
                assert await say(stream, b'{"verb": "list_users"}') == await ask(stream, "list_users")
                assert "alice" in b.node.access.users
            lost = await reach(folder)
            await ask(lost, "list_users")
        assert not (tmp_path / "control.sock").exists()
        assert await hear(lost) is None
        await lost.aclose()
        assert not errors


@trio_test
@pytest.mark.parametrize(
    ("line", "error"),
    [
        (b"", "not a line of JSON"),
        (b"\xff\xfe", "not a line of JSON"),
        (b"GET / HTTP/1.1", "not a line of JSON"),
        (b"[" * 100_000, "not a line of JSON"),
        (b"9" * 10_000, "not a line of JSON"),
        (b"[]", 'not an object with "verb" and "arguments"'),
        (b'{"verb": "list_users", "more": 1}', 'not an object with "verb" and "arguments"'),
        (b"{}", "there is no such verb"),
        (b'{"verb": "__init__"}', "there is no such verb"),
        (b'{"verb": ["list_users"]}', "there is no such verb"),
        (b'{"verb": "delete_user"}', "delete_user needs an argument name"),
        (b'{"verb": "delete_user", "arguments": {"name": NaN}}', "delete_user: name has to be text"),
        (b'{"verb": "delete_user", "arguments": {"name": "nobody"}}', 'User "nobody" does not exist'),
    ],
)
async def test_what_cannot_be_used_is_said_and_the_next_line_is_heard(folder, line, error):
    with errors_logged() as errors:
        async with broker.serve(port=0, data_dir=folder), await reach(folder) as stream:
            assert await say(stream, line) == {"error": error}
            assert "result" in await ask(stream, "list_users")
        assert not errors


@trio_test
async def test_lines_that_come_together_or_in_pieces_are_lines(folder):
    async with broker.serve(port=0, data_dir=folder), await reach(folder) as stream:
        line = b'{"verb": "list_vhosts"}\n'
        await stream.send_all(line + line[:5])
        assert "result" in await hear(stream)
        for byte in line[5:]:
            await stream.send_all(bytes([byte]))
        assert "result" in await hear(stream)


@trio_test
async def test_a_line_too_long_is_refused_and_ends_it(folder, monkeypatch):
    monkeypatch.setattr(control, "_LINE_MAX_BYTES", 1000)
    async with broker.serve(port=0, data_dir=folder), await reach(folder) as stream:
        await stream.send_all(b" " * 1001)
        assert await hear(stream) == {"error": "the line is too long"}
        assert await hear(stream) is None


@trio_test
async def test_who_says_nothing_is_sent_away_and_makes_room(folder, monkeypatch):
    monkeypatch.setattr(control, "_IDLE_S", 0.2)
    monkeypatch.setattr(control, "_PEERS_MAX", 2)
    async with broker.serve(port=0, data_dir=folder):
        silent = [await reach(folder) for _ in range(2)]
        async with await reach(folder) as third:
            assert "result" in await ask(third, "list_users")
        for stream in silent:
            assert await hear(stream) is None
            await stream.aclose()


@trio_test
async def test_who_does_not_take_the_answer_holds_nobody_up(folder, monkeypatch):
    monkeypatch.setattr(control, "_IDLE_S", 0.5)
    async with broker.serve(port=0, data_dir=folder):
        async with await reach(folder) as deaf:
            with pytest.raises(trio.BrokenResourceError):
                await deaf.send_all(b'{"verb": "list_vhosts"}\n' * 100_000)
        async with await reach(folder) as other:
            assert "result" in await ask(other, "list_users")


@trio_test
async def test_the_answer_to_a_change_waits_for_the_disk(folder, monkeypatch):
    async with broker.serve(port=0, data_dir=folder) as b, await reach(folder) as stream:
        shell = b.shell
        batches = []
        commit, shell.commit = shell.commit, batches.append
        await stream.send_all(b'{"verb": "add_user", "arguments": {"name": "alice", "password": "x"}}\n')
        await until(lambda: bool(batches))
        with trio.move_on_after(0.3) as waited:
            await hear(stream)
        assert waited.cancelled_caught
        shell.commit = commit
        for batch in batches:
            commit(batch)
        assert await hear(stream) == {"result": None}


@trio_test
async def test_what_the_disk_refuses_is_said(folder, monkeypatch):
    async with broker.serve(port=0, data_dir=folder) as b, await reach(folder) as stream:
        with monkeypatch.context() as full:

            def refuse(self):
                raise OSError(28, "No space left on device")

            full.setattr("streams.commit.Commit.write", refuse)
            answer = await ask(stream, "add_user", name="alice", password="x")
        assert answer["error"].startswith("done, but cannot be written to the data directory: [Errno 28] No space left")
        assert "alice" in b.node.access.users
        await until(lambda: b.node.committing.failure is None)
        assert await ask(stream, "add_user", name="bob", password="x") == {"result": None}


@trio_test
async def test_a_bug_of_ours_is_no_end_and_tells_no_password(folder, monkeypatch, caplog):
    def broken(self, name: str, password: str) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(Administration, "change_password", broken)
    async with broker.serve(port=0, data_dir=folder), await reach(folder) as stream:
        answer = await ask(stream, "change_password", name="guest", password="secret")
        assert answer == {"error": "internal error; the broker's log says more"}
        assert "result" in await ask(stream, "list_users")
    assert "a bug" in caplog.text
    assert "secret" not in caplog.text


@trio_test
async def test_connections_are_closed_and_clients_told_why(folder):
    async with broker.serve(port=0, data_dir=folder) as b, await connected(b.port) as client, await reach(folder) as s:
        assert await ask(s, "close_all_connections", reason="go home") == {"result": 1}
        assert "go home" in (await client.receive()).reply_text


@trio_test
async def test_in_memory_there_is_a_socket_only_where_it_is_asked_for(tmp_path):
    async with broker.serve(port=0):
        pass
    assert list(tmp_path.iterdir()) == []
    async with broker.serve(port=0, control_socket=str(tmp_path / "here" / "control.sock")):
        assert (tmp_path / "here").stat().st_mode & 0o777 == 0o700
        async with await reach(tmp_path / "here") as stream:
            assert await ask(stream, "add_user", name="alice", password="x") == {"result": None}
    async with broker.serve(port=0, data_dir=str(tmp_path / "there"), control_socket="none"):
        assert not (tmp_path / "there" / "control.sock").exists()


@trio_test
async def test_a_socket_that_cannot_be_is_refused_and_the_directory_let_go(folder, tmp_path, caplog):
    (tmp_path / "file").write_text("")
    with no_socket_left(), pytest.raises(ControlError, match="cannot listen on"):
        async with broker.serve(port=0, data_dir=f"{folder}/d", control_socket=f"{folder}/file/s"):
            raise AssertionError("it serves")
    # Where none was asked for by name the broker does without, and says so.
    (tmp_path / "d" / "control.sock").write_text("")
    with caplog.at_level(logging.WARNING):
        async with broker.serve(port=0, data_dir=f"{folder}/d") as b:
            assert not b.node.sessions
    assert "there is something that is no socket; commands will not reach this broker" in caplog.text


@trio_test
async def test_closing_takes_away_only_its_own(tmp_path):
    path = tmp_path / "s"
    first = ControlSocket(str(path))
    path.unlink()
    second = ControlSocket(str(path))
    first.close()
    assert path.exists()
    second.close()
    second.close()
    assert not path.exists()


@trio_test
async def test_a_socket_nobody_listens_at_is_replaced(tmp_path):
    path = tmp_path / "s"
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(path))
    left.close()
    ControlSocket(str(path)).close()
