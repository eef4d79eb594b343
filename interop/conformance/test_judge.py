"""The judge itself: what it makes equal, what it lets pass, what it shows."""

from pathlib import Path

import pytest

from interop.conformance import judge, record
from interop.conformance.__main__ import main
from interop.conformance.accepted import Accepted, Case
from interop.conformance.conversations import ALL
from interop.conformance.normal import Normaliser, render
from interop.conformance.peer import SILENT
from interop.conformance.wire import Typed
from interop.leveret import Leveret

_ONE, _TWO = "amq.gen-" + "a" * 22, "amq.gen-" + "-_" * 11


def test_generated_names_are_numbered_as_they_appear() -> None:
    normal = Normaliser("c1-")
    assert normal(f"queue={_TWO!r}") == "queue='amq.gen-<1>'"
    assert normal(f"{_ONE} {_TWO}") == "amq.gen-<2> amq.gen-<1>"


def test_a_name_of_another_shape_than_rabbitmqs_stays_and_so_differs() -> None:
    assert Normaliser("c1-")("amq.gen-short") == "amq.gen-short"


def test_the_conversations_own_prefix_shows_as_a_tilde() -> None:
    assert Normaliser("c1-")("no queue 'c1-q' in vhost '/'") == "no queue '~q' in vhost '/'"


def test_a_virtual_host_that_goes_is_deleted_even_where_it_was_said_to_be_down() -> None:
    down = "a/0 < connection.close reply_code=320 reply_text=\"CONNECTION_FORCED - vhost 'c1-it's' is down\" class_id=0"
    assert Normaliser("c1-")(down) == down.replace("c1-", "~").replace("down", "deleted")


def test_field_values_show_their_wire_types() -> None:
    assert render({"headers": [("n", "l", 5), ("a", "A", [("S", "x")])]}) == "headers={n: l 5, a: A {S 'x'}}"
    assert render({"arguments": {"n": Typed("s", 5)}}) == "arguments={n: s 5}"


def test_an_accepted_difference_takes_the_records_place_in_its_conversation_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    case = Case("some/*", "theirs", ("ours", "more"))
    monkeypatch.setattr(judge, "ACCEPTED", (Accepted("a name", "because", (case,)),))
    used: set[Case] = set()
    assert judge.expected("other/one", ["theirs", "same"], used) == ["theirs", "same"]
    assert not used
    assert judge.expected("some/one", ["theirs", "same"], used) == ["ours", "more", "same"]
    assert used == {case}


def test_a_difference_is_a_diff_and_agreement_is_empty() -> None:
    assert judge.difference(["a", "b"], ["a", "b"]) == ""
    assert "-b\n+c" in judge.difference(["a", "b"], ["a", "c"])


def test_at_somebody_elses_broker_what_needs_an_operator_is_left_out_aloud(capsys: pytest.CaptureFixture[str]) -> None:
    with Leveret() as leveret:
        status = main(["compare", "--url", leveret.url, "--only", "policy/clear"])
        said = capsys.readouterr().out
        assert said.startswith(f"1 left out, since nobody can operate {leveret.url}: policy/clear\n0 of 0 ")
        assert status == 0


@pytest.mark.parametrize("command", [["compare", "--only"], ["show"], ["record", "--only"]])
def test_a_name_that_no_conversation_has_is_refused(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*command, "polcy/*"])
    assert ended.value.code == 2
    assert "there is no conversation 'polcy/*'" in capsys.readouterr().err


def test_nothing_compared_is_no_agreement() -> None:
    assert main(["compare", "--version", "3.10", "--only", "exchange_kinds/x-local-random-bind-key"]) == 1


def test_no_record_of_the_judges_ends_in_waiting_for_what_never_came() -> None:
    assert [name for name, lines in record.load().items() if lines[-1].endswith(SILENT)] == []


@pytest.mark.parametrize("version", record.versions())
def test_every_recorded_conversation_could_be_held(version: str) -> None:
    unheld = [name for name, lines in record.load(version).items() if lines[0].startswith("could not be held")]
    assert unheld == []


def test_versions_compare_by_number_and_none_is_the_oldest() -> None:
    assert record.parts("") < record.parts("3.10.8") < record.parts("4.0") < record.parts("4.0.5")


@pytest.mark.parametrize("version", record.versions())
def test_what_needs_a_newer_rabbitmq_is_not_in_an_older_ones_record(version: str) -> None:
    newer = {one.name for one in ALL if record.parts(one.since) > record.parts(version)}
    assert record.load(version).keys() & newer == set()


def test_what_differs_alike_between_versions_is_shown_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    older = {"a": ["access to q"], "b": ["access to r"], "c": ["x", "same"], "d": ["same"]}
    newer = {"a": ["read access to q"], "b": ["read access to r"], "c": ["y", "same"], "d": ["same"]}
    monkeypatch.setattr(record, "versions", lambda: ["3.10", "4.0"])
    monkeypatch.setattr(record, "load", lambda version="": newer if version == "4.0" else older)
    monkeypatch.setattr(record, "DIFFERENCES", tmp_path / "VERSIONS.md")
    record.write_differences()
    rows = (tmp_path / "VERSIONS.md").read_text().partition("|---|---|---|\n")[2]
    assert rows == "| a and 1 more | `access to q` | `read access to q` |\n| c | `x` | `y` |\n"
