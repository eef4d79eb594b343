"""The arguments of queue.declare: what is refused, in RabbitMQ's words, and what makes two declarations the same."""

import pytest

from broker.queues import arguments as rules
from protocol.amqp.errors import SoftError
from protocol.amqp.tables import Decimal, Long, Timestamp

QUEUE = "queue 'q' in vhost '/'"


def refusal(call, *positional, **named):
    with pytest.raises(SoftError) as raised:
        call(*positional, **named)
    name, text = raised.value.text.split(" - ", 1)
    assert name == "PRECONDITION_FAILED"
    return text


def check(arguments, *, durable=True, exclusive=False, auto_delete=False):
    rules.check_new_arguments(QUEUE, arguments)
    rules.check_new_properties(QUEUE, arguments, durable=durable, exclusive=exclusive, auto_delete=auto_delete)


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"x-expires": 1},
        {"x-expires": 315_360_000_000},
        {"x-message-ttl": 0},
        {"x-max-length": 0, "x-max-length-bytes": Long(2**40)},
        {"x-max-priority": 0},
        {"x-max-priority": 255},
        {"x-dead-letter-exchange": ""},
        {"x-dead-letter-exchange": "dlx", "x-dead-letter-routing-key": "k"},
        {"x-overflow": "drop-head"},
        {"x-overflow": "reject-publish-dlx"},
        {"x-queue-mode": "lazy"},
        {"x-queue-version": 2},
        {"x-single-active-consumer": False},
        {"x-queue-type": "classic"},
        {"x-queue-type": "quorum", "x-delivery-limit": -1, "x-dead-letter-strategy": "at-least-once"},
        {"x-queue-leader-locator": "balanced"},
        {"x-queue-type": "stream", "x-max-age": "007D", "x-max-length-bytes": 0, "x-initial-cluster-size": 1},
        {"x-queue-type": "stream", "x-stream-max-segment-size-bytes": 0, "x-stream-filter-size-bytes": 255},
        {"x-queue-type": "stream", "x-stream-max-segment-size-bytes": 3_000_000_000},
        {"x-queue-type": "stream", "x-stream-filter-size-bytes": 16.5},
        {"x-queue-type": "classic", "x-stream-filter-size-bytes": "no row, no refusal"},
        {"x-unknown": object, "anything": None},
    ],
)
def test_good_arguments(arguments):
    check(arguments)


@pytest.mark.parametrize(
    ("name", "value", "term"),
    [
        ("x-expires", 0, "{value_zero,0}"),
        ("x-expires", -1, "{value_negative,-1}"),
        ("x-expires", 315_360_000_001, "{value_too_large,315360000001}"),
        ("x-expires", "1", '"expected integer, got longstr"'),
        ("x-expires", True, '"expected integer, got bool"'),
        ("x-message-ttl", -1, "{value_negative,-1}"),
        ("x-message-ttl", 315_360_000_001, "{value_too_large,315360000001}"),
        ("x-message-ttl", 1.5, '"expected integer, got double"'),
        ("x-max-length", -1, "{value_negative,-1}"),
        ("x-max-length-bytes", None, '"expected integer, got void"'),
        ("x-max-priority", 256, "{max_value_exceeded,256}"),
        ("x-max-priority", -1, "{value_negative,-1}"),
        ("x-dead-letter-routing-key", "k", "routing_key_but_no_dlx_defined"),
        ("x-dead-letter-routing-key", 5, "{unacceptable_type,signedint}"),
        ("x-overflow", "drop-tail", "invalid_overflow"),
        ("x-overflow", [], "{unacceptable_type,array}"),
        ("x-queue-mode", "eager", "\"unsupported queue mode 'eager'\""),
        ("x-queue-version", 3, "\"unsupported queue version '3'\""),
        ("x-single-active-consumer", "true", "{unacceptable_type,longstr}"),
        ("x-single-active-consumer", Long(2**40), "{unacceptable_type,long}"),
        ("x-queue-type", "heap", "\"unsupported queue type 'heap'\""),
        ("x-queue-type", "streams", "\"unsupported queue type 'streams'\""),
        ("x-queue-type", {}, "{unacceptable_type,table}"),
        ("x-queue-leader-locator", "here", "invalid_queue_locator_arg"),
    ],
)
def test_bad_values(name, value, term):
    assert refusal(check, {name: value}) == f"invalid arg '{name}' for {QUEUE}: {term}"


