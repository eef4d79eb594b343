"""The words a message's expiration may and may not be."""

from interop.conformance.conversations.queue_words import CONFIRMED, queue
from interop.conformance.steps import (
    call,
    conversation,
    expect,
    get,
    publish,
)

CONVERSATIONS = [
    *[
        conversation(
            f"ttl/expiration-{name}", queue(), publish("", "~q", expiration=word), expect("channel.close")
        )
        for name, word in [
            ("word", "soon"),
            ("empty", ""),
            ("negative", "-1"),
            ("space-before", " 60000"),
            ("space-after", "60000 "),
            ("fraction", "60000.5"),
            ("more-than-ten-years", "315360000001"),
            ("of-thirty-digits", "1" * 30),
            ("underscore", "60_000"),
            ("other-digits", "٦٠٠٠٠"),
        ]
    ],
    *[
        conversation(f"ttl/expiration-{name}", queue(), publish("", "~q", expiration=word), get("~q"))
        for name, word in [("zeros", "060000"), ("plus", "+60000"), ("ten-years", "315360000000")]
    ],
    conversation(
        "ttl/expiration-refused-with-confirms",
        queue(),
        CONFIRMED,
        publish("", "~q", expiration="soon"),
        expect("channel.close"),
    ),
    conversation(
        "ttl/expiration-refused-in-a-transaction",
        queue(),
        call("tx.select"),
        publish("", "~q", expiration="soon"),
        expect("channel.close"),
    ),
    conversation(
        "ttl/expiration-refused-unroutable", publish("", "~nowhere", expiration="soon"), expect("channel.close")
    ),
    conversation(
        "ttl/expiration-refused-no-exchange", publish("~nowhere", "", expiration="soon"), expect("channel.close")
    ),
]
