"""Alarms: who publishes while one is on is told so and waits; who only consumes goes on.

a publishes where nothing else is said, b looks on. Of one alarm all connections of the broker know, so each of these is
held alone.
"""

from typing import Any

from interop.conformance.conversations.access_words import administer, goodbye, secret
from interop.conformance.steps import (
    CAPABILITIES,
    Conversation,
    Step,
    ack,
    call,
    close_connection,
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
    send,
    until,
)

LOOKER = connect("b")
DEAF = {**CAPABILITIES, "connection.blocked": False}


def alarm(source: str = "memory") -> Step:
    return administer("set_alarm", source)


def over(source: str = "memory") -> Step:
    return administer("clear_alarm", source)


def blocked(c: str = "a") -> Step:
    return expect("connection.blocked", c=c, ch=0)


def unblocked(c: str = "a") -> Step:
    return expect("connection.unblocked", c=c, ch=0)


# What the connection was still to be told has come.
SETTLED = [pause(0.3), secret("a", "guest")]


def _alarm(name: str, *steps: Any) -> Conversation:
    return conversation(f"alarm/{name}", *steps)


CONVERSATIONS: tuple[Conversation, ...] = (
    _alarm("memory", declare("~q"), alarm(), publish("", "~q"), blocked(), over(), unblocked(), quiet("~q"), passive("~q")),
    _alarm("disk", declare("~q"), alarm("disk"), publish("", "~q"), blocked(), over("disk"), unblocked(), quiet("~q"), passive("~q")),
    _alarm("memory-and-disk", declare("~q"), alarm(), alarm("disk"), publish("", "~q"), blocked(), over(), over("disk"), unblocked(), passive("~q")),
    _alarm("disk-and-memory", declare("~q"), alarm("disk"), alarm(), publish("", "~q"), blocked(), over("disk"), over(), unblocked(), passive("~q")),
    _alarm("second-while-blocked", declare("~q"), alarm(), publish("", "~q"), blocked(), alarm("disk"), pause(0.3), over(), pause(0.3), over("disk"), unblocked(),
           quiet("~q")),
    _alarm("second-before-a-publish", alarm(), alarm("disk"), over(), publish("amq.fanout", ""), blocked(), over("disk"), unblocked(), quiet()),
    _alarm("over-before-a-publish", alarm(), over(), publish("amq.fanout", ""), quiet()),
    _alarm("not-told-before-a-publish", alarm(), quiet(), publish("amq.fanout", ""), blocked(), over(), unblocked()),
    _alarm("published-before", publish("amq.fanout", ""), quiet(), alarm(), quiet(), publish("amq.fanout", ""), blocked(), over(), unblocked()),
    _alarm("again", alarm(), publish("amq.fanout", ""), blocked(), over(), unblocked(), alarm(), publish("amq.fanout", ""), blocked(), over(), unblocked(), quiet()),
    _alarm("again-without-a-publish", alarm(), publish("amq.fanout", ""), blocked(), over(), unblocked(), alarm(), quiet(), over(), quiet()),
    _alarm("first-publish-of-several-is-held", declare("~q"), LOOKER, alarm(), publish("", "~q", b"1"), publish("", "~q", b"2"), blocked(), passive("~q", "b"), over(),
           unblocked(), until("~q", 2)),
    _alarm("what-was-blocked-is-confirmed", call("confirm.select"), alarm(), publish("amq.fanout", ""), blocked(), over(), unblocked(), SETTLED),
    _alarm("the-rest-of-the-connection-waits", declare("~q"), LOOKER, alarm(), publish("", "~q"), blocked(), send("queue.declare", queue="~r", durable=True),
           call("queue.declare", "b", queue="~r", passive=True), over(), unblocked(), expect("queue.declare-ok")),
    _alarm("every-channel-waits", LOOKER, open_channel(2), alarm(), publish("amq.fanout", ""), blocked(), send("queue.declare", ch=2, queue="~r", durable=True),
           call("queue.declare", "b", queue="~r", passive=True), over(), unblocked(), expect("queue.declare-ok", ch=2)),
    _alarm("other-connections-go-on", LOOKER, alarm(), publish("amq.fanout", ""), blocked(), declare("~q", "b"), exchange("~x", c="b"), get("~q", "b"), goodbye(), over(),
           unblocked()),
    _alarm("each-publisher-is-told", LOOKER, alarm(), publish("amq.fanout", ""), blocked(), publish("amq.fanout", "", c="b"), blocked("b"), over(), unblocked(), unblocked("b")),
    _alarm("consumer-goes-on", declare("~q"), publish("", "~q", b"1"), publish("", "~q", b"2"), until("~q", 2), LOOKER, call("basic.qos", "b", prefetch_count=1), alarm(),
           consume("~q", c="b"), deliveries(1, c="b"), ack(1, "b"), deliveries(1, c="b"), ack(2, "b"), quiet("~q", c="b"), over(), quiet(c="b")),
    _alarm("consumer-that-published-before-goes-on", declare("~q"), publish("", "~q"), until("~q", 1), alarm(), consume("~q"), deliveries(1), ack(1), quiet("~q"), over(),
           quiet()),
    _alarm("deliveries-reach-a-blocked-consumer", declare("~q"), publish("", "~q"), until("~q", 1), alarm(), publish("amq.fanout", ""), blocked(), over(), unblocked(),
           consume("~q"), deliveries(1)),
    _alarm("connected-during", alarm(), LOOKER, quiet(c="b"), publish("amq.fanout", "", c="b"), blocked("b"), over(), unblocked("b")),
    _alarm("connected-during-and-over-before-a-publish", alarm(), LOOKER, over(), publish("amq.fanout", "", c="b"), quiet(c="b")),
    _alarm("deaf", connect("b", DEAF), alarm(), publish("amq.fanout", "", c="b"), pause(0.3), over(), quiet(c="b")),
    _alarm("deaf-without-capabilities", declare("~q"), connect("b", {}), alarm(), publish("", "~q", c="b"), pause(0.3), over(), until("~q", 1)),
    _alarm("empty-body", alarm(), publish("amq.fanout", "", b""), blocked(), over(), unblocked()),
    _alarm("refused-publish", alarm(), publish("~nowhere", ""), blocked(), over(), unblocked(), SETTLED),
    _alarm("transaction", call("tx.select"), alarm(), publish("amq.fanout", ""), blocked(), send("tx.commit"), over(), unblocked(), expect("tx.commit-ok")),
    _alarm("close-waits", LOOKER, alarm(), publish("amq.fanout", ""), blocked(), send("connection.close", ch=0, reply_code=200, reply_text=""), pause(0.3), over(), unblocked(),
           expect("connection.close-ok", ch=0)),
    _alarm("closed-by-the-operator", connect("b"), alarm(), publish("amq.fanout", "", c="b"), blocked("b"), close_connection("b", "r"), pause(0.3), over(),
           expect("connection.close", c="b", ch=0)),
    _alarm("closed-by-the-operator-while-on", connect("b"), alarm(), publish("amq.fanout", "", c="b"), blocked("b"), close_connection("b", "r"),
           expect("connection.close", c="b", ch=0), over()),
    _alarm("update-secret-waits", alarm(), publish("amq.fanout", ""), blocked(), send("connection.update-secret", ch=0, new_secret="guest", reason="r"), pause(0.3), over(), unblocked(),
           expect("connection.update-secret-ok", ch=0)),
    _alarm("get-and-ack-before-a-publish", declare("~q"), publish("", "~q"), until("~q", 1), alarm(), get("~q"), ack(1), quiet("~q"), over(), quiet()),
)  # fmt: skip
