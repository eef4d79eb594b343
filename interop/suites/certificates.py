"""A checkout in which the suite's clients trust and show certificates of this run.

A suite brings certificates of an authority whose key is not there, or that will have run out one day; so it gets others
under the same names, in a copy: the checkout itself stays as it is.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from interop.certificates import Certificates
from interop.suites.suites import Suite


@contextlib.contextmanager
def with_certificates(checkout: Path, suite: Suite, ours: Certificates) -> Iterator[Path]:
    """The checkout, or for the length of the block a copy with our certificates."""
    if not suite.certificates:
        yield checkout
        return
    with tempfile.TemporaryDirectory(prefix=f"leveret-{suite.name}-") as scratch:
        copy = Path(scratch) / checkout.name
        shutil.copytree(checkout, copy, ignore=shutil.ignore_patterns(".git", "__pycache__"))
        folder, *names = suite.certificates
        for its, our in zip(names, ("ca.pem", "client.pem", "client.key"), strict=True):
            shutil.copyfile(ours.folder / our, copy / folder / its)
        yield copy
