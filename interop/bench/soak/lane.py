"""One lane: an exchange, two queues, publishers and consumers that come, go and die, and a ledger for each queue.

A lane lives for some seconds, is drained, judged and deleted; then another takes its place. All its choices come from
one seeded generator, so that a seed repeats the plan (not the timing).
"""

import random
from collections import deque

import trio
from pamqp import commands

from interop.bench.soak.ledger import Ledger, MessageId, Order, Violation
from interop.bench.soak.peer import ANSWER_S, Channel, Content, Peer, connected
from interop.bench.soak.routes import TOPOLOGIES, Route

_LIFE_S = (3.0, 15.0)
_PAUSE_S = (0.0, 0.2)
_BURST = (1, 24)
_WINDOW = 50
# Of a durable queue's messages, how many are persistent: the others have to keep their places among them.
_PERSISTENT = 0.8
# Body sizes in bytes: share up to which, and the most. Mostly small, some over one frame, a few large.
_SIZES = ((0.80, 200), (0.97, 4_000), (0.998, 200_000), (1.0, 1_500_000))


class Tally:
    """What the whole soak has done so far."""

    def __init__(self) -> None:
        self.published = 0
        self.persistent = 0
        self.streamed = 0
        self.delivered = 0
        self.lanes = 0
        self.deaths = 0
        self.troubles = 0