@pytest.mark.parametrize(
    ("name", "value", "term"),
    [
        ("x-max-age", "0s", "invalid_max_age"),
        ("x-max-age", "1d", "invalid_max_age"),
        ("x-max-age", "1.5h", "invalid_max_age"),
        ("x-max-age", "", "invalid_max_age"),
        ("x-max-age", b"1\xff", "invalid_max_age"),
        ("x-max-age", 3600, "{unacceptable_type,signedint}"),
        ("x-max-age", bytearray(b"1h"), "{unacceptable_type,binary}"),
        ("x-stream-max-segment-size-bytes", -1, "{value_negative,-1}"),
        ("x-stream-max-segment-size-bytes", Timestamp(5), '"expected integer, got timestamp"'),
        ("x-initial-cluster-size", 0, "{value_zero,0}"),
    ],
)
def test_bad_values_of_a_stream(name, value, term):
    text = f"invalid arg '{name}' for {QUEUE}: {term}"
    assert refusal(check, {"x-queue-type": "stream", name: value}) == text


@pytest.mark.parametrize("size", [15, 256, -1, "16", True, None, [], Decimal(0, 20)])
def test_the_size_of_a_streams_filter(size):
    arguments = {"x-queue-type": "stream", "x-stream-filter-size-bytes": size}
    assert refusal(check, arguments) == "Invalid value for  x-stream-filter-size-bytes"


def test_sizes_of_a_stream_are_looked_at_last():
    arguments = {
        "x-queue-type": "stream",
        "x-stream-filter-size-bytes": 1,
        "x-stream-max-segment-size-bytes": 3_000_000_001,
    }
    assert refusal(check, arguments, durable=False) == f"invalid property 'non-durable' for {QUEUE}"
    assert refusal(check, arguments) == "Exceeded max value for x-stream-max-segment-size-bytes"


def test_a_dead_letter_exchange_is_named_by_a_text():
    text = f"invalid type 'signedint' for arg 'x-dead-letter-exchange' in {QUEUE}"
    assert refusal(check, {"x-dead-letter-exchange": 5}) == text


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("classic", "x-delivery-limit"),
        ("classic", "x-max-age"),
        ("quorum", "x-max-priority"),
        ("quorum", "x-max-age"),
        ("stream", "x-max-length"),
        ("stream", "x-message-ttl"),
        ("stream", "x-single-active-consumer"),
    ],
)
def test_arguments_of_another_queue_type(kind, name):
    text = f"invalid arg '{name}' for {QUEUE} of queue type rabbit_{kind}_queue"
    assert refusal(check, {"x-queue-type": kind, name: 5}) == text


@pytest.mark.parametrize(
    ("properties", "word"),
    [
        ({"durable": False}, "non-durable"),
        ({"exclusive": True, "durable": False}, "exclusive-owner"),
        ({"auto_delete": True}, "auto-delete"),
        ({"auto_delete": True, "exclusive": True, "durable": False}, "auto-delete"),
    ],
)
@pytest.mark.parametrize("kind", ["quorum", "stream"])
def test_a_replicated_queue_must_be_durable_shared_and_staying(kind, properties, word):
    assert refusal(check, {"x-queue-type": kind}, **properties) == f"invalid property '{word}' for {QUEUE}"


@pytest.mark.parametrize(
    ("current", "received"),
    [
        ({}, {}),
        ({}, {"x-queue-type": "classic"}),
        ({"x-queue-type": "classic"}, {}),
        ({"x-message-ttl": 5, "x-expires": 6}, {"x-expires": 6, "x-message-ttl": 5}),
        # Arguments that the type does not know take no part.
        ({"own": 1}, {"own": 2}),
        ({}, {"x-max-age": "1D"}),
        ({"x-dead-letter-exchange": "x"}, {"x-dead-letter-exchange": b"x"}),
        ({"x-queue-type": "stream", "x-stream-filter-size-bytes": 16}, {"x-queue-type": "stream"}),
    ],
)
def test_equivalent(current, received):
    rules.check_equivalent(QUEUE, current, received)


