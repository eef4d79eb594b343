"""Settings of TLS that cannot be used: each is one sentence that names the setting, and the file if it is one."""

import signal
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from broker.config import Config, ConfigError
from broker.server.certificates import certificates
from tests.server.authority import Authority
from tests.test_command import leveret, running


@pytest.fixture
def authority(tmp_path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def settings(authority) -> dict:
    return authority.mutual()


def refusal(settings: dict) -> str:
    with pytest.raises(ConfigError) as caught:
        certificates(Config(**settings))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_without_settings_there_is_no_tls():
    assert certificates(Config()) is None


def test_what_can_be_used(settings):
    for change in ({}, {"tls_min_version": "1.3"}, {"tls_fail_if_no_peer_cert": True}, {"tls_ciphers": "ECDHE+AESGCM"}):
        assert certificates(Config(**settings, **change)) is not None


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"tls_keyfile": ""}, "tls_certfile, tls_keyfile: the one needs the other"),
        ({"tls_certfile": ""}, "tls_certfile, tls_keyfile: the one needs the other"),
        ({"tls_certfile": "nowhere"}, "tls_certfile: cannot read nowhere: No such file or directory"),
        ({"tls_keyfile": "nowhere"}, "tls_keyfile: cannot read nowhere: No such file or directory"),
        ({"tls_cacertfile": "nowhere"}, "tls_cacertfile: cannot read nowhere: No such file or directory"),
        ({"tls_keyfile": "/"}, "tls_keyfile: cannot read /: Is a directory"),
        ({"tls_cacertfile": ""}, "tls_verify: verify_peer needs tls_cacertfile"),
        (
            {"tls_verify": "verify_none", "tls_fail_if_no_peer_cert": True},
            "tls_fail_if_no_peer_cert: it needs tls_verify verify_peer",
        ),
        ({"tls_ciphers": "ROT13"}, "tls_ciphers: OpenSSL finds no cipher in 'ROT13'"),
        ({"tls_hosts": [{"server_name": "a"}]}, "tls_hosts: each needs server_name, certfile and keyfile"),
        (
            {"tls_hosts": [{"server_name": "a", "certfile": "nowhere", "keyfile": "nowhere"}]},
            "tls_hosts: 'a': certfile: cannot read nowhere: No such file or directory",
        ),
        (
            {"tls_hosts": [{"server_name": "a", "port": 1}]},
            "tls_hosts: 'a' cannot be used: port is nothing that it may have, or no text",
        ),
    ],
)
def test_what_does_not_fit_together_or_cannot_be_read(settings, change, sentence):
    assert refusal(settings | change) == sentence


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"tls_only": True}, "tls_only: nobody could connect; it needs tls_certfile and tls_keyfile"),
        (
            {"tls_hosts": [{"server_name": "a", "certfile": "c", "keyfile": "k"}]},
            "tls_hosts: they need tls_certfile and tls_keyfile, for all other names",
        ),
    ],
)
def test_what_needs_a_certificate(change, sentence):
    assert refusal(change) == sentence


@pytest.mark.parametrize("name", ["tls_certfile", "tls_cacertfile"])
def test_a_file_without_a_certificate(settings, name):
    Path(settings[name]).write_text("hare")
    assert refusal(settings) == f"{name}: cannot use {settings[name]}: it holds no certificate in PEM"


def test_another_ones_key(settings, authority):
    other = authority.files("other")[1]
    assert refusal(settings | {"tls_keyfile": other}) == (
        f"tls_keyfile: the key in {other} is not that of the certificate in {settings['tls_certfile']}"
    )


def test_a_file_without_a_key(settings):
    path = settings["tls_keyfile"]
    Path(path).write_text("hare")
    why = "it holds no private key, or the password is not its own"
    assert refusal(settings) == f"tls_keyfile: cannot use {path}: {why}"


def test_a_key_with_a_password(settings):
    """And one that is missing is not asked for at the terminal."""
    path = Path(settings["tls_keyfile"])
    key = load_pem_private_key(path.read_bytes(), None)
    encryption = serialization.BestAvailableEncryption(b"secret")
    path.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption))
    assert certificates(Config(**settings, tls_password="secret"))
    for password in ("", "wrong"):
        said = refusal(settings | {"tls_password": password})
        assert said == f"tls_keyfile: cannot use {path}: it holds no private key, or the password is not its own"


def test_a_password_is_not_repeated():
    with pytest.raises(ConfigError) as caught:
        Config(tls_password="secret" * 1000)
    assert "secret" not in str(caught.value)


def test_the_command_says_it_in_one_line_with_status_2(settings):
    other = trustme.CA().issue_cert("localhost").private_key_pem
    other.write_to_path(settings["tls_keyfile"])
    flags = ["--tls-certfile", settings["tls_certfile"], "--tls-keyfile", settings["tls_keyfile"]]
    result = leveret("--port", "0", "--tls-port", "0", "--ephemeral", *flags)
    assert result.returncode == 2
    assert result.stderr.startswith("leveret: tls_keyfile: the key in ")
    assert result.stderr.count("\n") == 1


def test_the_command_reads_its_certificates_again(settings, authority):
    flags = ["--tls-certfile", settings["tls_certfile"], "--tls-keyfile", settings["tls_keyfile"]]
    with running("--port", "0", "--tls-port", "0", "--ephemeral", *flags) as (process, lines):
        assert any("listening for TLS on 127.0.0.1:" in line for line in lines)
        Path(settings["tls_certfile"]).write_text("hare")
        process.send_signal(signal.SIGHUP)
        assert "SIGHUP: nothing changes: tls_certfile: cannot use " in process.stderr.readline()
        authority.server()
        process.send_signal(signal.SIGHUP)
        assert "SIGHUP: policies, tracing and certificates are as" in process.stderr.readline()
