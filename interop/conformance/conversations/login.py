"""Logins of users that an administrator made: which passwords are taken, and which virtual hosts may be opened."""

import base64
import hashlib
from typing import Any

from interop.conformance.conversations.access_words import ALL, NONE, enter, known, member, permit, user, vhost
from interop.conformance.conversations.handshake_words import HELLO, login, tune
from interop.conformance.steps import (
    Conversation,
    administer,
    await_closed,
    call,
    connect,
    conversation,
    declare,
    expect,
)


def _tried(name: str, *before: Any, response: Any = "\0~u\0p", mechanism: str = "PLAIN", to: str = "/") -> Conversation:
    """A login after what the administrator did, as far as it gets."""
    attempt = login(mechanism, response)
    return conversation(f"login/{name}", *before, HELLO, attempt, expect("connection.tune", ch=0), tune(), enter(to), bare=True)


def _hash(algorithm: str, password: str, salt: bytes = b"\x01\x02\x03\x04") -> str:
    return base64.b64encode(salt + hashlib.new(algorithm, salt + password.encode()).digest()).decode()


def _hashed(algorithm: str, name: str = "") -> list[Any]:
    """~u with the password p in this algorithm, as definitions hold it."""
    return [administer("put_user", "~u", _hash(algorithm, "p"), f"rabbit_password_hashing_{name or algorithm}"), permit()]


