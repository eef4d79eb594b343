"""One lane with a stream: publishers with confirms, and readers that begin anywhere, go on, or die.

Half of the lanes keep everything, and are judged by it. The others keep the last megabytes only, so that segments are
deleted under their readers: there what is read must be in order, and at the offset where the others read it.
"""

import random
from typing import Any

import trio
from pamqp import commands

from interop.bench.soak.lane import Tally, any_size, read_id, write_body
from interop.bench.soak.ledger import MessageId, Order, Places, Violation
from interop.bench.soak.peer import ANSWER_S, Channel, Content, Peer, connected

_LIFE_S = (3.0, 15.0)
_PAUSE_S = 0.2
_WINDOW = 50
_RETENTION = {"x-max-length-bytes": 2_000_000, "x-stream-max-segment-size-bytes": 500_000}
_LAST = (0, 0)
"""The message that ends the lane; publishers count from 1."""


class StreamLane:
    """One life of a stream. ``run`` raises Violation when the broker lost, doubled, moved or disordered a message."""

    def __init__(self, url: str, name: str, chance: random.Random, tally: Tally) -> None:
        self._url = url
        self._chance = chance
        self._tally = tally
        self._places = Places(f"soak-{name}")
        self._keeps_all = chance.random() < 0.5
        self._publishers = 0
        self._publishing = True

    async def run(self, end: float) -> None:
        """Declare, publish and read for the lane's life (and not past ``end``), read all of it, judge, delete."""
        stream = self._places.stream
        async with connected(self._url) as peer:
            control = await peer.channel()
            arguments = {"x-queue-type": "stream", **({} if self._keeps_all else _RETENTION)}
            await control.call(commands.Queue.Declare(queue=stream, durable=True, arguments=arguments))
            async with trio.open_nursery() as readers:
                for _ in range(self._chance.randint(1, 3)):
                    readers.start_soon(self._readers)
                await self._publish_for(min(self._chance.uniform(*_LIFE_S), end - trio.current_time()))
                self._publishing = False
            await self._publish(await peer.channel(), [_LAST])
            await self._read(await peer.channel(), "first", last=_LAST)
            if self._keeps_all:
                self._places.close()
            await control.call(commands.Queue.Delete(queue=stream))
            await peer.close()
        self._tally.lanes += 1

    # --- publishers

    async def _publish_for(self, seconds: float) -> None:
        with trio.move_on_after(max(seconds, 0)):
            async with trio.open_nursery() as publishers:
                for _ in range(self._chance.randint(1, 2)):
                    publishers.start_soon(self._publisher_after_publisher)

    async def _publisher_after_publisher(self) -> None:
        while True:
            self._publishers += 1
            count = self._chance.randint(10, 200)
            messages = [(self._publishers, number) for number in range(count)]
            with trio.CancelScope(shield=True):
                async with connected(self._url) as peer:
                    dies = self._chance.random() < 0.2
                    await self._publish(await peer.channel(), messages, dies=dies)
                    if not dies:
                        await peer.close()
            await trio.sleep(self._chance.uniform(0, _PAUSE_S))

    async def _publish(self, channel: Channel, messages: list[MessageId], *, dies: bool = False) -> None:
        """With confirms, a window in flight. Returns with all of them there, or, as one who dies does, without."""
        unconfirmed: dict[int, MessageId] = {}
        turn = trio.Event()

        def confirmed(tag: int, multiple: bool) -> None:
            nonlocal turn
            for each in [each for each in unconfirmed if each == tag or (multiple and each < tag)]:
                self._places.promised(unconfirmed.pop(each))
            turn.set()
            turn = trio.Event()

        channel.confirmed = confirmed
        await channel.call(commands.Confirm.Select())
        for tag, message in enumerate(messages, 1):
            unconfirmed[tag] = message
            self._places.published(message)
            body = write_body(message, any_size(self._chance))
            persistent = self._chance.random() < 0.5  # a stream keeps either
            await channel.publish("", self._places.stream, body, {}, mandatory=True, persistent=persistent)
            self._tally.published += 1
            self._tally.streamed += 1
            while len(unconfirmed) >= _WINDOW:
                with trio.fail_after(ANSWER_S):
                    await turn.wait()
            if tag % self._chance.randint(1, 50) == 0:
                await trio.sleep(self._chance.uniform(0, _PAUSE_S))
        if dies:
            self._tally.deaths += 1
            return  # dropped with confirms outstanding
        while unconfirmed:
            with trio.fail_after(ANSWER_S):
                await turn.wait()

    # --- readers

    async def _readers(self) -> None:
        while self._publishing:
            async with connected(self._url) as peer:
                await self._read_for_a_while(peer)

    async def _read_for_a_while(self, peer: Peer) -> None:
        """Begin somewhere, read on; ends in order, or dies holding some."""
        begin: Any = self._chance.choice(("first", "last", "next", self._chance.randint(0, self._places.end)))
        channel = await peer.channel()
        await self._read(channel, begin, most=self._chance.randint(10, 1000))
        if self._chance.random() < 0.2:
            self._tally.deaths += 1
            return
        await peer.close_channel(channel)
        await peer.close()

    async def _read(self, channel: Channel, begin: Any, *, most: int = 0, last: MessageId | None = None) -> None:
        """Read so many, or until that one; without ``last`` it ends with the publishers, too."""
        prefetch = self._chance.randint(1, 100)
        await channel.call(commands.Basic.Qos(prefetch_count=prefetch))
        arguments = {"x-stream-offset": begin}
        await channel.call(commands.Basic.Consume(queue=self._places.stream, arguments=arguments))
        order = Order(self._places.stream)
        expected = begin if isinstance(begin, int) else 0 if begin == "first" else None
        read, held, patience = 0, 0, trio.current_time() + ANSWER_S
        while last is not None or read < most:
            content = None
            with trio.move_on_after(0.5):
                content = await channel.receive()
            if content is None:
                if last is None and not self._publishing:
                    return
                if last is not None and trio.current_time() > patience:
                    raise Violation(f"{self._places.stream}: {last} never came, the stream stopped at {expected}")
                continue
            message = read_id(content)
            expected = 1 + self._take(content, message, expected)
            order.saw(message, redelivered=False)
            read, held = read + 1, held + 1
            if held >= prefetch or self._chance.random() < 0.1:
                held = 0
                await channel.send(commands.Basic.Ack(content.method.delivery_tag, multiple=True))
            if message == last:
                return

    def _take(self, content: Content, message: MessageId, expected: int | None) -> int:
        """Check one delivery; gives its offset. What retention deleted may be missing before it."""
        offset: int = content.properties.headers["x-stream-offset"]
        if expected is not None and (offset < expected or (self._keeps_all and offset > expected)):
            raise Violation(f"{self._places.stream}: {offset} came instead of {expected}")
        if content.method.redelivered:
            raise Violation(f"{self._places.stream}: {message} is marked as redelivered")
        self._places.read(offset, message)
        self._tally.delivered += 1
        return offset
