"""Passwords' hashes: RabbitMQ's, so that what it has hashed fits here and the other way round."""

import base64
import hashlib
import random

import pytest

from broker.access.errors import AccessError
from broker.access.login import LoginCheck
from broker.access.passwords import MD5, NO_PASSWORD, SHA256, SHA512, PasswordHash, hash_of
from broker.access.user import User


def test_a_hash_that_rabbitmqs_page_gives_as_an_example():
    """https://www.rabbitmq.com/docs/passwords"""
    text = "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR"
    assert PasswordHash(text).fits("test12")
    assert not PasswordHash(text).fits("test13")


@pytest.mark.parametrize("hashing", [SHA256, SHA512])
def test_a_new_hash_fits_its_password_alone(hashing):
    new = hash_of("grün", random.Random(1).randbytes, hashing)
    assert new.fits("grün")
    assert not new.fits("gruen")
    assert PasswordHash(new.text, hashing).fits("grün")


def test_two_hashes_of_one_password_differ():
    salts = random.Random(1).randbytes
    assert hash_of("a", salts).text != hash_of("a", salts).text


def test_md5_is_read_and_not_written():
    old = base64.b64encode(b"salt" + hashlib.md5(b"saltold").digest()).decode()
    assert PasswordHash(old, MD5).fits("old")
    with pytest.raises(AccessError):
        hash_of("new", random.Random(1).randbytes, MD5)


def test_an_empty_password_fits_nothing():
    assert not NO_PASSWORD.fits("")
    assert not hash_of("", random.Random(1).randbytes).fits("")


@pytest.mark.parametrize("text", ["no base64!", "c2hvcnQ=", "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR" * 2])
def test_what_is_no_hash(text):
    with pytest.raises(AccessError, match="password_hash"):
        PasswordHash(text)


def test_an_unknown_hashing():
    with pytest.raises(AccessError, match="unknown hashing algorithm 'crc32'"):
        PasswordHash("", "crc32")


def test_nobody_has_no_password():
    check = LoginCheck("nobody", None, "")
    check.perform()
    assert not check.right


def test_a_check_is_right_for_the_right_password():
    user = User("u", hash_of("secret", random.Random(1).randbytes))
    right, wrong = LoginCheck("u", user, "secret"), LoginCheck("u", user, "Secret")
    right.perform()
    wrong.perform()
    assert right.right
    assert not wrong.right
