"""Steps that publish, consume and settle."""

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.conversation import Basic, Channel, Confirm, Tx
from tests.stateful.actor import Actor, ChannelState
from tests.stateful.ledger import Account
from tests.stateful.world import BUSY, QUEUES, World, actors, channels, queues

_places = st.sampled_from([("", name) for name in (*QUEUES, *BUSY)] + [("all", ""), ("topic", "a.b"), ("odd", "a")] * 2)
_extras = st.sampled_from(
    (
        {},
        {},
        {"priority": 3},
        {"delivery_mode": 2},
        {"headers": {"a": 1, "x-delay": 2000}},
        {"expiration": "100000000"},
    )
)
_PUBLISH = {
    "who": actors,
    "channel": channels,
    "where": _places,
    "count": st.sampled_from((1, 1, 2, 7)),
    "size": st.sampled_from((0, 0, 50, 6000)),
    "mandatory": st.booleans(),
    "extra": _extras,
}
_CONSUME = {
    "who": actors,
    "channel": channels,
    "name": queues,
    "tag": st.sampled_from(("a", "b", "")),
    "no_ack": st.sampled_from((False, False, True)),
    "exclusive": st.sampled_from((False, False, False, False, True)),
    "arguments": st.sampled_from(({}, {}, {"x-priority": 2}, {"x-stream-offset": "first"})),
}
_SETTLE = {
    "who": actors,
    "channel": channels,
    "which": st.integers(0, 30),
    "how": st.sampled_from(("ack", "ack", "nack", "reject")),
    "multiple": st.booleans(),
    "requeue": st.booleans(),
}