CONVERSATIONS: tuple[Conversation, ...] = (
    _tried("user", member()),
    _tried("user-amqplain", member(), mechanism="AMQPLAIN", response={"LOGIN": "~u", "PASSWORD": "p"}),
    _tried("password-wrong", member(), response="\0~u\0wrong"),
    _tried("password-wrong-amqplain", member(), mechanism="AMQPLAIN", response={"LOGIN": "~u", "PASSWORD": "wrong"}),
    _tried("password-of-another-case", member(), response="\0~u\0P"),
    _tried("password-with-space-behind", member(), response="\0~u\0p "),
    _tried("user-of-another-case", member(), response="\0~U\0p"),
    _tried("user-with-space-behind", member(), response="\0~u \0p"),
    _tried("user-empty", response="\0\0p"),
    _tried("user-and-password-empty", response="\0\0"),
    _tried("password-empty", administer("add_user", "~u", ""), permit(), response="\0~u\0"),
    _tried("password-empty-amqplain", administer("add_user", "~u", ""), permit(), mechanism="AMQPLAIN",
           response={"LOGIN": "~u", "PASSWORD": ""}),
    _tried("password-empty-other-given", administer("add_user", "~u", ""), permit()),
    _tried("password-cleared", member(), administer("clear_password", "~u")),
    _tried("password-cleared-none-given", member(), administer("clear_password", "~u"), response="\0~u\0"),
    _tried("password-of-300-bytes", administer("add_user", "~u", "p" * 300), permit(), response="\0~u\0" + "p" * 300),
    _tried("unicode", administer("add_user", "~ü", "pässwörd €"), permit(user="~ü"), response="\0~ü\0pässwörd €"),
    _tried("password-not-utf-8", member(), response=b"\0~u\0\xff\xfe"),
    _tried("user-not-utf-8", response=b"\0\xff\xfe\0p"),
    _tried("plain-password-with-nul", member(), response="\0~u\0p\0"),
    _tried("plain-four-parts", member(), response="\0~u\0p\0x"),
    _tried("plain-without-first-nul", member(), response="~u\0p"),
    _tried("plain-authzid-of-another", member(), response="guest\0~u\0p"),
    _tried("amqplain-lower-case-keys", member(), mechanism="AMQPLAIN", response={"login": "~u", "password": "p"}),
    _tried("amqplain-with-a-plain-response", mechanism="AMQPLAIN", response="\0guest\0guest"),
    _tried("amqplain-bytes", member(), mechanism="AMQPLAIN", response={"LOGIN": b"~u", "PASSWORD": b"p"}),
    _tried("changed-password-old", member(), administer("change_password", "~u", "new")),
    _tried("changed-password-new", member(), administer("change_password", "~u", "new"), response="\0~u\0new"),
    _tried("deleted-user", member(), administer("delete_user", "~u")),
    _tried("deleted-and-added-again", member(), administer("delete_user", "~u"), user()),
    _tried("hash-sha256", _hashed("sha256")),
    _tried("hash-sha512", _hashed("sha512")),
    _tried("hash-md5", _hashed("md5")),
    _tried("hash-sha256-wrong-password", _hashed("sha256"), response="\0~u\0q"),
    _tried("hash-sha512-wrong-password", _hashed("sha512"), response="\0~u\0q"),
    _tried("hash-md5-wrong-password", _hashed("md5"), response="\0~u\0q"),
    _tried("hash-of-another-algorithm", _hashed("sha512", "sha256")[:1]),
    _tried("hash-cut-short", administer("put_user", "~u", "AQIDBA==", "rabbit_password_hashing_sha256")),
    _tried("hash-empty", administer("put_user", "~u", "", "rabbit_password_hashing_sha256"), permit()),
    _tried("hash-changed-to-a-password", _hashed("md5"), administer("change_password", "~u", "new"), response="\0~u\0new"),
    # Which virtual hosts.
    _tried("vhost-without-permission", user()),
    _tried("vhost-without-permission-administrator", user("~u", "administrator")),
    _tried("vhost-all-patterns-empty", member("", "", "")),
    _tried("vhost-nothing-allowed", member(NONE, NONE, NONE)),
    _tried("vhost-another", vhost(), member(), to="~v"),
    _tried("vhost-of-its-own", vhost(), member(vhost="~v"), to="~v"),
    _tried("vhost-unknown", member(), to="~v"),
    _tried("vhost-unknown-no-permission-anywhere", user(), to="~v"),
    _tried("vhost-of-another-case", vhost("~v"), member(vhost="~v"), to="~V"),
    _tried("vhost-unicode", vhost("~ü/€"), member(vhost="~ü/€"), to="~ü/€"),
    _tried("vhost-permission-cleared", member(), administer("clear_permissions", "~u", "/")),
    _tried("vhost-deleted", vhost(), member(vhost="~v"), administer("delete_vhost", "~v"), to="~v"),
    _tried("vhost-deleted-and-added-again", vhost(), member(vhost="~v"), administer("delete_vhost", "~v"),
           administer("add_vhost", "~v"), to="~v"),
    conversation("login/vhost-deleted-after-login", vhost(), member(vhost="~v"), known(), administer("delete_vhost", "~v"),
                 enter("~v"), bare=True),
    conversation("login/user-deleted-after-login", member(), known(), administer("delete_user", "~u"), enter(), bare=True),
    conversation("login/password-changed-after-login", member(), known(), administer("change_password", "~u", "new"), enter(),
                 bare=True),
    conversation("login/permission-set-after-login", user(), known(), permit(), enter(), bare=True),
    conversation("login/permission-cleared-after-login", member(), known(), administer("clear_permissions", "~u", "/"), enter(),
                 bare=True),
    conversation("login/refused-then-let-in", user(), known(), enter(), permit(), known(), enter(), bare=True),
    conversation("login/wrong-then-right", member(), HELLO, login(response="\0~u\0wrong"), await_closed(), known(), enter(),
                 bare=True),
    conversation("login/second-vhost-on-one-connection", vhost(), member(vhost="~v"), permit(), known(), enter(), enter("~v"),
                 bare=True),
    # What a virtual host keeps apart.
    conversation("login/vhosts-are-apart", vhost(), declare("~q"), connect("b", vhost="~v"),
                 call("queue.declare", "b", queue="~q", passive=True)),
    conversation("login/vhost-has-its-exchanges", vhost(), connect("b", vhost="~v"),
                 *[call("exchange.declare", "b", exchange=name, passive=True)
                   for name in ("amq.direct", "amq.fanout", "amq.topic", "amq.headers", "amq.match", "amq.rabbitmq.trace")]),
    conversation("login/vhost-in-words", vhost(), connect("b", vhost="~v"), declare("~q", "b"),
                 declare("~q", "b", arguments={"x-max-length": 1})),
    conversation("login/vhost-with-a-quote-in-words", vhost("~it's"), connect("b", vhost="~it's"),
                 call("queue.declare", "b", queue="~q", passive=True)),
    conversation("login/vhost-default-queue-type-quorum", administer("add_vhost_of_type", "~v", "quorum"),
                 permit(ALL, ALL, ALL, "guest", "~v"), connect("b", vhost="~v"), declare("~q", "b"),
                 declare("~q", "b", arguments={"x-queue-type": "classic"}), since="4.0"),
    conversation("login/vhost-default-queue-type-exclusive", administer("add_vhost_of_type", "~v", "quorum"),
                 permit(ALL, ALL, ALL, "guest", "~v"), connect("b", vhost="~v"), declare("~q", "b", exclusive=True),
                 declare("", "b", auto_delete=True, exclusive=True), since="4.0"),
)
