"""EXTERNAL: who shows a certificate logs in by the name that it says, without a password."""

import socket
import ssl

import pytest
import trio
from pamqp import commands

import broker
from tests.server.authority import Authority
from tests.server.client import Client, connect, connect_tls
from tests.server.fakes import until

pytestmark = pytest.mark.trio

ALL = ("PLAIN", "AMQPLAIN", "EXTERNAL")

_REFUSED = (
    "ACCESS_REFUSED - Login was refused using authentication mechanism EXTERNAL. For details see the broker logfile."
)


@pytest.fixture
def authority(tmp_path) -> Authority:
    return Authority(tmp_path)


async def start(client: Client) -> list[str]:
    """The mechanisms that are offered."""
    await client.stream.send_all(b"AMQP\x00\x00\x09\x01")
    return (await client.expect(commands.Connection.Start)).mechanisms.split()


async def answer(client: Client, mechanism: str = "EXTERNAL", response: str = ""):
    """What comes after start-ok."""
    properties = {"capabilities": {"authentication_failure_close": True}}
    await client.send(commands.Connection.StartOk(properties, mechanism, response, "en_US"), channel=0)
    return await client.receive()


async def test_it_is_offered_to_those_who_have_shown_a_certificate(authority):
    async with broker.serve(port=0, tls_port=0, **authority.mutual(), auth_mechanisms=ALL) as b:
        async with await connect(b.port) as client:
            assert await start(client) == ["PLAIN", "AMQPLAIN"]
        async with await connect_tls(b.tls_port, authority.client()) as client:
            assert await start(client) == ["PLAIN", "AMQPLAIN"]
        async with await connect_tls(b.tls_port, authority.client("hare@field.test")) as client:
            assert await start(client) == ["PLAIN", "AMQPLAIN", "EXTERNAL"]


async def test_where_it_is_not_offered_it_is_not_known(authority):
    async with broker.serve(port=0, tls_port=0, **authority.mutual(), auth_mechanisms=ALL) as b:
        for client in (await connect(b.port), await connect_tls(b.tls_port, authority.client())):
            async with client:
                await start(client)
                # 503, in silence: it is not a refusal of a login.
                assert await answer(client, response="guest") is None


async def test_a_certificate_that_was_not_asked_for_proves_nothing(authority):
    async with (
        broker.serve(port=0, tls_port=0, **authority.server()) as b,
        await connect_tls(b.tls_port, authority.client("hare@field.test", common_name="guest")) as client,
    ):
        assert "EXTERNAL" not in await start(client)


@pytest.mark.parametrize(
    ("settings", "user"),
    [
        ({}, "CN=hare,OU=Runners\\, long ears,O=Field"),
        ({"ssl_cert_login_from": "common_name"}, "hare"),
        (
            {"ssl_cert_login_from": "subject_alternative_name", "ssl_cert_login_san_type": "email"},
            "hare@field.test",
        ),
        (
            {"ssl_cert_login_from": "subject_alternative_name", "ssl_cert_login_san_index": 1},
            "b.test",
        ),
    ],
    ids=["distinguished name", "common name", "e-mail", "second host"],
)
async def test_the_name_is_what_is_set(authority, settings, user):
    name = {"common_name": "hare", "organization_name": "Field", "organization_unit_name": "Runners, long ears"}
    context = authority.client("hare@field.test", "a.test", "b.test", **name)
    async with broker.serve(port=0, tls_port=0, **authority.mutual(), auth_mechanisms=ALL, **settings) as b:
        b.admin.add_user(user, "has one, and it is not asked for")
        b.admin.set_permissions(user, ".*", ".*", ".*")
        # What a client says beside it is nothing to go by.
        for response in ("", "guest"):
            async with await connect_tls(b.tls_port, context) as client:
                await start(client)
                tune = await answer(client, response=response)
                assert isinstance(tune, commands.Connection.Tune)
                await client.send(commands.Connection.TuneOk(2047, 131072, 0), channel=0)
                await client.ask(commands.Connection.Open("/"), commands.Connection.OpenOk, channel=0)
                assert [session.user for session in b.node.sessions] == [user]
            await until(lambda: not b.node.sessions)


async def test_a_name_that_is_no_users_is_refused(authority, caplog):
    settings = {**authority.mutual(), "auth_mechanisms": ALL, "ssl_cert_login_from": "common_name"}
    async with broker.serve(port=0, tls_port=0, **settings) as b:
        for options in ({"common_name": "weasel"}, {}):
            async with await connect_tls(b.tls_port, authority.client("x@field.test", **options)) as client:
                await start(client)
                close = await answer(client)
                assert (close.reply_code, close.reply_text) == (403, _REFUSED)
    assert "user 'weasel' - invalid credentials" in caplog.text
    assert "no name found" in caplog.text


async def test_a_password_is_as_good_as_a_certificate(authority):
    async with (
        broker.serve(port=0, tls_port=0, **authority.mutual(), auth_mechanisms=ALL) as b,
        await connect_tls(b.tls_port, authority.client("hare@field.test")) as client,
    ):
        await start(client)
        assert isinstance(await answer(client, "PLAIN", "\0guest\0guest"), commands.Connection.Tune)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_resumed_session_knows_the_certificate_until_certificates_are_read_again(authority, version):
    """Else who was trusted once would stay so, whatever the files say now."""
    context = authority.client("hare@field.test")
    context.maximum_version = version

    def talk(port: int, session: ssl.SSLSession | None) -> tuple[bool, bool, ssl.SSLSession]:
        """Whether it was resumed, and EXTERNAL offered."""
        with (
            socket.create_connection(("127.0.0.1", port)) as plain,
            context.wrap_socket(plain, server_hostname="localhost", session=session) as tls,
        ):
            tls.sendall(b"AMQP\x00\x00\x09\x01")
            offered = b"EXTERNAL" in tls.recv(4096)
            return tls.session_reused, offered, tls.session

    async with broker.serve(port=0, tls_port=0, **authority.mutual(), auth_mechanisms=ALL) as b:
        session, seen = None, []
        for again in (False, False, True):
            if again:
                b.reconfigure(b.config)
            resumed, offered, session = await trio.to_thread.run_sync(talk, b.tls_port, session)
            seen.append((resumed, offered))
        assert seen == [(False, True), (True, True), (False, True)]


async def test_who_has_a_certificate_is_not_offered_it_unless_that_is_asked_for(authority):
    """py-amqp would take it before the password it has, and be refused."""
    async with broker.serve(port=0, tls_port=0, **authority.mutual()) as b:
        session = b.node.connect("127.0.0.1:1", "127.0.0.1:2", b.node.turn())
        assert session.connection.mechanisms == ("PLAIN", "AMQPLAIN")
