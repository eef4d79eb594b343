"""Steps that declare, bind and delete."""

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.conversation import Exchange, Queue
from tests.stateful.actor import Actor
from tests.stateful.ledger import PLAIN
from tests.stateful.world import EXCHANGES, ODD_KINDS, World, actors, channels, queues

_sources = st.sampled_from(("all", "topic", "odd", "amq.rabbitmq.trace", "amq.rabbitmq.event"))
_QUEUE_VERBS = ("declare", "declare", "purge", "delete", "if unused", "if empty")
_kinds = st.sampled_from(sorted(ODD_KINDS))
_binding_keys = st.sampled_from(("#", "a.*", "1", ""))
_exchange_pairs = st.sampled_from((("all", "topic"), ("topic", "all"), ("amq.topic", "odd")))


class Topology(World):
    @rule(who=actors, channel=channels, name=queues, verb=st.sampled_from(_QUEUE_VERBS))
    def with_a_queue(self, who: int, channel: int, name: str, verb: str) -> None:
        found = self.on(who, channel)
        if not found:
            return
        actor, number, _ = found
        match verb:
            case "declare":
                self.declare(actor, number, name)
            case "purge":
                self._purge(actor, number, name)
            case _:
                method = Queue.Delete(queue=name, if_unused=verb == "if unused", if_empty=verb == "if empty")
                if self.ask(actor, number, method, Queue.DeleteOk) is not None:
                    self.ledger.deleted((actor.vhost, name))

    def _purge(self, actor: Actor, number: int, name: str) -> None:
        if self.existing(actor, number, name) != name:
            return
        account = self.ledger.account((actor.vhost, name))
        got = self.ask(actor, number, Queue.Purge(queue=name), Queue.PurgeOk)
        if got is not None and account is not None:
            if not all(each.client.reads for each in self.actors):
                # Some of it may be on its way to one who does not read.
                account.doubt()
            account.purge(got.message_count)

    @rule(who=actors, channel=channels, kind=_kinds, name=st.sampled_from(EXCHANGES), replace=st.booleans())
    def with_an_exchange(self, who: int, channel: int, kind: str, name: str, replace: bool) -> None:
        if found := self.on(who, channel):
            actor, number, _ = found
            self.say(actor, number, Exchange.Delete(exchange=name, if_unused=not replace))
            if replace and number in actor.channels:
                self.declare_exchange(actor, number, name, kind)

    @rule(who=actors, channel=channels, name=queues, exchange=_sources, key=_binding_keys, on=st.booleans())
    def bind(self, who: int, channel: int, name: str, exchange: str, key: str, on: bool) -> None:
        found = self.on(who, channel)
        if not found or (exchange not in ("all", "topic") and name in PLAIN):
            return
        actor, number, _ = found
        name = self.existing(actor, number, name)
        if name is not None and self.exchanges_exist(actor, number, exchange):
            arguments = {"x-match": "any", "a": 1} if key == "" else {}
            kind = Queue.Bind if on else Queue.Unbind
            self.say(actor, number, kind(queue=name, exchange=exchange, routing_key=key, arguments=arguments))

    @rule(who=actors, channel=channels, both=_exchange_pairs, on=st.booleans())
    def bind_exchanges(self, who: int, channel: int, both: tuple[str, str], on: bool) -> None:
        found = self.on(who, channel)
        if found and self.exchanges_exist(*found[:2], *both):
            destination, source = both
            kind = Exchange.Bind if on else Exchange.Unbind
            self.say(*found[:2], kind(destination=destination, source=source, routing_key="1"))
