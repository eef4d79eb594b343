"""connection.update-secret: which secrets are taken, and what goes on."""

from interop.conformance.steps import call, conversation, declare, deliveries, publish

CONVERSATIONS = [
    conversation("secret/right", call("connection.update-secret", ch=0, new_secret="guest", reason="r"), declare("~q")),
    conversation("secret/empty", call("connection.update-secret", ch=0, new_secret="", reason="r")),
    conversation("secret/empty-reason", call("connection.update-secret", ch=0, new_secret="guest", reason="")),
    conversation("secret/bytes", call("connection.update-secret", ch=0, new_secret=b"\xff\xfe", reason="r")),
    conversation("secret/plain-response", call("connection.update-secret", ch=0, new_secret="\0guest\0guest", reason="r")),
    conversation("secret/twice", *[call("connection.update-secret", ch=0, new_secret="guest", reason="r")] * 2),
    conversation("secret/wrong-then-used", call("connection.update-secret", ch=0, new_secret="wrong", reason="r"), declare("~q")),
    conversation("secret/on-channel-1", call("connection.update-secret", ch=1, new_secret="guest", reason="r")),
    conversation("secret/consumers-go-on", declare("~q"), call("basic.consume", queue="~q", consumer_tag="t", no_ack=True),
                 call("connection.update-secret", ch=0, new_secret="guest", reason="r"), publish("", "~q"), deliveries(1)),
]
