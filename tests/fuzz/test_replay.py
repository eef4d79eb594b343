"""The corpus and all that once broke a target, through the very same targets; no atheris is needed for it."""

import pytest

from tests.fuzz import guard, stored, targets

FINDINGS = [f"{target}/{name}" for target in targets.SHARES for name in stored.findings(target)]


@pytest.mark.parametrize("target", targets.SHARES)
def test_the_corpus_breaks_nothing(target):
    module = targets.load(target)
    seeds = [*module.seeds(), *stored.evolved(target)]
    assert seeds
    for data in seeds:
        guard.timed(module.run, data)


@pytest.mark.parametrize("finding", FINDINGS)
def test_what_once_broke_it_breaks_it_no_more(finding):
    target, name = finding.split("/")
    guard.timed(targets.load(target).run, stored.findings(target)[name])


def test_the_corpus_is_small():
    assert sum(path.stat().st_size for path in stored.ROOM.rglob("*.txt")) < 200 * 1024
