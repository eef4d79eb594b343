"""Looking at what a restart brought back, while nobody else is there: counts, whole queues, the stream."""

from __future__ import annotations

import pika
from pika.adapters.blocking_connection import BlockingChannel

from interop.crash import letters
from interop.crash.clients import Tally
from interop.crash.ledger import Ledger, Violation
from interop.crash.stream_ledger import StreamLedger

# A message that waits comes within this time, or does not come.
_PATIENCE_S = 30.0
_PREFETCH = 500


def count(channel: BlockingChannel, ledger: Ledger) -> int:
    """How many messages wait: as many as may. Raises Violation."""
    found = waiting(channel, ledger)
    ledger.count(found)
    return found


def waiting(channel: BlockingChannel, ledger: Ledger) -> int:
    """How many messages wait."""
    count: int = channel.queue_declare(ledger.queue, passive=True).method.message_count
    return count


def look_through(connection: pika.BlockingConnection, ledger: Ledger, expected: int, tally: Tally) -> None:
    """Have all that waits delivered, judge it, and put it back. Raises Violation."""
    channel = connection.channel()
    left = expected
    if left:
        for method, _, body in channel.consume(ledger.queue, inactivity_timeout=_PATIENCE_S):
            if method is None:
                raise Violation(f"{ledger.queue}: {left} of {expected} messages that were counted do not come")
            ledger.delivered(letters.read(body), redelivered=method.redelivered)
            tally.add(delivered=1, redelivered=int(method.redelivered))
            left -= 1
            if not left:
                break
    more = channel.queue_declare(ledger.queue, passive=True).method.message_count
    if more:
        raise Violation(f"{ledger.queue}: {more} messages wait still, of {expected} that all came")
    ledger.looked_through()
    channel.close()
    ledger.put_back()
    tally.add(looked_through=expected)


def read_stream(connection: pika.BlockingConnection, ledger: StreamLedger, begin: int, tally: Tally) -> None:
    """Read it from an offset, of 0 by the word "first", to the end that the broker tells. Raises Violation."""
    channel = connection.channel()
    end = channel.queue_declare(ledger.stream, passive=True).method.message_count
    ledger.count(end)
    ledger.begins(begin)
    left = end - begin
    if left > 0:
        channel.basic_qos(prefetch_count=_PREFETCH)
        arguments = {"x-stream-offset": begin or "first"}
        unacked = 0
        for method, properties, body in channel.consume(
            ledger.stream, arguments=arguments, inactivity_timeout=_PATIENCE_S
        ):
            if method is None:
                raise Violation(f"{ledger.stream}: {left} messages of {end} do not come")
            if method.redelivered:
                raise Violation(f"{ledger.stream}: a delivery is marked as redelivered")
            assert properties.headers is not None
            ledger.read(properties.headers["x-stream-offset"], letters.read(body))
            left -= 1
            unacked += 1
            if unacked == _PREFETCH // 2:
                channel.basic_ack(method.delivery_tag, multiple=True)
                unacked = 0
            tally.add(stream_read=1)
            if not left:
                break
    channel.close()
    ledger.read_to_the_end(end)
