"""Random conversations of the whole protocol: made the same for the same seed, and held to their end. No RabbitMQ."""

import hypothesis
import pytest

from interop.conformance import steps
from interop.conformance.accepted import ACCEPTED
from interop.conformance.promised import in_promised_order
from interop.conformance.steps import Conversation, again, call, conversation, drop, publish, raw, send, settle
from interop.conformance.wandering.both import Both, Differs
from interop.conformance.wandering.conversations import conversations
from interop.conformance.wandering.meant import explained, rules
from interop.conformance.wandering.run import run_seed
from interop.conformance.wandering.scenes import safely
from interop.conformance.wandering.spoken import spoken
from interop.conformance.wire import Typed
from interop.leveret import Leveret

# All kinds of steps come about twenty times: 1.3 s of CPU.
_FEW = 20
_SEED = 1
_BARE = conversation("bare")


def _made(seed: int, count: int) -> list[Conversation]:
    made: list[Conversation] = []

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=count,
        database=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(conversations("wander"))
    def make(one: Conversation) -> None:
        made.append(one)

    make()
    return made


def test_a_seed_makes_the_same_conversations_again() -> None:
    assert _made(7, 5) == _made(7, 5)
    assert _made(7, 5) != _made(8, 5)


def test_leveret_does_not_differ_from_itself() -> None:
    with Leveret() as one, Leveret() as other:
        outcome = run_seed(_SEED, _FEW, one.url, other.url)
        assert "Traceback" not in one.log + other.log, one.log + other.log
    assert outcome.differing == ""
    assert (outcome.tally.compared, outcome.tally.agreeing) == (_FEW, _FEW)


def test_what_differs_is_shrunk_and_shown_as_a_conversation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Both, "_hold", lambda _, __, url, ___: [url])
    outcome = run_seed(3, 5, "theirs", "ours")
    assert "-theirs\n+ours\nconversation(\n    'wander/3',\n" in outcome.differing
    assert outcome.differing.count("settle(") == 1


def test_what_rabbitmq_says_now_and_then_is_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    said = iter([["a"], ["b"], ["b"], ["a"], ["b"]])
    monkeypatch.setattr(Both, "_hold", lambda *_: next(said))
    both = Both("theirs", "ours")
    both.compare(conversation("one"))
    assert (both.tally.compared, both.tally.agreeing, both.tally.unsteady) == (1, 1, [])


def test_what_rabbitmq_says_now_this_way_now_that_is_unsteady(monkeypatch: pytest.MonkeyPatch) -> None:
    said = iter([["a"], ["b"], ["b"], ["a"], ["c"], ["d"], ["e"]])
    monkeypatch.setattr(Both, "_hold", lambda *_: next(said))
    both = Both("theirs", "ours")
    both.compare(conversation("one"))
    assert (both.tally.agreeing, len(both.tally.unsteady)) == (0, 1)


def test_what_rabbitmq_never_says_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Both, "_hold", lambda _, __, url, ___: [url])
    with pytest.raises(Differs, match="-theirs\n\\+ours"):
        Both("theirs", "ours").compare(conversation("one"))


def test_deliveries_and_confirms_are_not_ordered_against_replies() -> None:
    reply, delivery = "a/1 < basic.qos-ok", "a/1 < basic.deliver consumer_tag='t' delivery_tag=1 |  | b'm'"
    confirm = "a/1 < basic.ack delivery_tag=2 multiple=True"
    ordered = in_promised_order([delivery, confirm, reply], {})
    assert ordered == [reply, "a/1 < basic.ack for 1, 2", delivery]
    assert in_promised_order([reply, delivery, confirm], {}) == ordered


def test_confirms_are_the_same_however_they_were_coalesced() -> None:
    confirmed = {"a/1": {1}}
    several = in_promised_order(["a/1 < basic.ack delivery_tag=3 multiple=True"], confirmed)
    assert several == ["a/1 < basic.ack for 2, 3"]
    assert confirmed == {"a/1": {1, 2, 3}}
    single = [f"a/1 < basic.ack delivery_tag={n} multiple=False" for n in (3, 2)]
    assert in_promised_order(single, {"a/1": {1}}) == several
    assert in_promised_order(single, {"a/1": {2}}) != several