class Lane:
    """One life of a lane. ``run`` raises Violation when the broker lost, doubled or disordered a message."""

    def __init__(self, url: str, name: str, chance: random.Random, tally: Tally) -> None:
        self._url = url
        self._chance = chance
        self._tally = tally
        self._topology = chance.choice(TOPOLOGIES)
        self._exchange = f"soak-{name}"
        self._durable = chance.random() < 0.5
        self._ledgers = [Ledger(f"soak-{name}-{number}") for number in (0, 1)]
        self._publishers = 0
        self._publishing = True

    async def run(self, end: float) -> None:
        """Declare, run the load for the lane's life (and not past ``end`` by trio's clock), drain, judge, delete."""
        async with connected(self._url) as peer:
            control = await peer.channel()
            await self._declare(control)
            async with trio.open_nursery() as consumers:
                for ledger in self._ledgers:
                    for _ in range(self._chance.randint(1, 2)):
                        consumers.start_soon(self._consumers, ledger)
                await self._publish_for(min(self._chance.uniform(*_LIFE_S), end - trio.current_time()))
                self._publishing = False
            for ledger in self._ledgers:
                await self._drain(peer, ledger)
                await control.call(commands.Queue.Delete(queue=ledger.queue, if_unused=True))
            await control.call(commands.Exchange.Delete(exchange=self._exchange))
            await peer.close()
        self._tally.lanes += 1

    async def _declare(self, control: Channel) -> None:
        kind = self._topology.kind
        await control.call(
            commands.Exchange.Declare(exchange=self._exchange, exchange_type=kind, durable=self._durable)
        )
        for ledger in self._ledgers:
            await control.call(commands.Queue.Declare(queue=ledger.queue, durable=self._durable))
        for queue, key, arguments in self._topology.bindings:
            name = self._ledgers[queue].queue
            bind = commands.Queue.Bind(queue=name, exchange=self._exchange, routing_key=key, arguments=arguments)
            await control.call(bind)

    # --- publishers

    async def _publish_for(self, seconds: float) -> None:
        with trio.move_on_after(max(seconds, 0)):
            async with trio.open_nursery() as publishers:
                for _ in range(self._chance.randint(1, 2)):
                    publishers.start_soon(self._publisher_after_publisher)

    async def _publisher_after_publisher(self) -> None:
        styles = (self._confirming, self._transacting, self._plain)
        while True:
            style = self._chance.choice(styles)
            self._publishers += 1
            publisher = self._publishers
            # Not cut short by the lane's end: a publisher brings what it began to a known state, or dies on purpose.
            with trio.CancelScope(shield=True):
                async with connected(self._url) as peer:
                    await style(peer, await peer.channel(), publisher)
            await trio.lowlevel.checkpoint()

    async def _confirming(self, peer: Peer, channel: Channel, publisher: int) -> None:
        """Confirms, a window in flight, mandatory: what reaches no queue must come back before its confirm."""
        unconfirmed: dict[int, tuple[MessageId, Route]] = {}
        returned: set[MessageId] = set()
        turn = trio.Event()

        def confirmed(tag: int, multiple: bool) -> None:
            nonlocal turn
            for each in [each for each in unconfirmed if each == tag or (multiple and each < tag)]:
                message, route = unconfirmed.pop(each)
                if not route.queues and message not in returned:
                    raise Violation(f"{self._exchange}: {message} was confirmed, neither routed nor returned")
                self._promised(message, route)
            turn.set()
            turn = trio.Event()

        channel.confirmed = confirmed
        channel.returned = lambda content: returned.add(read_id(content))
        await channel.call(commands.Confirm.Select())
        for number in range(self._chance.randint(10, 200)):
            # Noted before it is sent: the confirm may be here before the sending is over.
            unconfirmed[number + 1] = noted = self._note((publisher, number))
            await self._send(channel, *noted, mandatory=True)
            while len(unconfirmed) >= _WINDOW:
                with trio.fail_after(ANSWER_S):
                    await turn.wait()
            await self._breathe(number)
        if self._chance.random() < 0.2:
            self._tally.deaths += 1
            return  # dropped with confirms outstanding
        while unconfirmed:
            with trio.fail_after(ANSWER_S):
                await turn.wait()
        await peer.close()

    async def _transacting(self, peer: Peer, channel: Channel, publisher: int) -> None:
        """Transactions, one in four rolled back."""
        await channel.call(commands.Tx.Select())
        number = 0
        for _ in range(self._chance.randint(1, 10)):
            batch = []
            for _ in range(self._chance.randint(1, 20)):
                batch.append(self._note((publisher, number)))
                await self._send(channel, *batch[-1], mandatory=False)
                number += 1
            if self._chance.random() < 0.25:
                await channel.call(commands.Tx.Rollback())
                for message, route in batch:
                    self._withdrawn(message, route)
            else:
                await channel.call(commands.Tx.Commit())
                for message, route in batch:
                    self._promised(message, route)
            await self._breathe(0)
        await peer.close()

    async def _plain(self, peer: Peer, channel: Channel, publisher: int) -> None:
        """Neither; close-ok says that all was taken."""
        sent = []
        for number in range(self._chance.randint(10, 200)):
            sent.append(self._note((publisher, number)))
            await self._send(channel, *sent[-1], mandatory=False)
            await self._breathe(number)
        await peer.close_channel(channel)
        for message, route in sent:
            self._promised(message, route)
        await peer.close()

    def _note(self, message: MessageId) -> tuple[MessageId, Route]:
        """Choose a route for it, and tell the ledgers that it may come."""
        route = self._chance.choice(self._topology.routes)
        for queue in route.queues:
            self._ledgers[queue].published(message)
        return message, route

    async def _send(self, channel: Channel, message: MessageId, route: Route, *, mandatory: bool) -> None:
        content = write_body(message, any_size(self._chance))
        persistent = self._durable and self._chance.random() < _PERSISTENT
        await channel.publish(
            self._exchange, route.key, content, route.headers, mandatory=mandatory, persistent=persistent
        )
        self._tally.published += 1
        self._tally.persistent += persistent

    async def _breathe(self, number: int) -> None:
        if number % self._chance.randint(*_BURST) == 0:
            await trio.sleep(self._chance.uniform(*_PAUSE_S))

    def _promised(self, message: MessageId, route: Route) -> None:
        for queue in route.queues:
            self._ledgers[queue].promised(message)

    def _withdrawn(self, message: MessageId, route: Route) -> None:
        for queue in route.queues:
            self._ledgers[queue].withdrawn(message)

    # --- consumers

    async def _consumers(self, ledger: Ledger) -> None:
        """One consumer after the other, until nobody publishes any more."""
        while self._publishing:
            async with connected(self._url) as peer:
                style = self._chance.choice((self._consume, self._consume, self._get))
                await style(peer, await peer.channel(), ledger)

    async def _consume(self, peer: Peer, channel: Channel, ledger: Ledger) -> None:
        """Prefetch, single and multiple acks, nacks and rejects that requeue; ends in order, or dies holding some."""
        await channel.call(
            commands.Basic.Qos(prefetch_count=self._chance.randint(1, 100), global_=self._chance.random() < 0.2)
        )
        consumed = await channel.call(commands.Basic.Consume(queue=ledger.queue))
        hands = Hands(channel, ledger, self._chance)
        for _ in range(self._chance.randint(10, 400)):
            content = None
            with trio.move_on_after(0.5):
                content = await channel.receive()
            if content:
                self._tally.delivered += 1
                await hands.take(content)
            elif not self._publishing:
                break
        if self._chance.random() < 0.2:
            self._tally.deaths += 1
            return  # dropped with messages unacknowledged
        await channel.call(commands.Basic.Cancel(consumed.consumer_tag))
        await peer.close_channel(channel)
        hands.settle()
        await peer.close()

    async def _get(self, peer: Peer, channel: Channel, ledger: Ledger) -> None:
        """basic.get, each acknowledged or put back."""
        hands = Hands(channel, ledger, self._chance)
        for _ in range(self._chance.randint(1, 50)):
            reply = await channel.call(commands.Basic.Get(queue=ledger.queue))
            if isinstance(reply, Content):
                self._tally.delivered += 1
                await hands.take(reply)
            else:
                await trio.sleep(0.05)
        await peer.close_channel(channel)
        hands.settle()
        await peer.close()

    async def _drain(self, peer: Peer, ledger: Ledger) -> None:
        """Take all that is left. The dead consumers' messages are back once their sockets' ends were read."""
        channel = await peer.channel()
        hands = Hands(channel, ledger, None)
        patience = trio.current_time() + ANSWER_S
        while True:
            reply = await channel.call(commands.Basic.Get(queue=ledger.queue))
            if isinstance(reply, Content):
                self._tally.delivered += 1
                await hands.take(reply)
            elif not ledger.owed or trio.current_time() > patience:
                break
            else:
                await trio.sleep(0.05)
        await self._gone_consumers(channel, ledger)
        await peer.close_channel(channel)
        hands.settle()
        ledger.close()

    async def _gone_consumers(self, channel: Channel, ledger: Ledger) -> None:
        """Empty what consumers without anything owed had held, until the queue is without consumers and messages."""
        with trio.fail_after(ANSWER_S):
            while True:
                count = await channel.call(commands.Queue.Declare(queue=ledger.queue, passive=True))
                if not count.consumer_count and not count.message_count:
                    return
                reply = await channel.call(commands.Basic.Get(queue=ledger.queue, no_ack=True))
                if isinstance(reply, Content):
                    ledger.delivered(read_id(reply), redelivered=reply.method.redelivered)


