"""What is said where more than one thing is wrong: permission, existence, reserved names, equivalence, limits.

b is a connection of ~u.
"""

from typing import Any

from interop.conformance.conversations.access_words import NONE, member, permit_topic, purge
from interop.conformance.steps import (
    Conversation,
    bind,
    call,
    connect,
    consume,
    conversation,
    declare,
    exchange,
    expect,
    get,
    publish,
    quiet,
)

AS_USER = connect("b", user="~u", password="p")
NOTHING = member(NONE, NONE, NONE)
REFUSED = expect("channel.close", c="b")


def _first(name: str, *steps: Any, before: Any = (), may: Any = NOTHING) -> Conversation:
    return conversation(f"order/{name}", list(before), may, AS_USER, list(steps))


def _bound(kind: str, **arguments: str) -> Any:
    return call(f"{kind}.bind", "b", **arguments)


CONVERSATIONS: tuple[Conversation, ...] = (
    # queue.declare
    _first("queue-inequivalent", declare("~q", "b", arguments={"x-max-length": 1}), before=[declare("~q")]),
    _first("queue-reserved-name", declare("amq.~q", "b")),
    _first("queue-invalid-argument", declare("~q", "b", arguments={"x-message-ttl": -1})),
    _first("queue-unknown-type", declare("~q", "b", arguments={"x-queue-type": "mirrored"})),
    _first("queue-quorum-transient", declare("~q", "b", durable=False, arguments={"x-queue-type": "quorum"})),
    _first("queue-quorum-server-named", declare("", "b", arguments={"x-queue-type": "quorum"})),
    _first("queue-locked", declare("~q", "b"), before=[declare("~q", exclusive=True)]),
    _first("queue-dead-letters-of-another-type", declare("~q", "b", arguments={"x-dead-letter-exchange": 1}), may=member("~q", NONE, NONE)),
    _first("queue-dead-letters-and-invalid-argument", declare("~q", "b", arguments={"x-dead-letter-exchange": "~dlx", "x-message-ttl": -1}),
           may=member("~q", NONE, "~q")),
    _first("queue-dead-letters-read-then-write", declare("~q", "b", arguments={"x-dead-letter-exchange": "~dlx"}), may=member("~q", NONE, NONE)),
    _first("queue-dead-letters-of-an-existing-other", declare("~q", "b", arguments={"x-dead-letter-exchange": "~dlx"}), before=[declare("~q")],
           may=member("~q", NONE, NONE)),
    _first("queue-dead-letter-key-alone", declare("~q", "b", arguments={"x-dead-letter-routing-key": "k"}), may=member("~q", NONE, NONE)),
    _first("queue-dead-letters-quorum", declare("~q", "b", arguments={"x-queue-type": "quorum", "x-dead-letter-exchange": "~dlx"}),
           may=member("~q", NONE, NONE)),
    _first("queue-passive-locked", call("queue.declare", "b", queue="~q", passive=True), before=[declare("~q", exclusive=True)]),
    _first("queue-no-name-passive", call("queue.declare", "b", passive=True)),
    # Other methods of queues
    _first("delete-missing", call("queue.delete", "b", queue="~q")),
    _first("delete-locked", call("queue.delete", "b", queue="~q"), before=[declare("~q", exclusive=True)]),
    _first("delete-in-use", call("queue.delete", "b", queue="~q", if_unused=True), before=[declare("~q"), consume("~q")]),
    _first("delete-not-empty", call("queue.delete", "b", queue="~q", if_empty=True), before=[declare("~q"), publish("", "~q"), quiet("~q")]),
    _first("delete-reserved-name", call("queue.delete", "b", queue="amq.~q")),
    _first("purge-missing", purge()),
    _first("purge-locked", purge(), before=[declare("~q", exclusive=True)]),
    _first("purge-stream", purge(), before=[declare("~q", arguments={"x-queue-type": "stream"})]),
    _first("get-missing", get("~q", "b")),
    _first("get-locked", get("~q", "b"), before=[declare("~q", exclusive=True)]),
    _first("get-stream", get("~q", "b"), before=[declare("~q", arguments={"x-queue-type": "stream"})]),
    _first("get-no-name", get("", "b")),
    _first("get-reply-to", get("amq.rabbitmq.reply-to", "b")),
    _first("consume-missing", consume("~q", c="b")),
    _first("consume-locked", consume("~q", c="b"), before=[declare("~q", exclusive=True)]),
    _first("consume-in-exclusive-use", consume("~q", c="b"), before=[declare("~q"), consume("~q", exclusive=True)]),
    _first("consume-tag-in-use", consume("~q", c="b"), consume("~r", c="b"), before=[declare("~q"), declare("~r")], may=member(NONE, NONE, "~q")),
    _first("consume-stream-without-prefetch", consume("~q", c="b"), before=[declare("~q", arguments={"x-queue-type": "stream"})]),
    _first("consume-invalid-argument", consume("~q", c="b", arguments={"x-priority": "high"}), before=[declare("~q")]),
    _first("consume-no-name", consume("", c="b")),
    # Bindings
    _first("bind-nothing-allowed", bind("~q", "~x", c="b"), before=[declare("~q"), exchange("~x")]),
    _first("bind-both-missing", bind("~q", "~x", c="b")),
    _first("bind-both-missing-allowed", bind("~q", "~x", c="b"), may=member(NONE, "~q", "~x")),
    _first("bind-queue-missing-exchange-refused", bind("~q", "~x", c="b"), before=[exchange("~x")], may=member(NONE, "~q", NONE)),
    _first("bind-default-exchange", bind("~q", "", c="b"), before=[declare("~q")]),
    _first("bind-default-exchange-queue-allowed", bind("~q", "", c="b"), before=[declare("~q")], may=member(NONE, "~q", NONE)),
    _first("bind-locked", bind("~q", "~x", c="b"), before=[declare("~q", exclusive=True), exchange("~x")]),
    _first("bind-locked-exchange-refused", bind("~q", "~x", c="b"), before=[declare("~q", exclusive=True), exchange("~x")],
           may=member(NONE, "~q", NONE)),
    _first("bind-no-name", bind("", "~x", c="b"), before=[exchange("~x")]),
    _first("bind-reply-to", bind("amq.rabbitmq.reply-to", "~x", c="b"), before=[exchange("~x")]),
    _first("bind-invalid-headers", bind("~q", "~x", c="b", arguments={"x-match": "some"}), before=[declare("~q"), exchange("~x", "headers")]),
    _first("unbind-both-missing", call("queue.unbind", "b", queue="~q", exchange="~x", routing_key="")),
    _first("unbind-default-exchange", call("queue.unbind", "b", queue="~q", exchange=""), before=[declare("~q")], may=member(NONE, "~q", NONE)),
    _first("topic-bind-refused-and-queue-missing", bind("~q", "~x", "k", c="b"), before=[exchange("~x", "topic")],
           may=[member(), permit_topic(NONE, NONE)]),
    _first("topic-bind-refused-and-exchange-refused", bind("~q", "~x", "k", c="b"), before=[declare("~q"), exchange("~x", "topic")],
           may=[member(NONE, "~q", NONE), permit_topic(NONE, NONE)]),
    _first("topic-bind-refused-and-locked", bind("~q", "~x", "k", c="b"), before=[declare("~q", exclusive=True), exchange("~x", "topic")],
           may=[member(), permit_topic(NONE, NONE)]),
    _first("exchange-bind-nothing-allowed", _bound("exchange", destination="~x", source="~y"), before=[exchange("~x"), exchange("~y")]),
    _first("exchange-bind-both-missing", _bound("exchange", destination="~x", source="~y")),
    _first("exchange-bind-to-default", _bound("exchange", destination="", source="~y"), before=[exchange("~y")]),
    _first("exchange-bind-to-default-allowed", _bound("exchange", destination="", source="~y"), before=[exchange("~y")], may=member()),
    _first("exchange-bind-from-default", _bound("exchange", destination="~x", source=""), before=[exchange("~x")]),
    _first("exchange-bind-from-default-allowed", _bound("exchange", destination="~x", source=""), before=[exchange("~x")], may=member()),
    # Exchanges
    _first("exchange-inequivalent", exchange("~x", "fanout", c="b"), before=[exchange("~x")]),
    _first("exchange-reserved-name", exchange("amq.~x", c="b")),
    _first("exchange-default", exchange("", c="b")),
    _first("exchange-default-passive", call("exchange.declare", "b", exchange="", passive=True)),
    _first("exchange-unknown-type", exchange("~x", "x-nothing", c="b"), may=NOTHING),
    _first("exchange-unknown-type-of-an-existing", exchange("~x", "x-nothing", c="b"), before=[exchange("~x")]),
    _first("exchange-alternate-of-another-type", exchange("~x", c="b", arguments={"alternate-exchange": 1}), may=member("~x", NONE, NONE)),
    _first("exchange-alternate-read-then-write", exchange("~x", c="b", arguments={"alternate-exchange": "~ae"}), may=member("~x", NONE, NONE)),
    _first("exchange-alternate-of-an-existing-other", exchange("~x", c="b", arguments={"alternate-exchange": "~ae"}), before=[exchange("~x")],
           may=member("~x", NONE, NONE)),
    _first("exchange-delete-missing", call("exchange.delete", "b", exchange="~x")),
    _first("exchange-delete-in-use", call("exchange.delete", "b", exchange="~x", if_unused=True),
           before=[declare("~q"), exchange("~x"), bind("~q", "~x")]),
    _first("exchange-delete-default", call("exchange.delete", "b", exchange="")),
    _first("exchange-delete-predeclared", call("exchange.delete", "b", exchange="amq.direct")),
    _first("exchange-delete-reserved-name", call("exchange.delete", "b", exchange="amq.~x")),
    # Publishing
    _first("publish-to-missing-exchange", publish("~x", "k", c="b"), REFUSED),
    _first("publish-to-internal-exchange", publish("~x", "k", c="b"), REFUSED, before=[exchange("~x", internal=True)]),
    _first("publish-immediate", publish("~x", "k", c="b", immediate=True), expect("connection.close", c="b", ch=0), before=[exchange("~x")]),
    _first("publish-foreign-user-id", publish("~x", "k", c="b", user_id="guest"), REFUSED, before=[exchange("~x")]),
    _first("publish-foreign-user-id-to-missing-exchange", publish("~x", "k", c="b", user_id="guest"), REFUSED, may=member()),
    _first("publish-invalid-expiration", publish("~x", "k", c="b", expiration="soon"), REFUSED, before=[exchange("~x")]),
    _first("publish-foreign-user-id-and-expiration", publish("~x", "k", c="b", user_id="guest", expiration="soon"), REFUSED,
           before=[exchange("~x")], may=member()),
    _first("publish-foreign-user-id-and-copies-of-no-list", publish("~x", "k", c="b", user_id="guest", headers={"CC": "r"}), REFUSED,
           before=[exchange("~x")], may=member()),
    _first("publish-copies-of-no-list", publish("~x", "k", c="b", headers={"CC": "r"}), REFUSED, before=[exchange("~x")]),
    _first("publish-topic-refused-and-user-id", publish("~x", "k", c="b", user_id="guest"), REFUSED, before=[exchange("~x", "topic")],
           may=[member(), permit_topic(NONE, NONE)]),
    _first("publish-topic-refused-and-expiration", publish("~x", "k", c="b", expiration="soon"), REFUSED, before=[exchange("~x", "topic")],
           may=[member(), permit_topic(NONE, NONE)]),
    _first("publish-topic-refused-and-internal", publish("~x", "k", c="b"), REFUSED, before=[exchange("~x", "topic", internal=True)],
           may=[member(), permit_topic(NONE, NONE)]),
    _first("publish-topic-refused-and-write-refused", publish("~x", "k", c="b"), REFUSED, before=[exchange("~x", "topic")],
           may=[NOTHING, permit_topic(NONE, NONE)]),
    _first("publish-to-a-requester", publish("", "amq.rabbitmq.reply-to.nobody", c="b"), REFUSED),
    _first("publish-as-requester-without-listening", publish("", "~q", c="b", reply_to="amq.rabbitmq.reply-to"), REFUSED),
    _first("select-and-confirm", call("tx.select", "b"), call("confirm.select", "b")),
)  # fmt: skip
