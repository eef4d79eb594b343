"""At least 100,000 senseless byte strings: each ends in the right error or in nothing, and harms nobody else."""

import pytest

from protocol.amqp import replies
from protocol.amqp.handshake import State
from tests.census import census
from tests.conversation import Broker, Queue, cut
from tests.hostile.noise import Noise, marshal, opening, publish

SEED = 20260811
STRINGS_OF_A_KIND = 11_500
# 541 stands for properties that cannot be decoded, as in RabbitMQ.
HARD = {reply.code for reply in vars(replies).values() if isinstance(reply, replies.Reply) and reply.hard}
SOFT = {reply.code for reply in vars(replies).values() if isinstance(reply, replies.Reply) and not reply.hard}
CONNECTION_CLOSE, CHANNEL_CLOSE = b"\x00\x0a\x00\x32", b"\x00\x14\x00\x28"
CLOSE_OK = b"\x01\x00\x00\x00\x00\x00\x04\x00\x0a\x00\x33\xce"


class Witness:
    """A client that goes on working while others misbehave: what it publishes, it gets."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self.client = broker.connect(1, refereed=False)
        self.client.declare("witness", exclusive=True)
        self.client.consume("witness", no_ack=True)
        self.publish = marshal(1, *publish(b"I saw it", key="witness"))
        self.testify()
        # The root of a topic exchange keeps its set of destinations once it had one.
        for method in (Queue.Bind, Queue.Unbind):
            self.client.send(1, method(queue="witness", exchange="amq.topic", routing_key=""))

    def testify(self) -> None:
        turn = self.broker.node.turn()
        session = self.client.session
        session.receive(self.publish, turn)
        assert not turn.finish()
        heard = session.outbox.take()
        assert heard.endswith(b"I saw it\xce"), heard
        assert session.outbox.size == 0


class Bully:
    """Throws strings at one node; opens a new connection whenever the broker has closed the last."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self.node = broker.node
        self.session = None
        self.endings: dict[int, int] = {}
        self.opening = opening()

    def throw(self, data: bytes, *, wants_open: bool) -> None:
        if self.session is None or not wants_open:
            self.leave()
            turn = self.node.turn()
            self.session = self.node.connect("127.0.0.1:1", "127.0.0.1:5672", turn)
            turn.finish()
            if wants_open:
                self._send(self.opening)
                assert self.session.connection.state is State.RUNNING
        before = self.session.connection.state
        said = self._send(data)
        after = self.session.connection.state
        code = self._check(said, before, after)
        if after in (State.CLOSED, State.ENDED):
            self.endings[code] = self.endings.get(code, 0) + 1
            self.leave()

    def _send(self, data: bytes) -> bytes:
        session, node = self.session, self.node
        turn = node.turn()
        session.receive(data, turn)
        while turn.finish():
            turn = node.turn()
        self.broker.check_logins()
        said = b"".join(iter(session.outbox.take, b""))
        if session.outbox.full:
            session.drained(node.turn())
        return said

    @staticmethod
    def _check(said: bytes, before: State, after: State) -> int:
        """What was said are whole frames, and the last of them explains the end; 0 where there is none."""
        code = 0
        for raw in cut(said):
            method = raw[7:11] if raw[0] == 1 else b""
            if method == CONNECTION_CLOSE:
                code = int.from_bytes(raw[11:13], "big")
                assert code in HARD | {replies.ACCESS_REFUSED.code}, raw
            elif method == CHANNEL_CLOSE:
                assert int.from_bytes(raw[11:13], "big") in SOFT, raw
        if before is State.RUNNING and after is State.CLOSED:
            assert code or CLOSE_OK in said, "a connection that was open ended without a word"
        return code

    def leave(self) -> None:
        if self.session is not None:
            turn = self.node.turn()
            self.session.disconnected(turn)
            turn.finish()
            assert self.session.outbox.size == 0
            self.session = None


def forget_everything(broker: Broker) -> None:
    """Delete what the bully declared, as an operator would."""
    vhost = broker.node.vhosts["/"]
    with broker.turn() as turn:
        for queue in list(vhost.queues.values()):
            if queue.exclusive_owner is None:
                vhost.delete_queue(queue, turn)
        for name in list(vhost.exchanges):
            if name and not name.startswith("amq."):
                vhost.delete_exchange(name, if_unused=False)
        for exchange in vhost.exchanges.values():
            vhost._graph.unbind(list(exchange.bindings.values()))


@pytest.mark.parametrize("kind", Noise(0).kinds)
def test_noise_harms_nobody_and_leaves_nothing(kind):
    broker = Broker(seed=SEED)
    witness = Witness(broker)
    bully = Bully(broker)
    before = census()
    wants_open, make = Noise(SEED).kinds[kind]
    for number in range(STRINGS_OF_A_KIND):
        data = make()
        try:
            bully.throw(data, wants_open=wants_open)
            witness.testify()
        except BaseException as error:
            error.add_note(f"string {number} of {kind!r}, seed {SEED}: {data!r}")
            raise
        if number % 500 == 499:
            forget_everything(broker)
    bully.leave()
    forget_everything(broker)
    assert bully.endings, "not one of them was refused"
    del broker.notices[:]
    assert census() == before
