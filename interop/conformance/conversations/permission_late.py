"""Permissions that change under open connections: a channel remembers twelve of its checks, and nobody is thrown out.

b is a connection of ~u. In these no second passes without a method: after one, RabbitMQ's channel forgets.
"""

from typing import Any

from interop.conformance.conversations.access_words import (
    ALL,
    CLOSE,
    NONE,
    administer,
    member,
    no_exchange,
    permit,
    purge,
    secret,
)
from interop.conformance.steps import (
    Conversation,
    ack,
    bind,
    call,
    connect,
    consume,
    conversation,
    declare,
    deliveries,
    exchange,
    expect,
    get,
    open_channel,
    passive,
    pause,
    publish,
    quiet,
)

AS_USER = connect("b", user="~u", password="p")
REFUSED = expect("channel.close", c="b")
REVOKED = permit(NONE, NONE, NONE)
# One check of another name each.
OTHERS = [no_exchange(f"~{n}") for n in range(12)]
SENT = [publish("amq.fanout", "", c="b"), quiet(c="b")]


def _late(name: str, *steps: Any, before: Any = (), may: Any = None) -> Conversation:
    return conversation(f"late/{name}", list(before), member() if may is None else may, AS_USER, list(steps))


CONVERSATIONS: tuple[Conversation, ...] = (
    _late("publish-goes-on", SENT, REVOKED, SENT),
    _late("publish-to-another-exchange", SENT, REVOKED, publish("amq.direct", "", c="b"), REFUSED),
    _late("get-goes-on", get("~q", "b"), REVOKED, get("~q", "b"), before=[declare("~q")]),
    _late("get-then-consume", get("~q", "b"), REVOKED, consume("~q", c="b"), before=[declare("~q")]),
    _late("get-then-purge", get("~q", "b"), REVOKED, purge(), before=[declare("~q")]),
    _late("get-then-delete", get("~q", "b"), REVOKED, call("queue.delete", "b", queue="~q"), before=[declare("~q")]),
    _late("declare-goes-on", declare("~q", "b"), REVOKED, declare("~q", "b")),
    _late("declare-then-get", declare("~q", "b"), REVOKED, get("~q", "b")),
    _late("bind-goes-on", bind("~q", "~x", c="b"), REVOKED, bind("~q", "~x", "other", c="b"), before=[declare("~q"), exchange("~x")]),
    _late("revoked-before-the-first", REVOKED, publish("amq.fanout", "", c="b"), REFUSED),
    _late("another-channel", SENT, REVOKED, open_channel(2, "b"), publish("amq.fanout", "", c="b", ch=2), expect("channel.close", c="b", ch=2), SENT),
    _late("channel-opened-again", SENT, REVOKED, call("channel.close", "b", reply_code=200, reply_text=""), open_channel(1, "b"),
          publish("amq.fanout", "", c="b"), REFUSED),
    _late("another-connection", SENT, REVOKED, connect("c", user="~u", password="p"), publish("amq.fanout", "", c="c"), expect("channel.close", c="c"), SENT),
    _late("granted", publish("amq.fanout", "", c="b"), REFUSED, permit(), open_channel(1, "b"), SENT, may=member(NONE, NONE, NONE)),
    _late("granted-on-an-open-channel", SENT, permit(NONE, ALL, ALL), get("~q", "b"), before=[declare("~q")], may=member(NONE, ALL, NONE)),
    _late("refusals-are-not-remembered", open_channel(2, "b"), publish("amq.fanout", "", c="b"), REFUSED, permit(), publish("amq.fanout", "", c="b", ch=2),
          quiet(c="b", ch=2), may=member(NONE, NONE, NONE)),
    _late("twelfth-still-known", SENT, OTHERS[:11], REVOKED, SENT),
    _late("thirteenth-pushes-out-the-first", SENT, OTHERS, REVOKED, publish("amq.fanout", "", c="b"), REFUSED),
    _late("thirteenth-leaves-the-second", SENT, OTHERS, REVOKED, no_exchange("~0")),
    _late("asked-again-is-not-newer", SENT, OTHERS[:6], SENT, OTHERS[6:], REVOKED, publish("amq.fanout", "", c="b"), REFUSED),
    _late("kinds-count-apart", [declare("~q", "b"), get("~q", "b")], OTHERS[:11], REVOKED, get("~q", "b"), declare("~q", "b")),
    _late("cleared", SENT, administer("clear_permissions", "~u", "/"), SENT, publish("amq.direct", "", c="b"), REFUSED),
    _late("narrowed-to-what-is-used", SENT, permit(NONE, r"^amq\.fanout$", NONE), SENT, get("~q", "b"), before=[declare("~q")]),
    _late("set-to-the-same", SENT, permit(), SENT),
    _late("after-idle-seconds", SENT, REVOKED, pause(6), publish("amq.fanout", "", c="b"), REFUSED),
    _late("secret-renewed", SENT, REVOKED, secret(), publish("amq.fanout", "again", c="b"), quiet(c="b")),
    _late("secret-renewed-another-exchange", SENT, REVOKED, secret(), publish("amq.direct", "", c="b"), REFUSED),
    _late("secret-renewed-wrong", SENT, secret(new_secret="wrong"), SENT),
    _late("secret-renewed-after-password-changed", administer("change_password", "~u", "new"), secret(), SENT, secret(new_secret="new"), SENT),
    _late("secret-renewed-without-entry", SENT, administer("clear_permissions", "~u", "/"), secret(), publish("amq.direct", "", c="b"), REFUSED),
    # Consumers.
    _late("consumer-goes-on", consume("~q", c="b"), REVOKED, publish("", "~q"), deliveries(1, c="b"), ack(1, "b"), quiet(c="b"), before=[declare("~q")]),
    _late("consumer-goes-on-without-entry", consume("~q", c="b"), administer("clear_permissions", "~u", "/"), publish("", "~q"),
          deliveries(1, c="b"), before=[declare("~q")]),
    _late("consumer-after-secret-renewed", consume("~q", c="b"), REVOKED, secret(), quiet(c="b"), publish("", "~q"), deliveries(1, c="b"),
          before=[declare("~q")]),
    _late("consumer-with-another-refused", consume("~q", c="b"), REVOKED, publish("", "~q"), deliveries(1, c="b"), publish("amq.direct", "", c="b"), REFUSED,
          get("~q"), before=[declare("~q")]),
    _late("ack-and-cancel-need-nothing", consume("~q", c="b"), publish("", "~q"), deliveries(1, c="b"), REVOKED, ack(1, "b"),
          call("basic.cancel", "b", consumer_tag="t"), passive("~q", "b"), CLOSE, before=[declare("~q")]),
    # Transactions are asked at the publish.
    _late("commit-after-revoked", call("tx.select", "b"), publish("amq.fanout", "", c="b"), quiet(c="b"), REVOKED, call("tx.commit", "b")),
    # Tags.
    _late("impersonator-made-while-open", administer("set_user_tags", "~u", ["impersonator"]), publish("amq.fanout", "", c="b", user_id="guest"), REFUSED),
    _late("impersonator-no-more-while-open", administer("set_user_tags", "~u", []), publish("amq.fanout", "", c="b", user_id="guest"), quiet(c="b"),
          may=[member(), administer("set_user_tags", "~u", ["impersonator"])]),
    _late("impersonator-no-more-after-secret-renewed", administer("set_user_tags", "~u", []), secret(), publish("amq.fanout", "", c="b", user_id="guest"), quiet(c="b"),
          may=[member(), administer("set_user_tags", "~u", ["impersonator"])]),
    _late("impersonator-made-another-channel", administer("set_user_tags", "~u", ["impersonator"]), open_channel(2, "b"),
          publish("amq.fanout", "", c="b", ch=2, user_id="guest"), expect("channel.close", c="b", ch=2)),
    _late("impersonator-made-another-connection", administer("set_user_tags", "~u", ["impersonator"]), connect("c", user="~u", password="p"),
          publish("amq.fanout", "", c="c", user_id="guest"), quiet(c="c")),
    # Whose name a message bears.
    *[_late(f"user-id-{tag}", publish("amq.fanout", "", c="b", user_id="guest"), expect("channel.close", c="b"),
            may=[member(), administer("set_user_tags", "~u", [tag])]) for tag in ("administrator", "monitoring", "policymaker", "management", "other")],
    _late("user-id-impersonator", publish("", "~q", c="b", user_id="nobody"), quiet(c="b"), get("~q"), before=[declare("~q")],
          may=[member(), administer("set_user_tags", "~u", ["administrator", "impersonator"])]),
    _late("user-id-of-another", publish("amq.fanout", "", c="b", user_id="guest"), REFUSED),
    _late("user-id-own", publish("", "~q", c="b", user_id="~u"), quiet(c="b"), get("~q"), before=[declare("~q")]),
    _late("user-id-own-in-another-case", publish("amq.fanout", "", c="b", user_id="~U"), REFUSED),
    _late("user-id-empty", publish("amq.fanout", "", c="b", user_id=""), REFUSED),
)  # fmt: skip
