"""The soak's judge, with made-up brokers: it must notice what a broker may not do, and nothing else."""

import pytest

from interop.bench.soak.ledger import Ledger, Order, Places, Violation
from interop.bench.soak.watch import Growth

A, B = (1, 1), (1, 2)


@pytest.fixture
def ledger():
    ledger = Ledger("q")
    for message in (A, B):
        ledger.published(message)
        ledger.promised(message)
    return ledger


def test_what_was_delivered_and_settled_is_not_missed(ledger):
    for message in (A, B):
        ledger.delivered(message, redelivered=False)
        ledger.acknowledged(message)
        ledger.settled(message)
    ledger.close()


def test_a_lost_message_is_noticed(ledger):
    ledger.delivered(A, redelivered=False)
    ledger.acknowledged(A)
    with pytest.raises(Violation, match="1 messages lost, among them"):
        ledger.close()


def test_a_second_delivery_must_be_marked(ledger):
    ledger.delivered(A, redelivered=False)
    ledger.delivered(A, redelivered=True)
    with pytest.raises(Violation, match="not marked as redelivered"):
        ledger.delivered(A, redelivered=False)


def test_an_acknowledgement_on_its_way_leaves_both_open(ledger):
    ledger.delivered(A, redelivered=False)
    ledger.acknowledged(A)
    ledger.delivered(A, redelivered=True)
    ledger.acknowledged(A)
    ledger.settled(A)
    with pytest.raises(Violation, match="after it was acknowledged"):
        ledger.delivered(A, redelivered=True)


def test_an_unconfirmed_message_may_come_or_not(ledger):
    ledger.published((2, 0))
    ledger.published((2, 1))
    ledger.delivered((2, 0), redelivered=False)
    for message in (A, B):
        ledger.acknowledged(message)
    ledger.close()


def test_a_confirm_may_come_after_the_acknowledgement(ledger):
    ledger.published((2, 0))
    ledger.delivered((2, 0), redelivered=False)
    ledger.acknowledged((2, 0))
    ledger.promised((2, 0))
    assert (2, 0) not in ledger.owed


def test_what_was_rolled_back_or_never_sent_must_not_come(ledger):
    ledger.published((2, 0))
    ledger.withdrawn((2, 0))
    with pytest.raises(Violation, match="rolled back"):
        ledger.delivered((2, 0), redelivered=False)
    with pytest.raises(Violation, match="never published"):
        ledger.delivered((3, 0), redelivered=False)


def test_first_deliveries_keep_their_publishers_order():
    order = Order("q")
    order.saw((1, 5), redelivered=False)
    order.saw((2, 1), redelivered=False)
    order.saw((1, 3), redelivered=True)
    with pytest.raises(Violation, match="came after 5 of the same publisher"):
        order.saw((1, 4), redelivered=False)


@pytest.mark.parametrize(
    ("samples", "warm", "kept"),
    [
        ([30, 31, 99, 31, 30], True, True),
        ([30, 31, 35, 39, 42], True, False),
        ([30, 31, 35, 39, 42], False, True),
        ([30, 31, 101, 31, 30], True, False),
        ([30, 31, 101, 31, 30], False, False),
    ],
)
def test_growth_is_from_first_to_last_and_counts_when_warm(samples, warm, kept):
    growth = Growth()
    growth._samples = [float(sample) for sample in samples]
    sentence, judged = growth.judge(allowed_mb=10, most_mb=100, warm=warm)
    assert judged is kept
    assert f"most {max(samples):.1f} MB" in sentence
    assert ("not judged" in sentence) is not warm


@pytest.fixture
def places():
    places = Places("s")
    for message in (A, B):
        places.published(message)
        places.promised(message)
    return places


def test_a_stream_may_be_read_again_and_again(places):
    for offset, message in enumerate((A, B, A, B)):
        places.read(offset % 2, message)
    assert places.end == 2
    places.close()


def test_a_message_lost_from_a_stream_is_noticed(places):
    places.published((2, 0))
    places.read(0, A)
    with pytest.raises(Violation, match=r"1 messages lost, among them \(1, 2\)"):
        places.close()


def test_a_message_has_one_place_and_a_place_one_message(places):
    places.read(0, A)
    with pytest.raises(Violation, match=r"\(1, 1\) is at 0 and at 1"):
        places.read(1, A)
    with pytest.raises(Violation, match=r"\(1, 2\) is at 0, where \(1, 1\) was read before"):
        places.read(0, B)
    with pytest.raises(Violation, match="never published"):
        places.read(2, (3, 0))
