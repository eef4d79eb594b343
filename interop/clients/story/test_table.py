"""The table, and its place in the README."""

from __future__ import annotations

import pytest

from interop.clients.story.outcome import Told
from interop.clients.story.steps import STEPS
from interop.clients.story.table import BEGIN, END, NoPlace, Result, table, write_into

PAGE = f"# Title\n\nbefore\n\n{BEGIN}\n\nold\n\n{END}\n\nafter\n"


def told(**steps: str) -> Told:
    heard = Told()
    for step in STEPS:
        heard.hear(f"{steps.get(step, 'ok')} {step}")
    return heard


def test_a_row_a_client(fake):
    ours, its = told(quorum="cannot"), told(quorum="cannot", rpc="failed")
    ours.words, its.words = {"get": ["404"], "rpc": ["1"]}, {"get": ["405"], "rpc": ["1"]}
    assert table([Result(fake(), "1.0", ours, its), Result(fake(name="other"), "2", its, ours)], "4.0.5") == (
        f"| client | language | of {len(STEPS)} steps, on Leveret | on RabbitMQ 4.0.5 | has no such thing | other words"
        " | after a restart |\n|---|---|---|---|---|---|---|\n"
        f"| Fake 1.0 | Python | {len(STEPS) - 1} | {len(STEPS) - 2} | 1 | 1 | Recovers by itself. |\n"
        f"| Other 2 | Python | {len(STEPS) - 2} | {len(STEPS) - 1} | 1 | 1 | Recovers by itself. |"
    )


def test_without_rabbitmq_its_cells_are_dashes(fake):
    last = table([Result(fake(), "1.0", told(), None)], None).splitlines()[-1]
    assert last == f"| Fake 1.0 | Python | {len(STEPS)} | – | 0 | – | Recovers by itself. |"


def test_it_is_written_where_the_last_one_was(tmp_path):
    page = tmp_path / "README.md"
    page.write_text(PAGE)
    write_into(page, "| new |")
    assert page.read_text() == PAGE.replace("old", "| new |")
    write_into(page, "| newer |")
    assert page.read_text() == PAGE.replace("old", "| newer |")


@pytest.mark.parametrize("text", ["", BEGIN, END, f"{END}\n{BEGIN}\n"], ids=["none", "begin", "end", "turned round"])
def test_a_page_without_a_place_stays_as_it_is(tmp_path, text):
    page = tmp_path / "README.md"
    page.write_text(text)
    with pytest.raises(NoPlace):
        write_into(page, "| new |")
    assert page.read_text() == text
