"""A few runs of the command: a broker is killed and loses nothing; and a broker that does lose something is noticed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from interop.crash import __main__ as command
from interop.crash.ledger import Ledger, Violation

ROOT = Path(__file__).parents[2]
RUNS = 3


@pytest.mark.parametrize("durability", ["fsync", "os"])
def test_a_few_kills(durability: str, tmp_path: Path) -> None:
    """A process of its own: pika leaves sockets open when its broker is killed, which pytest would take for ours."""
    arguments = ["--runs", str(RUNS), "--seconds", "20", "--durability", durability]
    result = subprocess.run(
        [sys.executable, "-m", "interop.crash", *arguments],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    told = result.stdout + result.stderr
    assert result.returncode == 0, told
    runs, published, confirmed = re.findall(r"(\d+) runs, .* ([\d,]+) published, ([\d,]+) confirmed", told)[-1]
    assert 1 <= int(runs) <= RUNS
    assert published != "0"
    assert confirmed != "0"
    assert list(tmp_path.iterdir()) == []


def test_a_broken_rule_is_status_1_with_the_seed_and_the_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The judge is made to expect a message that nobody ever sent."""
    monkeypatch.chdir(tmp_path)
    owed = Ledger.bounds
    monkeypatch.setattr(Ledger, "bounds", lambda ledger: tuple(bound + 1 for bound in owed(ledger)))
    status = command.main(["--runs", "1", "--seed", "7"])
    told = capfd.readouterr().out
    assert status == 1
    assert re.search(r"FAILED in run 1, seed 7, durability fsync: Violation", told)
    assert "0 messages wait after the restart; 1 to 1 may" in told
    assert "the broker's log ends with" in told
    (kept,) = tmp_path.iterdir()
    assert (kept / "format").exists()


ONE, TWO = (1, 0), (1, 1)


@pytest.fixture
def ledger() -> Ledger:
    """Two persistent messages, the first of them confirmed."""
    ledger = Ledger("q")
    for message in (ONE, TWO):
        ledger.published(message, 100, persistent=True)
    ledger.confirmed(ONE)
    return ledger


def test_a_confirmed_message_is_owed_after_a_kill_and_another_may_come(ledger: Ledger) -> None:
    ledger.killed()
    assert ledger.bounds() == (1, 2)
    ledger.count(1)
    with pytest.raises(Violation, match="0 messages wait"):
        ledger.count(0)
    with pytest.raises(Violation, match="is lost"):
        ledger.looked_through()


def test_what_survived_a_kill_comes_marked(ledger: Ledger) -> None:
    ledger.killed()
    ledger.delivered(ONE, redelivered=True)
    with pytest.raises(Violation, match="unmarked"):
        ledger.delivered(TWO, redelivered=False)


def test_what_was_not_delivered_comes_unmarked_after_an_orderly_stop(ledger: Ledger) -> None:
    ledger.delivered(ONE, redelivered=False)
    ledger.stopped(on_their_way=0)
    ledger.delivered(ONE, redelivered=True)
    with pytest.raises(Violation, match="was never delivered"):
        ledger.delivered(TWO, redelivered=True)


def test_an_ack_may_be_lost_in_a_kill_but_not_in_a_stop(ledger: Ledger) -> None:
    ledger.delivered(ONE, redelivered=False)
    ledger.acked(ONE)
    ledger.killed()
    ledger.delivered(ONE, redelivered=True)
    ledger.acked(ONE)
    ledger.arrived([ONE])
    ledger.stopped(on_their_way=0)
    with pytest.raises(Violation, match="although it was gone"):
        ledger.delivered(ONE, redelivered=True)


def test_a_message_out_of_order_is_noticed(ledger: Ledger) -> None:
    ledger.delivered(TWO, redelivered=False)
    with pytest.raises(Violation, match="came unmarked after 1"):
        ledger.delivered(ONE, redelivered=False)


def test_a_gap_below_what_is_there_is_noticed() -> None:
    ledger = Ledger("q")
    for message in (ONE, TWO):
        ledger.published(message, 100, persistent=True)
    ledger.killed()
    ledger.delivered(TWO, redelivered=True)
    with pytest.raises(Violation, match="never confirmed and is missing, but 1 behind it is there"):
        ledger.looked_through()


def test_a_transient_message_ends_with_its_run() -> None:
    ledger = Ledger("q")
    ledger.published(ONE, 100, persistent=False)
    ledger.confirmed(ONE)
    ledger.killed()
    assert ledger.bounds() == (0, 0)
    with pytest.raises(Violation, match="it is transient"):
        ledger.delivered(ONE, redelivered=True)
