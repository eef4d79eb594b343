"""Holds every conversation with a leveret of our own and compares with RabbitMQ's record; needs no RabbitMQ."""

import pytest

from interop.conformance import judge, record
from interop.conformance.accepted import ACCEPTED, Case
from interop.conformance.conversations import ALL
from interop.conformance.operators import OperatedLeveret
from interop.conformance.steps import Conversation

RECORDS = record.load()


@pytest.fixture(scope="module")
def transcripts(request: pytest.FixtureRequest) -> dict[str, list[str]]:
    """What leveret said in each conversation that was selected, held side by side so that waits do not add up."""
    chosen = [item.callspec.params["conversation"] for item in request.session.items if _is_conversation(item)]
    with OperatedLeveret() as leveret:
        held = judge.hold_all(chosen, leveret.url, operator=leveret)
        assert "Traceback" not in leveret.log, leveret.log
    return held


def _is_conversation(item: pytest.Item) -> bool:
    return isinstance(item, pytest.Function) and item.function is test_conversation


@pytest.mark.parametrize("conversation", ALL, ids=lambda conversation: conversation.name)
def test_conversation(conversation: Conversation, transcripts: dict[str, list[str]]) -> None:
    assert conversation.name in RECORDS, "not recorded: python -m interop.conformance record"
    expected = judge.expected(conversation.name, RECORDS[conversation.name], set())
    if diff := judge.difference(expected, transcripts[conversation.name]):
        pytest.fail(f"leveret leaves RabbitMQ's record:\n{diff}", pytrace=False)


def test_no_record_without_its_conversation() -> None:
    assert RECORDS.keys() - {conversation.name for conversation in ALL} == set()


def test_every_accepted_difference_is_still_one(transcripts: dict[str, list[str]]) -> None:
    used: set[Case] = set()
    for name in transcripts:
        judge.expected(name, RECORDS[name], used)
    seen_all = len(transcripts) == len(ALL)
    every = {case for accepted in ACCEPTED for case in accepted.cases}
    assert not seen_all or every - used == set()
