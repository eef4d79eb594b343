"""Queues that look into messages against a naive model: whatever happens, each message is where the model says."""

from unittest import mock

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pamqp.commands import Basic

from broker.queues import holding
from tests.conversation import Broker
from tests.streams.faulty import FaultyFiles

DEAD = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead"}


class Item:
    def __init__(self, number: int, body: bytes, priority: int, deadline: float) -> None:
        self.number = number
        # Its number, or where it is now that it was given back to the end.
        self.place = number
        self.body = body
        self.priority = priority
        self.deadline = deadline
        self.attempts = 0
        self.returned = 0


class Model:
    """One queue without consumers. Times in ms."""

    def __init__(self, arguments: dict) -> None:
        self.ttl = arguments.get("x-message-ttl")
        self.most = arguments.get("x-max-length")
        self.refuses = arguments.get("x-overflow") == "reject-publish"
        self.top = arguments.get("x-max-priority", 0)
        self.quorum = arguments.get("x-queue-type") == "quorum"
        self.limit = arguments.get("x-delivery-limit", 20)
        self.dies = "x-dead-letter-exchange" in arguments
        self.waiting: list[Item] = []
        self.out: dict[int, Item] = {}
        self.dead: list[tuple[bytes, str]] = []
        self.published = 0
        self.returns = 0

    def settle_down(self, now: float) -> None:
        if self.most is not None and not self.refuses:
            while len(self.waiting) > self.most:
                self.die(self.waiting.pop(0), "maxlen")
        while self.waiting and self.waiting[0].deadline <= now:
            self.die(self.waiting.pop(0), "expired")

    def die(self, item: Item, reason: str) -> None:
        if self.dies:
            self.dead.append((item.body, reason))

    def sort(self) -> None:
        if self.quorum:
            self.waiting.sort(key=lambda item: (item.returned == 0, item.returned, item.place))
        else:
            self.waiting.sort(key=lambda item: (-item.priority, item.number))

    def publish(self, body: bytes, priority: int | None, ttl: int | None, now: float) -> None:
        if self.refuses and self.most is not None and len(self.waiting) >= self.most:
            return
        self.published += 1
        lives = [each for each in (ttl, self.ttl) if each is not None]
        item = Item(self.published, body, min(priority or 0, self.top), now + min(lives) if lives else float("inf"))
        self.waiting.append(item)
        self.sort()

    def give_back(self, item: Item, *, ended: bool = False) -> None:
        item.attempts += 1
        if self.quorum and item.attempts > self.limit >= 0:
            self.die(item, "delivery_limit")
            return
        if self.quorum and self.limit < 0 and not ended:
            self.published += 1
            item.place = self.published
        else:
            self.returns += 1
            item.returned = self.returns
        self.waiting.append(item)
        self.sort()


optional = st.none() | st.integers(0, 3)
arguments = st.fixed_dictionaries(
    {},
    optional={
        "x-message-ttl": st.sampled_from([0, 1000, 3000]),
        "x-max-length": st.integers(0, 4),
        "x-overflow": st.sampled_from(["drop-head", "reject-publish"]),
    },
)
UNLIMITED = {"x-queue-type": "quorum", "x-delivery-limit": -1}
kinds = st.sampled_from([{}, {"x-max-priority": 3}, {"x-queue-type": "quorum", "x-delivery-limit": 1}, UNLIMITED])
steps = st.lists(
    st.one_of(
        st.tuples(st.just("publish"), optional, st.none() | st.sampled_from([0, 500, 2000])),
        st.tuples(st.just("wait"), st.sampled_from([1, 400, 1500])),
        st.tuples(st.just("get")),
        st.tuples(st.sampled_from(["ack", "requeue", "discard"]), st.integers(0, 3)),
        st.tuples(st.just("restart")),
    ),
    max_size=30,
)


