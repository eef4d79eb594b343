"""What every test stands on: Hypothesis without deadlines, and no settings from the developer's own environment."""

import os

import pytest
from hypothesis import settings

from protocol import native

# Two shared cores make a deadline of milliseconds a coin toss; what is too slow is the benchmarks' business.
settings.register_profile("leveret", deadline=None, print_blob=True)
settings.register_profile("ci", parent=settings.get_profile("leveret"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "leveret")


@pytest.fixture(autouse=True, scope="session")
def _clean_environment(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data-home")))
        for name in list(os.environ):
            # Whether sources are run or what was compiled of them is not a setting, but what this run is about.
            if name != native.VARIABLE and name.startswith(("LEVERET_", "RABBITMQ_DEFAULT_")):
                patch.delenv(name)
        yield
