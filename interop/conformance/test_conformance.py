"""Holds every conversation with a leveret of our own and compares with RabbitMQ's record; needs no RabbitMQ."""

import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

from interop.conformance import judge, record
from interop.conformance.accepted import ACCEPTED, Accepted
from interop.conformance.conversations import ALL
from interop.conformance.steps import Conversation

RECORDS = record.load()


@pytest.fixture(scope="module")
def leveret() -> Iterator[str]:
    """The URL of a broker that lives as long as this module's tests."""
    command = [sys.executable, "-m", "broker", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if found := re.search(r"listening on 127\.0\.0\.1:(\d+)", line):
                break
        else:
            pytest.fail("leveret did not start:\n" + "".join(said))
        # Its log must not fill the pipe: nobody reads it from here on, so hand it to a reader that forgets.
        drain = subprocess.Popen(["cat"], stdin=process.stdout, stdout=subprocess.DEVNULL)
        try:
            yield f"amqp://guest:guest@127.0.0.1:{found[1]}/"
        finally:
            process.terminate()
            process.wait(timeout=20)
            drain.wait(timeout=20)


@pytest.fixture(scope="module")
def transcripts(leveret: str, request: pytest.FixtureRequest) -> dict[str, list[str]]:
    """What leveret said in each conversation that was selected, held side by side so that waits do not add up."""
    chosen = [item.callspec.params["conversation"] for item in request.session.items if _is_conversation(item)]
    return judge.hold_all(chosen, leveret)


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
    used: set[Accepted] = set()
    for name in transcripts:
        judge.expected(name, RECORDS[name], used)
    seen_all = len(transcripts) == len(ALL)
    assert not seen_all or set(ACCEPTED) == used
