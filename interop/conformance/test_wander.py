"""Random conversations: the same for the same seed, and held to their end. Needs no RabbitMQ."""

from interop.conformance import judge
from interop.conformance.operators import OperatedLeveret
from interop.conformance.wander import in_order, wander
from interop.conformance.wander_access import wander_access
from interop.leveret import Leveret


def test_a_seed_says_it_all() -> None:
    assert wander(7) == wander(7)
    assert wander(7) != wander(8)
    assert wander(7) != wander(7, persistent=True)


def test_twice_the_same_with_one_broker() -> None:
    chosen = [wander(seed) for seed in range(15)]
    with Leveret() as leveret:
        first, second = (judge.hold_all(chosen, leveret.url) for _ in range(2))
        assert "Traceback" not in leveret.log, leveret.log
    for name, lines in first.items():
        assert in_order(lines) == in_order(second[name])
        assert not [line for line in lines if "could not be held" in line or "nothing came" in line]


def test_what_users_may_do_is_the_same_twice() -> None:
    assert wander_access(7) == wander_access(7)
    assert wander_access(7) != wander_access(8)
    chosen = [wander_access(seed) for seed in range(15)]
    with OperatedLeveret() as leveret:
        first, second = (judge.hold_all(chosen, leveret.url, operator=leveret) for _ in range(2))
        assert "Traceback" not in leveret.log, leveret.log
    for name, lines in first.items():
        assert in_order(lines) == in_order(second[name])
        assert not [line for line in lines if "could not be held" in line or "nothing came" in line]
    assert any("reply_code=403" in line for lines in first.values() for line in lines)


def test_deliveries_and_confirms_come_at_any_moment() -> None:
    delivery = "a/1 < basic.deliver consumer_tag='t' delivery_tag=1 redelivered=False |  | b'1'"
    again = delivery.replace("=1 ", "=2 ")
    confirm, other = "a/1 < basic.ack for 1", "a/1 < queue.declare-ok queue='~a' message_count=0 consumer_count=0"
    ordered = in_order([delivery, other, confirm, again])
    assert ordered == in_order([confirm, again, delivery, other])
    assert ordered != in_order([delivery, confirm, other])
