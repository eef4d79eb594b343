"""`python -m interop.features`: check the table against the tests, write the page, print how much is shown.

Ends with 1 where a row that must or should be so has no test, or names one that does not exist.
"""

from __future__ import annotations

import argparse
import sys

from interop.features.check import CollectionFailed, collect, complaints
from interop.features.page import PAGE, page
from interop.features.rows import IMPORTANCE, TABLE, BadTable, Row, matching, read


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m interop.features", description="Which tests show what is so.")
    parser.add_argument("--check", action="store_true", help="write nothing")
    options = parser.parse_args()
    try:
        rows = read(TABLE.read_text(encoding="utf-8"))
        ids = collect()
    except (BadTable, CollectionFailed) as problem:
        print(problem, file=sys.stderr)
        return 1
    _print(rows, ids)
    if not options.check:
        PAGE.write_text(page(rows), encoding="utf-8")
    found = list(complaints(rows, ids))
    print("\n".join(found))
    return 1 if found else 0


def _print(rows: list[Row], ids: list[str]) -> None:
    section = ""
    for row in rows:
        if row.section != section:
            section = row.section
            print(f"\n{section}")
        tests = sum(len(matching(test, ids)) for test in row.tests)
        reason = f" (not yet: {row.not_yet})" if row.not_yet else ""
        print(f"  {IMPORTANCE[row.importance]:<8}{tests:>4}  {row.text}{reason}")
    print()


if __name__ == "__main__":
    sys.exit(main())
