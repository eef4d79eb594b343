"""Topic permissions: on top of the exchange's own, what routing and binding keys may be.

b is a connection of ~u, who may do everything but for them.
"""

from typing import Any

from interop.conformance.conversations.access_words import ALL, NONE, administer, member, permit, permit_topic, user
from interop.conformance.steps import (
    Conversation,
    Step,
    bind,
    call,
    confirms,
    connect,
    conversation,
    declare,
    exchange,
    expect,
    open_channel,
    publish,
    quiet,
    reject,
    until,
)

AS_USER = connect("b", user="~u", password="p")
TOPIC = [exchange("~x", "topic"), declare("~q")]


def _published(name: str, pattern: str, *keys: str, as_user: str = "~u") -> Conversation:
    """Which of the keys may be published with, a channel each."""
    tried = [[open_channel(ch, "b") if ch > 1 else [], publish("~x", key, c="b", ch=ch), quiet(c="b", ch=ch)]
             for ch, key in enumerate(keys, 1)]
    allowed = [user(as_user), permit(user=as_user), permit_topic(pattern, NONE, user=as_user)]
    return conversation(f"topic/write-{name}", TOPIC, allowed, connect("b", user=as_user, password="p"), tried)


def _bound(name: str, pattern: str, *keys: str) -> Conversation:
    tried = [[open_channel(ch, "b") if ch > 1 else [], bind("~q", "~x", key, "b", ch)] for ch, key in enumerate(keys, 1)]
    return conversation(f"topic/read-{name}", TOPIC, member(), permit_topic(NONE, pattern), AS_USER, tried)


def _with(name: str, *steps: Step | list[Step], may: Any = (), before: Any = TOPIC) -> Conversation:
    return conversation(f"topic/{name}", before, member(), list(may), AS_USER, list(steps))


