"""Transactions: nothing shows before commit, rollback forgets, errors in between, returns at commit."""

from interop.conformance.steps import (
    ack,
    call,
    connect,
    consume,
    conversation,
    declare,
    deliveries,
    expect,
    get,
    nack,
    open_channel,
    passive,
    publish,
    quiet,
    reject,
    send,
)

SELECT = call("tx.select")
COMMIT = call("tx.commit")
ROLLBACK = call("tx.rollback")
OTHER = [connect("b"), declare("~q")]

CONVERSATIONS = [
    conversation("tx/select-twice", SELECT, SELECT),
    conversation("tx/commit-without", COMMIT),
    conversation("tx/rollback-without", ROLLBACK),
    conversation("tx/commit-nothing", SELECT, COMMIT, COMMIT, ROLLBACK),
    conversation("tx/publish-shows-at-commit", OTHER, SELECT, publish("", "~q", b"1"), publish("", "~q", b"2"), quiet(), passive("~q", c="b"), COMMIT, passive("~q", c="b"), get("~q", c="b")),
    conversation("tx/publish-rolled-back", OTHER, SELECT, publish("", "~q"), ROLLBACK, passive("~q", c="b"), publish("", "~q", b"kept"), COMMIT, get("~q", c="b"), get("~q", c="b")),
    conversation("tx/commit-starts-anew", OTHER, SELECT, publish("", "~q", b"1"), COMMIT, publish("", "~q", b"2"), ROLLBACK, get("~q"), get("~q")),
    conversation("tx/ack-at-commit", OTHER, publish("", "~q"), SELECT, get("~q"), ack(1), COMMIT, call("basic.recover", requeue=True), passive("~q")),
    conversation("tx/ack-rolled-back", OTHER, publish("", "~q"), SELECT, get("~q"), ack(1), ROLLBACK, passive("~q"), ack(1), COMMIT, passive("~q")),
    conversation("tx/ack-rolled-back-then-recovered", OTHER, publish("", "~q"), SELECT, get("~q"), ack(1), ROLLBACK, call("basic.recover", requeue=True), COMMIT, passive("~q"), get("~q")),
    conversation("tx/ack-twice", OTHER, publish("", "~q"), SELECT, get("~q"), ack(1), ack(1), expect("channel.close")),
    conversation("tx/ack-unknown", SELECT, ack(5), expect("channel.close")),
    conversation("tx/reject-at-commit", OTHER, publish("", "~q"), SELECT, get("~q"), reject(1), passive("~q"), COMMIT, passive("~q"), get("~q")),
    conversation("tx/nack-multiple-at-commit", OTHER, publish("", "~q", b"1"), publish("", "~q", b"2"), SELECT, get("~q"), get("~q"), nack(2, multiple=True), passive("~q"), COMMIT, passive("~q"), get("~q")),
    conversation("tx/reject-rolled-back", OTHER, publish("", "~q"), SELECT, get("~q"), reject(1), ROLLBACK, passive("~q"), reject(1), COMMIT, passive("~q")),
    conversation("tx/multiple-ack", OTHER, publish("", "~q", b"1"), publish("", "~q", b"2"), SELECT, get("~q"), get("~q"), ack(0, multiple=True), COMMIT, call("basic.recover", requeue=True), passive("~q")),
    conversation("tx/channel-closed-before-commit", OTHER, publish("", "~q", b"held"), passive("~q"), SELECT, get("~q"), ack(1), publish("", "~q", b"never"), call("channel.close", reply_code=200, reply_text="bye"), passive("~q", c="b"), get("~q", c="b")),
    conversation("tx/error-before-commit", OTHER, SELECT, publish("", "~q", b"never"), publish("~x", "k"), expect("channel.close"), passive("~q", c="b")),
    conversation("tx/exchange-missing-at-publish", SELECT, publish("~x", "k"), expect("channel.close")),
    conversation("tx/mandatory-returned-at-commit", SELECT, publish("", "~nobody", mandatory=True), quiet(), send("tx.commit"), expect("basic.return", "tx.commit-ok", in_order=True)),
    conversation("tx/mandatory-rolled-back", SELECT, publish("", "~nobody", mandatory=True), quiet(), ROLLBACK, quiet()),
    conversation("tx/routed-when-published", OTHER, SELECT, publish("", "~late", b"x"), call("queue.declare", c="b", queue="~late", durable=True), COMMIT, passive("~late", c="b")),
    conversation("tx/queue-deleted-before-commit", OTHER, SELECT, publish("", "~q", mandatory=True), quiet(), call("queue.delete", c="b", queue="~q"), send("tx.commit"), expect("tx.commit-ok"), quiet()),
    conversation("tx/declare-not-held", OTHER, SELECT, declare("~r"), ROLLBACK, passive("~r", c="b")),
    conversation("tx/consume-not-held", OTHER, SELECT, consume("~q"), publish("", "~q", c="b"), deliveries(1), ack(1), ROLLBACK, call("basic.cancel", consumer_tag="t"), passive("~q")),
    conversation("tx/own-consumer-at-commit", OTHER, SELECT, consume("~q", no_ack=True), publish("", "~q"), quiet("~q"), send("tx.commit"), expect("tx.commit-ok", "basic.deliver")),
    conversation("tx/prefetch-opens-at-commit", OTHER, publish("", "~q", b"1"), publish("", "~q", b"2"), SELECT, call("basic.qos", prefetch_count=1), consume("~q"), deliveries(1), ack(1), quiet("~q"), send("tx.commit"), expect("tx.commit-ok", "basic.deliver")),
    conversation("tx/immediate", SELECT, publish("", "~q", immediate=True), expect("connection.close", ch=0)),
    conversation("tx/other-channel-not-in-it", OTHER, SELECT, open_channel(2), publish("", "~q", ch=2), passive("~q", ch=2), ROLLBACK, passive("~q")),
    conversation("tx/select-after-publish", OTHER, publish("", "~q"), SELECT, ROLLBACK, passive("~q")),
]
