"""Connections that an administrator ends, and what leaves them open."""

from typing import Any

from interop.conformance.conversations.access_words import (
    NONE,
    administer,
    enter,
    forced,
    known,
    member,
    permit,
    user,
    vhost,
)
from interop.conformance.conversations.handshake_words import HELLO
from interop.conformance.steps import (
    Conversation,
    await_closed,
    call,
    close_connection,
    connect,
    consume,
    conversation,
    declare,
    deliveries,
    drop,
    expect,
    get,
    open_channel,
    passive,
    pause,
    publish,
    quiet,
    send,
    until,
    until_gone,
)

AS_USER = connect("b", user="~u", password="p")
IN_VHOST = connect("b", vhost="~v")
STAYS = [pause(0.3), quiet(c="b")]
ENDED = [forced(), quiet()]


def _forced(name: str, *steps: Any, polite: bool = True) -> Conversation:
    return conversation(f"forced/{name}", *steps, polite=polite)


CONVERSATIONS: tuple[Conversation, ...] = (
    # By name of the connection.
    _forced("close", connect("b"), close_connection("b", "maintenance"), ENDED),
    _forced("close-without-reason", connect("b"), close_connection("b", ""), ENDED),
    _forced("close-unicode", connect("b"), close_connection("b", "à bientôt €"), ENDED),
    _forced("close-long-reason", connect("b"), close_connection("b", "r" * 300), ENDED),
    _forced("close-reason-with-directive", connect("b"), close_connection("b", "100~p %s {}"), ENDED),
    _forced("close-with-channels", connect("b"), open_channel(2, "b"), open_channel(3, "b"), close_connection("b", "r"), ENDED),
    _forced("close-requeues", declare("~q"), publish("", "~q"), until("~q", 1), connect("b"), get("~q", "b"), close_connection("b", "r"), forced(), get("~q")),
    _forced("close-requeues-a-consumers", declare("~q"), publish("", "~q"), until("~q", 1), connect("b"), consume("~q", c="b"), deliveries(1, c="b"),
            close_connection("b", "r"), forced(), get("~q")),
    _forced("close-deletes-exclusive-queues", connect("b"), declare("~q", "b", exclusive=True), close_connection("b", "r"), forced(), until_gone("~q")),
    _forced("close-discards-a-transaction", declare("~q"), connect("b"), call("tx.select", "b"), publish("", "~q", c="b"), quiet(c="b"),
            close_connection("b", "r"), forced(), passive("~q")),
    _forced("close-own", close_connection("a", "r"), expect("connection.close", ch=0)),
    _forced("close-then-what-it-sends-is-ignored", declare("~q"), connect("b"), close_connection("b", "r"), forced(), publish("", "~q", c="b"),
            send("channel.open", "b", 2), send("connection.close-ok", "b", 0), await_closed("b"), passive("~q"), polite=False),
    _forced("close-answered-by-a-close", connect("b"), close_connection("b", "r"), forced(), call("connection.close", "b", 0, reply_code=200, reply_text="Bye"),
            polite=False),
    _forced("close-twice", connect("b"), close_connection("b", "r"), forced(), close_connection("b", "s"), send("connection.close-ok", "b", 0),
            await_closed("b"), polite=False),
    _forced("close-a-dropped-one", connect("b"), drop("b"), pause(0.3), quiet()),
    # All of a user.
    _forced("all-of-a-user", member(), AS_USER, connect("c", user="~u", password="p"), administer("close_all_user_connections", "~u", "why not"),
            forced("b"), forced("c"), quiet()),
    _forced("all-of-a-user-in-other-vhosts", vhost(), member(), permit(vhost="~v"), AS_USER, connect("c", user="~u", password="p", vhost="~v"),
            administer("close_all_user_connections", "~u", "r"), forced("b"), forced("c")),
    _forced("all-of-a-user-without-any", user(), administer("close_all_user_connections", "~u", "r"), quiet()),
    _forced("all-of-no-user", administer("close_all_user_connections", "~u", "r"), quiet()),
    _forced("all-of-a-vhost", vhost(), IN_VHOST, connect("c", vhost="~v"), pause(0.3), administer("close_all_connections", "~v", "moving"), forced("b"), forced("c"), quiet()),
    _forced("all-of-a-vhost-without-any", vhost(), administer("close_all_connections", "~v", "r"), quiet()),
    _forced("all-of-no-vhost", administer("close_all_connections", "~v", "r"), quiet()),
    # Users that change.
    _forced("user-deleted", member(), AS_USER, pause(0.3), administer("delete_user", "~u"), ENDED),
    _forced("user-deleted-two-connections", member(), AS_USER, connect("c", user="~u", password="p"), pause(0.3), administer("delete_user", "~u"), forced("b"), forced("c")),
    _forced("user-deleted-others-stay", member(), user("~other"), permit(user="~other"), connect("b", user="~other", password="p"), pause(0.3),
            administer("delete_user", "~u"), STAYS),
    _forced("user-deleted-requeues", declare("~q"), publish("", "~q"), until("~q", 1), member(), AS_USER, pause(0.3), get("~q", "b"), administer("delete_user", "~u"),
            forced(), get("~q")),
    _forced("user-deleted-exclusive-queues-go", member(), AS_USER, declare("~q", "b", exclusive=True), pause(0.3), administer("delete_user", "~u"), forced(),
            until_gone("~q")),
    _forced("user-deleted-its-queues-stay", member(), AS_USER, declare("~q", "b"), pause(0.3), administer("delete_user", "~u"), forced(), passive("~q")),
    _forced("user-deleted-unicode", administer("add_user", "~ü'", "p"), permit(user="~ü'"), connect("b", user="~ü'", password="p"), pause(0.3),
            administer("delete_user", "~ü'"), forced()),
    _forced("user-deleted-and-added-again", member(), AS_USER, pause(0.3), administer("delete_user", "~u"), forced(), member(), connect("c", user="~u", password="p"),
            quiet(c="c")),
    _forced("user-unknown-deleted", administer("delete_user", "~u"), quiet()),
    _forced("password-changed", member(), AS_USER, administer("change_password", "~u", "new"), STAYS, open_channel(2, "b"), declare("~q", "b")),
    _forced("password-cleared", member(), AS_USER, administer("clear_password", "~u"), STAYS),
    _forced("password-changed-then-reconnect", member(), AS_USER, administer("change_password", "~u", "new"), connect("c", user="~u", password="new"), quiet(c="c")),
    _forced("tags-changed", member(), AS_USER, administer("set_user_tags", "~u", ["administrator"]), STAYS),
    _forced("permissions-cleared", member(), AS_USER, administer("clear_permissions", "~u", "/"), STAYS, open_channel(2, "b"), declare("~q", "b", 2)),
    _forced("permissions-narrowed", member(), AS_USER, permit(NONE, NONE, NONE), STAYS),
    # Virtual hosts that go.
    _forced("vhost-deleted", vhost(), IN_VHOST, pause(0.3), administer("delete_vhost", "~v"), ENDED),
    _forced("vhost-deleted-two-connections", vhost(), IN_VHOST, connect("c", vhost="~v"), pause(0.3), administer("delete_vhost", "~v"), forced("b"), forced("c")),
    _forced("vhost-deleted-with-a-consumer", vhost(), IN_VHOST, declare("~q", "b"), consume("~q", c="b"), pause(0.3), administer("delete_vhost", "~v"),
            expect("connection.close", c="b", ch=0)),
    _forced("vhost-deleted-with-a-quote", vhost("~it's"), connect("b", vhost="~it's"), pause(0.3), administer("delete_vhost", "~it's"), forced()),
    _forced("vhost-deleted-and-added-again", vhost(), IN_VHOST, declare("~q", "b"), pause(0.3), administer("delete_vhost", "~v"), forced(), vhost(), connect("c", vhost="~v"),
            call("queue.declare", "c", queue="~q", passive=True)),
    _forced("vhost-unknown-deleted", administer("delete_vhost", "~v"), quiet()),
    _forced("vhost-added-twice", vhost(), IN_VHOST, declare("~q", "b"), administer("add_vhost", "~v"), quiet("~q", c="b")),
    # Words of refusals.
    _forced("user-added-twice", user(), administer("add_user", "~u", "other")),
    _forced("password-of-no-user", administer("change_password", "~u", "p")),
    _forced("password-of-no-user-cleared", administer("clear_password", "~u")),
    _forced("permissions-of-no-user", permit()),
    _forced("permissions-in-no-vhost", user(), permit(vhost="~v")),
    _forced("permissions-of-nobody-in-nothing", permit(vhost="~v")),
    _forced("permissions-cleared-of-no-user", administer("clear_permissions", "~u", "/")),
    _forced("permissions-cleared-in-no-vhost", user(), administer("clear_permissions", "~u", "~v")),
    _forced("permissions-cleared-unset", user(), administer("clear_permissions", "~u", "/")),
    _forced("topic-permissions-of-no-user", administer("set_topic_permissions", "~u", "/", "amq.topic", ".*", ".*")),
    _forced("topic-permissions-in-no-vhost", user(), administer("set_topic_permissions", "~u", "~v", "amq.topic", ".*", ".*")),
    _forced("topic-permissions-cleared-of-no-user", administer("clear_topic_permissions", "~u", "/")),
    _forced("topic-permissions-cleared-unset", user(), administer("clear_topic_permissions", "~u", "/")),
    # A handshake that is under way.
    conversation("forced/user-connections-closed-before-open", member(), known(), administer("close_all_user_connections", "~u", "r"), enter(), bare=True),
    conversation("forced/close-before-login", HELLO, close_connection("a", "r"), pause(0.3), send("connection.close", ch=0, reply_code=200, reply_text=""),
                 await_closed(), bare=True),
)  # fmt: skip