CONVERSATIONS: tuple[Conversation, ...] = (
    _with("no-entry", publish("~x", "k", c="b"), quiet(c="b"), bind("~q", "~x", "k", "b")),
    _with("entry-for-another-exchange", publish("~x", "k", c="b"), quiet(c="b"), may=[permit_topic(NONE, NONE, "~other")]),
    _with("entry-of-another-user", publish("~x", "k", c="b"), quiet(c="b"), may=[user("~other"), permit_topic(NONE, NONE, user="~other")]),
    _with("entry-cleared", publish("~x", "k", c="b"), quiet(c="b"), may=[permit_topic(NONE, NONE), administer("clear_topic_permissions", "~u", "/")]),
    _with("entry-of-another-vhost", publish("~x", "k", c="b"), quiet(c="b"),
          may=[administer("add_vhost", "~v"), permit_topic(NONE, NONE, vhost="~v")]),
    _published("exact", r"^a\.b$", "a.b", "a.b.c"),
    _published("unanchored", "b", "a.b.c", "a.c"),
    _published("empty-pattern", "", "a", ""),
    _published("everything", ".*", "a", ""),
    _published("empty-key", "^$", "", "a"),
    _published("wildcards-are-letters", r"^a\.\*$", "a.*", "a.b"),
    _published("username", r"^{username}\.", "~u.a", "other.a"),
    _published("vhost", "^{vhost}$", "/", "{vhost}"),
    _published("client-id", "^{client_id}$", "{client_id}", ""),
    _published("unknown-variable", "^{nothing}$", "{nothing}", ""),
    _published("username-twice", "^{username}-{username}$", "~u-~u", "~u-a"),
    _published("username-with-a-dot", "^{username}$", "~u.x", "~uax", as_user="~u.x"),
    _published("username-with-a-star", "^{username}$", "~u*", "~uuu", as_user="~u*"),
    _published("username-that-is-no-pattern", "^{username}$", "~u(", as_user="~u("),
    _published("refused", NONE, "k"),
    _bound("exact", r"^a\.b$", "a.b", "a.*", "#"),
    _bound("wildcard-in-words", "^#$", "#", "a.#"),
    _bound("username", r"^{username}\.", "~u.#", "a.#"),
    _bound("empty-key", "^$", "", "a"),
    _with("bind-needs-no-write", bind("~q", "~x", "k", "b"), may=[permit_topic(NONE, ALL)]),
    _with("publish-needs-no-read", publish("~x", "k", c="b"), quiet(c="b"), may=[permit_topic(ALL, NONE)]),
    _with("unbind-needs-read", call("queue.unbind", "b", queue="~q", exchange="~x", routing_key="k"), before=[TOPIC, bind("~q", "~x", "k")],
          may=[permit_topic(NONE, NONE)]),
    _with("exchange-bind-needs-read-of-the-source", call("exchange.bind", "b", destination="~y", source="~x", routing_key="k"),
          before=[TOPIC, exchange("~y")], may=[permit_topic(NONE, NONE)]),
    _with("exchange-bind-to-a-topic-exchange", call("exchange.bind", "b", destination="~x", source="~y", routing_key="k"),
          before=[TOPIC, exchange("~y")], may=[permit_topic(NONE, NONE)]),
    _with("exchange-unbind-needs-read", call("exchange.unbind", "b", destination="~y", source="~x", routing_key="k"),
          before=[TOPIC, exchange("~y")], may=[permit_topic(NONE, NONE)]),
    *[_with(f"not-asked-of-{kind}", publish("~x", "k", c="b"), quiet(c="b"), bind("~q", "~x", "k", "b"),
            before=[exchange("~x", kind), declare("~q")], may=[permit_topic(NONE, NONE)]) for kind in ("direct", "fanout", "headers")],
    _with("amq-topic", publish("amq.topic", "k", c="b"), expect("channel.close", c="b"), before=[], may=[permit_topic(NONE, NONE, "amq.topic")]),
    _with("not-asked-of-the-default-exchange", publish("", "~q", c="b"), quiet(c="b"), may=[permit_topic(NONE, NONE, "amq.default")]),
    _with("copies-are-asked-about", publish("~x", "a", c="b", headers={"CC": ["b"]}), expect("channel.close", c="b"), may=[permit_topic("^a$", NONE)]),
    _with("blind-copies-are-asked-about", publish("~x", "a", c="b", headers={"BCC": ["b"]}), expect("channel.close", c="b"),
          may=[permit_topic("^a$", NONE)]),
    _with("several-copies-first-refused-in-words", publish("~x", "a", c="b", headers={"CC": ["b", "c"]}), expect("channel.close", c="b"),
          may=[permit_topic("^b$", NONE)]),
    _with("not-asked-of-an-alternate-exchange", publish("~y", "k", c="b"), until("~q", 1),
          before=[TOPIC, bind("~q", "~x", "#"), exchange("~y", arguments={"alternate-exchange": "~x"})], may=[permit_topic(NONE, NONE)]),
    _with("not-asked-of-bound-exchanges", publish("~y", "k", c="b"), until("~q", 1),
          before=[TOPIC, bind("~q", "~x", "#"), exchange("~y", "fanout"), call("exchange.bind", destination="~x", source="~y", routing_key="")],
          may=[permit_topic(NONE, NONE)]),
    _with("not-asked-of-dead-letters", call("basic.get", "b", queue="~d"), reject(1, "b", requeue=False), until("~q", 1),
          before=[TOPIC, bind("~q", "~x", "#"), declare("~d", arguments={"x-dead-letter-exchange": "~x"}), publish("", "~d"), until("~d", 1)],
          may=[permit_topic(NONE, NONE)]),
    _with("mandatory-refused", publish("~x", "k", c="b", mandatory=True), expect("channel.close", c="b"), may=[permit_topic(NONE, NONE)]),
    _with("confirmed-then-refused", call("confirm.select", "b"), publish("~x", "a", c="b"), confirms(1, 1, c="b"), publish("~x", "b", c="b"),
          expect("channel.close", c="b"), may=[permit_topic("^a$", NONE)]),
    _with("no-pattern", publish("~x", "a", c="b"), quiet(c="b"), may=[permit_topic("^a$", NONE), permit_topic("(", NONE)]),
    _with("no-pattern-until-the-name-is-in", publish("~x", "a", c="b"), expect("channel.close", c="b"), may=[permit_topic("^{username", NONE)]),
    # The channel remembers what it found.
    _with("revoked-same-key", publish("~x", "a", c="b"), quiet(c="b"), permit_topic(NONE, NONE), publish("~x", "a", c="b"), quiet(c="b")),
    _with("revoked-another-key", publish("~x", "a", c="b"), quiet(c="b"), permit_topic(NONE, NONE), publish("~x", "b", c="b"),
          expect("channel.close", c="b")),
    _with("revoked-another-channel", publish("~x", "a", c="b"), quiet(c="b"), permit_topic(NONE, NONE), open_channel(2, "b"),
          publish("~x", "a", c="b", ch=2), expect("channel.close", c="b", ch=2)),
    _with("revoked-after-12-other-keys", publish("~x", "a", c="b"), *[publish("~x", str(n), c="b") for n in range(12)], quiet(c="b"),
          permit_topic(NONE, NONE), publish("~x", "a", c="b"), expect("channel.close", c="b")),
    _with("revoked-after-11-other-keys", publish("~x", "a", c="b"), *[publish("~x", str(n), c="b") for n in range(11)], quiet(c="b"),
          permit_topic(NONE, NONE), publish("~x", "a", c="b"), quiet(c="b")),
    _with("granted", permit_topic(NONE, NONE), publish("~x", "a", c="b"), expect("channel.close", c="b"), permit_topic(ALL, NONE),
          open_channel(1, "b"), publish("~x", "a", c="b"), quiet(c="b")),
)  # fmt: skip