class Messages(World):
    # -- publishing ----------------------------------------------------------------------------------------------------

    def _publish(self, who, channel, where, count, size, mandatory, extra) -> None:
        found = self.on(who, channel)
        if not found or not self.exchanges_exist(*found[:2], where[0]):
            return
        actor, number, state = found
        bodies = [self._body(size) for _ in range(count)]
        data = b"".join(_written(actor, number, where, body, mandatory, extra) for body in bodies)
        self._published(actor, number, state, where, bodies, data)

    # Hypothesis chooses among rules evenly.
    publish = rule(**_PUBLISH)(_publish)
    publish_more = rule(**_PUBLISH)(_publish)
    publish_again = rule(**_PUBLISH)(_publish)
    publish_still = rule(**_PUBLISH)(_publish)

    @rule(who=actors, channel=channels, where=_places, cut=st.integers(1, 200))
    def publish_in_halves(self, who: int, channel: int, where: tuple[str, str], cut: int) -> None:
        found = self.on(who, channel)
        if not found:
            return
        actor, number, _ = found
        body = self._body(60)
        data = _written(actor, number, where, body, False, {})
        cut = min(cut, len(data) - 1)
        actor.client.send_bytes(data[:cut])
        actor.rest = data[cut:]
        actor.begun = (number, where, body)
        self.observe()

    def finish(self, actor: Actor) -> None:
        number, where, body = actor.begun
        state = actor.channels.get(number)
        rest, actor.rest = actor.rest, b""
        if state is None:
            actor.client.send_bytes(rest)
            self.observe()
        else:
            self._published(actor, number, state, where, [body], rest)

    def _body(self, size: int) -> bytes:
        self.bodies += 1
        return b"%08d" % self.bodies + bytes(size)

    def _published(self, actor: Actor, number: int, state: ChannelState, where, bodies: list, data: bytes) -> None:
        accounts = self._routed(actor.vhost, *where)
        before = actor.client.session.channels.get(number)
        actor.client.send_bytes(data)
        if before is not None and actor.client.session.channels.get(number) is before:
            if state.transactional:
                state.tx_published.append((accounts, bodies))
            else:
                for account in accounts:
                    for body in bodies:
                        account.enqueue(body)
        self.observe()

    def _routed(self, vhost: str, exchange: str, key: str) -> list[Account]:
        """The plain queues where such a message goes."""
        host = self.broker.node.vhosts.get(vhost)
        if host is None or exchange not in host.exchanges:
            return []
        routed = host.route(exchange, key, None)
        # What must see each message leads to none of the plain ones.
        found = [self.ledger.at(queue) for queue in routed.queues] if routed.cacheable else []
        return [account for account in found if account is not None]

    @rule(who=actors, channel=channels, transactional=st.booleans())
    def select(self, who: int, channel: int, transactional: bool) -> None:
        found = self.on(who, channel)
        if not found or found[2].confirming or found[2].transactional:
            return
        actor, number, state = found
        method, reply = (Tx.Select(), Tx.SelectOk) if transactional else (Confirm.Select(), Confirm.SelectOk)
        if self.ask(actor, number, method, reply) is not None:
            state.transactional, state.confirming = transactional, not transactional

    @rule(who=actors, channel=channels, commits=st.booleans())
    def end_transaction(self, who: int, channel: int, commits: bool) -> None:
        found = self.on(who, channel)
        if not found or not found[2].transactional:
            return
        actor, number, state = found
        state.committing = commits
        actor.client.send(number, Tx.Commit() if commits else Tx.Rollback())
        if any(isinstance(got.method, Tx.CommitOk) for got in actor.client._inbox):
            # Before anybody is sent what it brings.
            state.commit()
        elif commits and any(isinstance(got.method, Channel.Close) for got in actor.client._inbox):
            # A queue was deleted meanwhile: some of it was done, and sent before the refusal (partial tx completion).
            state.doubt()
        self.observe()

    # -- consuming -----------------------------------------------------------------------------------------------------

    def _consume(self, who, channel, name, tag, no_ack, exclusive, arguments) -> None:
        found = self.on(who, channel)
        name = self.existing(*found[:2], name) if found else None
        if name is None or tag in found[2].consumers:
            return
        actor, number, state = found
        how = {"consumer_tag": tag, "no_ack": no_ack, "exclusive": exclusive, "arguments": arguments}
        self.start_consumer(actor, number, state, name, how)

    def start_consumer(self, actor: Actor, number: int, state: ChannelState, name: str, how: dict) -> None:
        account = self.ledger.account((actor.vhost, name))
        actor.client.send(number, Basic.Consume(queue=name, **how))
        for got in actor.client._inbox:
            if isinstance(got.method, Basic.ConsumeOk):
                state.consumers[got.consumer_tag] = (account, how.get("no_ack", False))
                if name in ("r-quorum", "r-stream") and actor.client.referee is not None:
                    actor.client.referee.channel(number).consumers[got.consumer_tag].shares = False
        self.observe()

    consume = rule(**_CONSUME)(_consume)
    consume_more = rule(**_CONSUME)(_consume)

    @rule(who=actors, channel=channels, which=st.integers(0, 3))
    def cancel(self, who: int, channel: int, which: int) -> None:
        found = self.on(who, channel)
        if found and found[2].consumers:
            tags = list(found[2].consumers)
            self.say(*found[:2], Basic.Cancel(tags[which % len(tags)]))

    @rule(who=actors, channel=channels, name=queues, no_ack=st.booleans())
    def get(self, who: int, channel: int, name: str, no_ack: bool) -> None:
        found = self.on(who, channel)
        name = self.existing(*found[:2], name) if found else None
        if name is not None:
            actor, number, _ = found
            actor.getting = (self.ledger.account((actor.vhost, name)), no_ack)
            self.say(actor, number, Basic.Get(queue=name, no_ack=no_ack))

    def _settle(self, who, channel, which, how, multiple, requeue) -> None:
        found = self.on(who, channel)
        if not found or not found[2].unsettled:
            return
        actor, number, state = found
        tag = list(state.unsettled)[which % len(state.unsettled)]
        multiple, requeue = multiple and how != "reject", requeue and how != "ack"
        method = {
            "ack": Basic.Ack(tag, multiple),
            "nack": Basic.Nack(tag, multiple, requeue),
            "reject": Basic.Reject(tag, requeue),
        }[how]
        state.settle(tag, requeue, multiple)
        self.say(actor, number, method)

    settle = rule(**_SETTLE)(_settle)
    settle_more = rule(**_SETTLE)(_settle)
    settle_again = rule(**_SETTLE)(_settle)

    @rule(who=actors, channel=channels)
    def recover(self, who: int, channel: int) -> None:
        if found := self.on(who, channel):
            self.say(*found[:2], Basic.Recover(requeue=True))

    @rule(who=actors, channel=channels, count=st.sampled_from((0, 1, 3, 20)), shared=st.booleans())
    def qos(self, who: int, channel: int, count: int, shared: bool) -> None:
        if found := self.on(who, channel):
            self.say(*found[:2], Basic.Qos(prefetch_count=count, global_=shared))


def _written(actor: Actor, number: int, where: tuple[str, str], body: bytes, mandatory: bool, extra: dict) -> bytes:
    exchange, key = where
    return actor.client.publish_bytes(number, body, key, exchange, mandatory=mandatory, **extra)