def test_a_delivery_outside_of_its_consumers_life_is_marked() -> None:
    delivery = "a/1 < basic.deliver consumer_tag='t' delivery_tag=1 |  | b'm'"
    begun, over = "a/1 < basic.consume-ok consumer_tag='t'", "a/1 < basic.cancel-ok consumer_tag='t'"
    assert in_promised_order([delivery, begun], {})[0] == f"after its deliveries: {begun}"
    assert in_promised_order([over, delivery], {}) == [over, f"after its cancel-ok: {delivery}"]
    assert in_promised_order([begun, delivery, over], {}) == [begun, over, delivery]


def test_rules_are_about_entries_of_the_list() -> None:
    quorum = conversation("one", call("queue.declare", queue="~q", arguments={"x-queue-type": "quorum"}))
    assert {rule.name for rule in rules(quorum)} <= {accepted.name for accepted in ACCEPTED}


def test_a_rule_explains_its_difference_and_no_other() -> None:
    closed = "a socket closed"
    told = "a/0 < connection.close reply_code=503 reply_text='COMMAND_INVALID - unimplemented method'"
    known, unknown = f"{told} class_id=50 method_id=11", f"{told} class_id=50 method_id=99"
    assert explained(_BARE, [closed], [unknown, closed]) == ["methods and tables that nobody knows"]
    assert explained(_BARE, [closed], [known, closed]) is None
    assert explained(_BARE, [closed], [closed]) == []
    assert explained(_BARE, [closed, "a"], [unknown, closed, "b"]) is None


def test_a_body_too_long_is_meant_and_no_other_close_is() -> None:
    told, of_publish = "a/0 < connection.close reply_code=", " class_id=60 method_id=40"
    late = told + "505 reply_text='UNEXPECTED_FRAME - expected content body, got non content body frame instead'"
    early = told + "501 reply_text='FRAME_ERROR - content body frame exceeds remaining content size'"
    assert explained(_BARE, [late + of_publish], [early + of_publish]) == ["bodies longer than they may be"]
    assert explained(_BARE, [early + of_publish], [late + of_publish]) is None
    assert explained(_BARE, [late + of_publish, "a"], [late + of_publish, "a"]) == []
    assert explained(_BARE, [late + of_publish, "a"], [early + of_publish, "b"]) is None
    assert explained(_BARE, [late + of_publish], [early + " class_id=60 method_id=50"]) is None
    assert explained(_BARE, [late + of_publish], [late.replace("body, got", "header, got") + of_publish]) is None
    assert explained(_BARE, [late + of_publish], [told + "501 reply_text='FRAME_ERROR - else'" + of_publish]) is None


def test_what_makes_a_scene_is_held_on_open_channels() -> None:
    steps = [call("tx.select", "b", 4), settle("~a"), publish("", "~a", b"m", "b", 4)]
    assert list(safely(steps)) == [again("b", 4), steps[0], steps[1], again("b", 4), steps[2]]


def test_no_conversation_is_held_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[str] = []
    monkeypatch.setattr(Both, "_hold", lambda _, one, *__: held.append(spoken(one, "")) or [])
    outcome = run_seed(3, 30, "theirs", "ours")
    assert (outcome.tally.compared, len(outcome.tally.held), len(held)) == (30, 30, 60)
    assert set(held[::2]) == set(held[1::2])
    assert len(set(held)) == 30


def test_a_conversation_is_written_so_that_it_can_be_read_again() -> None:
    one = conversation(
        "some/name",
        again("b", 2),
        call("queue.declare", "b", 2, queue="~q", arguments={"x-max-length": Typed("l", 1)}),
        publish("", "~q", b"m", "b", 2, 1, mandatory=True, headers={"CC": ["~a"]}),
        send("basic.ack", delivery_tag=1, multiple=True),
        raw(b"\xce", "a", "half a frame"),
        settle("~a", "~b"),
        drop("b"),
    )
    words = vars(steps) | {"Typed": Typed}
    again_read = eval(spoken(one, "some/name"), words)
    assert repr(_typed_shown(again_read)) == repr(_typed_shown(one))


def _typed_shown(one: Conversation) -> list[str]:
    """Typed values compare by identity: shown by what they bear."""
    return [spoken(one, "x"), *[type(step).__name__ for step in one.steps]]