class Hands:
    """What a consumer does with what it gets; without ``chance`` it acknowledges everything at once."""

    def __init__(self, channel: Channel, ledger: Ledger, chance: random.Random | None) -> None:
        self._channel = channel
        self._ledger = ledger
        self._chance = chance
        self._order = Order(ledger.queue)
        self._held: deque[tuple[int, MessageId]] = deque()
        self._acknowledged: list[MessageId] = []

    async def take(self, content: Content) -> None:
        """Check a delivery against ledger and order, and settle it, or keep it for a multiple ack."""
        method, message = content.method, read_id(content)
        self._ledger.delivered(message, redelivered=method.redelivered)
        self._order.saw(message, redelivered=method.redelivered)
        drawn = self._chance.random() if self._chance else 1.0
        if drawn < 0.02:
            await self._channel.send(commands.Basic.Nack(method.delivery_tag, requeue=True))
        elif drawn < 0.04:
            await self._channel.send(commands.Basic.Reject(method.delivery_tag, requeue=True))
        elif drawn < 0.3:
            self._held.append((method.delivery_tag, message))
        elif drawn < 0.4 and self._held:
            self._held.append((method.delivery_tag, message))
            await self._channel.send(commands.Basic.Ack(method.delivery_tag, multiple=True))
            self._note(*(held for _, held in self._held))
            self._held.clear()
        else:
            await self._channel.send(commands.Basic.Ack(method.delivery_tag))
            self._note(message)

    def settle(self) -> None:
        """The channel was closed in order: the acks sent on it were worked off, what was held went back."""
        for message in self._acknowledged:
            self._ledger.settled(message)

    def _note(self, *messages: MessageId) -> None:
        for message in messages:
            self._ledger.acknowledged(message)
        self._acknowledged += messages


def any_size(chance: random.Random) -> int:
    """A body's size: mostly small, now and then large."""
    drawn = chance.random()
    return chance.randint(0, next(most for share, most in _SIZES if drawn <= share))


def write_body(message: MessageId, size: int) -> bytes:
    """A body that names the message and its own length."""
    start = b"%d %d %d " % (*message, size)
    return start + b"x" * (size - len(start))


def read_id(content: Content) -> MessageId:
    """The message's name. Raises Violation when the body is not as it was written."""
    publisher, number, size, _ = content.body.split(b" ", 3)
    message = int(publisher), int(number)
    if content.body != write_body(message, int(size)):
        raise Violation(f"{message} came with a changed body of {len(content.body)} bytes")
    return message