@pytest.mark.parametrize(
    ("current", "received", "name", "words"),
    [
        ({}, {"x-message-ttl": 10}, "x-message-ttl", "received the value '10' of type 'signedint' but current is none"),
        ({"x-message-ttl": 10}, {}, "x-message-ttl", "received none but current is the value '10' of type 'signedint'"),
        ({"x-message-ttl": 10}, {"x-message-ttl": 20}, "x-message-ttl", "received '20' but current is '10'"),
        ({"x-message-ttl": 1}, {"x-message-ttl": True}, "x-message-ttl", "received 'true' but current is '1'"),
        ({"x-max-length": 10}, {"x-max-length": 10.0}, "x-max-length", "received '10.0' but current is '10'"),
        ({}, {"x-overflow": "drop-head"}, "x-overflow",
         "received the value 'drop-head' of type 'longstr' but current is none"),
        ({}, {"x-single-active-consumer": True}, "x-single-active-consumer",
         "received the value 'true' of type 'bool' but current is none"),
        ({"x-queue-type": "quorum"}, {}, "x-queue-type", "received 'classic' but current is 'quorum'"),
        ({}, {"x-queue-type": "quorum"}, "x-queue-type", "received 'quorum' but current is 'classic'"),
        ({"x-queue-type": "stream", "x-max-age": "1h"}, {"x-queue-type": "stream", "x-max-age": "60m"}, "x-max-age",
         "received '60m' but current is '1h'"),
        ({"x-max-priority": 3, "x-expires": 9}, {}, "x-expires",
         "received none but current is the value '9' of type 'signedint'"),
    ],
)  # fmt: skip
def test_inequivalent(current, received, name, words):
    assert (
        refusal(rules.check_equivalent, QUEUE, current, received) == f"inequivalent arg '{name}' for {QUEUE}: {words}"
    )


def test_inequivalent_properties():
    text = refusal(rules.check_property_equivalent, QUEUE, "durable", current=True, received=False)
    assert text == f"inequivalent arg 'durable' for {QUEUE}: received 'false' but current is 'true'"


def test_arguments_of_consumers():
    rules.check_consumer(QUEUE, {}, {"x-priority": -3, "own": 1})
    text = refusal(rules.check_consumer, QUEUE, {}, {"x-priority": "high"})
    assert text == f"invalid arg 'x-priority' for {QUEUE}: \"expected integer, got longstr\""
    text = refusal(rules.check_consumer, QUEUE, {}, {"x-stream-offset": "first"})
    assert text == f"invalid arg 'x-stream-offset' for {QUEUE} of queue type rabbit_classic_queue"
    text = refusal(rules.check_consumer, QUEUE, {"x-queue-type": "quorum"}, {"x-stream-offset": "first"})
    assert text == f"invalid arg 'x-stream-offset' for {QUEUE} of queue type rabbit_quorum_queue"


def test_arguments_of_a_streams_consumers():
    stream = {"x-queue-type": "stream"}
    rules.check_consumer(QUEUE, stream, {"x-stream-offset": "first", "x-stream-filter": ["a", 1]})
    rules.check_consumer(QUEUE, stream, {"x-stream-filter": 5, "x-stream-match-unfiltered": "yes", "own": 1})
    text = refusal(rules.check_consumer, QUEUE, stream, {"x-priority": 1, "x-stream-offset": "0s"})
    assert text == f"invalid arg 'x-stream-offset' for {QUEUE}: {{invalid_stream_offset_arg,{{longstr,<<\"0s\">>}}}}"
    text = refusal(rules.check_consumer, QUEUE, stream, {"x-priority": "a", "x-stream-offset": "first"})
    assert text == f"invalid arg 'x-priority' for {QUEUE} of queue type rabbit_stream_queue"
    # RabbitMQ crashes on a filter without a value.
    text = refusal(rules.check_consumer, QUEUE, stream, {"x-stream-filter": [1]})
    assert (
        text == f"invalid arg 'x-stream-filter' for {QUEUE}: {{invalid_stream_filter_arg,{{array,[{{signedint,1}}]}}}}"
    )