class Pair:
    """A broker and the model of its one queue."""

    def __init__(self, given: dict, *, keeps: bool) -> None:
        self.files = FaultyFiles() if keeps else None
        self.broker = Broker(files=self.files)
        self.given = given
        self.model = Model(given)
        self.bodies = 0
        self.restarted = False
        self.connect()
        self.client.declare("dead", durable=True)
        self.client.declare(durable=True, arguments=given)

    def connect(self) -> None:
        self.client = self.broker.connect(1)

    @property
    def now(self) -> float:
        return self.broker.wall_ms()

    def publish(self, priority, ttl) -> None:
        body = b"%d" % self.bodies
        self.bodies += 1
        expiration = None if ttl is None else str(ttl)
        self.client.publish(1, body, priority=priority, expiration=expiration, delivery_mode=2)
        self.model.publish(body, priority, ttl, self.now)

    def wait(self, ms) -> None:
        # Every deadline on the way is met: what expires later does so behind what expires earlier.
        until = self.now + ms
        for item in sorted(self.model.waiting, key=lambda item: item.deadline):
            if item.deadline <= until:
                self.model.settle_down(item.deadline)
        self.broker.advance(ms / 1000)

    def get(self) -> None:
        got = self.client.get(no_ack=False)
        model = self.model
        if not model.waiting:
            assert got is None
            return
        item = model.waiting.pop(0)
        assert got.body == item.body
        # A restart may take more for handed out than was: one number has to do for all.
        assert got.redelivered is (item.attempts > 0) or (got.redelivered and self.restarted)
        model.out[got.delivery_tag] = item

    def settled(self, how, which) -> None:
        if not self.model.out:
            return
        tag = sorted(self.model.out)[which % len(self.model.out)]
        item = self.model.out.pop(tag)
        if how == "ack":
            self.client.send(1, Basic.Ack(tag))
        elif how == "requeue":
            self.client.send(1, Basic.Reject(tag, requeue=True))
            self.model.give_back(item)
        else:
            self.client.send(1, Basic.Reject(tag, requeue=False))
            self.model.die(item, "rejected")

    def restart(self) -> None:
        if self.files is None:
            return
        self.broker.stop()
        self.restarted = True
        for tag in sorted(self.model.out):
            self.model.give_back(self.model.out.pop(tag), ended=True)
        self.model.settle_down(self.now)
        # A restart puts all in the order of their arrival again.
        for item in self.model.waiting:
            item.returned = 0
            item.place = item.number
        self.model.sort()
        self.broker = Broker(files=self.files, now=self.broker.now)
        self.connect()

    def check(self) -> None:
        self.model.settle_down(self.now)
        assert self.client.count() == len(self.model.waiting)


@pytest.mark.parametrize("window_bytes", [holding._WINDOW_BYTES, 1])
@settings(max_examples=200, deadline=None)
@given(given_arguments=arguments, kind=kinds, dies=st.booleans(), keeps=st.booleans(), todo=steps)
def test_every_message_is_where_it_should_be(window_bytes, given_arguments, kind, dies, keeps, todo):
    # Of many that wait, most on disk, what is given back to the end comes before those.
    assume(window_bytes > 1 or kind is not UNLIMITED)
    with mock.patch.object(holding, "_WINDOW_BYTES", window_bytes):
        play(Pair({**given_arguments, **kind, **(DEAD if dies else {})}, keeps=keeps), todo)


def play(pair, todo):
    for verb, *details in todo:
        match verb:
            case "publish" | "wait" | "get" | "restart":
                getattr(pair, verb)(*details)
            case _:
                pair.settled(verb, *details)
        pair.check()
    while pair.model.waiting:
        pair.get()
        pair.check()
    assert pair.client.get() is None
    letters = iter(lambda: pair.client.get("dead"), None)
    dead = [(letter.body, letter.properties.headers["x-death"][0]["reason"]) for letter in letters]
    assert sorted(dead) == sorted(pair.model.dead)
    pair.client.send(1, Basic.Ack(0, multiple=True))
    assert abs(pair.broker.node.gauge.bytes) < 1
