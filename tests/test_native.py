"""Compiled or not: who chooses, what is taken where sources have changed, and that nothing needs Cython to run."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from protocol import native
from protocol.native.modules import MODULES
from protocol.native.record import record_name, write

_ROOT = Path(__file__).parent.parent
# What is taken of a module shows by its file.
_TELL = """
import importlib; from protocol import native
kinds = {importlib.import_module(name).__file__.rpartition(".")[2] for name in native.modules.MODULES}
print(native.COMPILED, *sorted(kinds))
"""


def tell(folder, code=_TELL, **environment):
    """What a Python prints that runs ``code`` in ``folder``."""
    variables = {name: value for name, value in os.environ.items() if name != native.VARIABLE}
    command = [sys.executable, "-c", code]
    result = subprocess.run(
        command, cwd=folder, env=variables | environment, capture_output=True, text=True, check=False
    )
    return result.stdout.strip() or result.stderr.strip().splitlines()[-1]


@pytest.fixture
def tree(tmp_path):
    """The packages, with what was compiled of them."""
    for package in ("broker", "protocol", "streams"):
        shutil.copytree(_ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


@pytest.fixture
def compiled(tree):
    if not (_ROOT / record_name()).exists():
        pytest.skip("nothing is compiled here: python setup.py build_ext --inplace")
    (tree / record_name()).write_text(write(tree))
    return tree


def test_what_was_compiled_is_taken(compiled):
    assert tell(compiled) == "True so"
    assert tell(compiled, LEVERET_COMPILED="1") == "True so"


def test_the_sources_are_taken_where_they_are_asked_for(compiled):
    assert tell(compiled, LEVERET_COMPILED="0") == "False py"


@pytest.mark.parametrize("module", MODULES)
def test_a_change_of_one_source_has_all_sources_taken(compiled, module):
    with (compiled / (module.replace(".", "/") + ".py")).open("a") as file:
        file.write("# changed\n")
    assert tell(compiled) == "False py"
    assert "but sources have changed" in tell(compiled, LEVERET_COMPILED="1")


def test_what_is_in_the_list_no_more_is_not_taken_either(compiled):
    made, *_ = (compiled / "protocol/amqp").glob("basic.*.so")
    made.rename(made.with_name(made.name.replace("basic", "tables")))
    code = "import protocol.amqp.tables as t; print(t.__file__.rpartition('.')[2])"
    assert tell(compiled, code, LEVERET_COMPILED="0") == "py"
    (compiled / record_name()).write_text("of an older list\n")
    assert tell(compiled, code) == "py"


def test_where_nothing_was_compiled_it_says_so(tree):
    (tree / record_name()).unlink(missing_ok=True)
    for module in tree.rglob("*.so"):
        module.unlink()
    assert tell(tree) == "False py"
    assert tell(tree, LEVERET_COMPILED="1") == "ImportError: LEVERET_COMPILED is 1, but nothing was compiled"


def test_nothing_needs_cython_to_run():
    code = "import sys; sys.modules['cython'] = None\n" + _TELL
    assert tell(_ROOT, code, LEVERET_COMPILED="0") == "False py"


def test_every_module_in_the_list_exists():
    assert [name for name in MODULES if not (_ROOT / (name.replace(".", "/") + ".py")).exists()] == []
