"""The table of features is true: every row that counts has its tests, and they exist."""

import pytest

from interop.features.check import collect, complaints
from interop.features.page import PAGE, page
from interop.features.rows import TABLE, BadTable, matching, read

ROWS = read(TABLE.read_text(encoding="utf-8"))
IDS = ["tests/a.py::test_one", "tests/a.py::test_two[x]", "tests/a.py::test_two[y]"]


def test_the_table_holds():
    assert list(complaints(ROWS, collect())) == []


def test_the_page_is_the_tables():
    assert PAGE.read_text(encoding="utf-8") == page(ROWS), "run python -m interop.features"


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ("M a\n", "Q: a: no test shows it"),
        ("S a\n", "Q: a: no test shows it"),
        ("M a\n  tests/a.py::test_three\n", "Q: a: there is no test tests/a.py::test_three"),
        ("n a\n  tests/a.py::test_thr*\n", "Q: a: there is no test tests/a.py::test_thr*"),
        ("M a\n  ttl/nothing\n", "Q: a: there is no test ttl/nothing"),
        ("M a\n  not yet: why\n  tests/a.py::test_one\n", "Q: a: has tests and is not yet so"),
        ("n a\nn a\n", "Q: a: stands there twice"),
    ],
)
def test_what_is_wrong_is_told(rows, complaint):
    assert list(complaints(read("# Q\n" + rows), IDS)) == [complaint]


def test_nothing_is_wrong_with_what_is_right():
    right = "# Q\nM a\n  tests/a.py::test_one\n  tests/a.py::test_two\nS b\n  not yet: why\nn c\n"
    assert list(complaints(read(right), IDS)) == []


def test_a_name_without_parameters_means_all_of_them():
    assert matching("tests/a.py::test_two", IDS) == IDS[1:]
    assert matching("tests/a.py::test_t*", IDS) == IDS[1:]
    assert matching("tests/a.py::test_two[y]", IDS) == IDS[2:]


@pytest.mark.parametrize("text", ["M a\n", "# Q\nx a\n", "# Q\nMust a\n"])
def test_a_line_that_is_nothing_is_refused(text):
    with pytest.raises(BadTable):
        read(text)
