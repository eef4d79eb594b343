"""The front door says what is so: the settings, the first program and the commands are those of the tree."""

import re
import tomllib
from pathlib import Path

import pytest

from broker.config import SETTINGS, load

_ROOT = Path(__file__).parent.parent
_README = (_ROOT / "README.md").read_text(encoding="utf-8")


def settings_table():
    rows = ["| name | flag | environment | default | what it is |", "|---|---|---|---|---|"]
    for s in SETTINGS:
        variables = "`, `".join(filter(None, (s.variable, s.rabbitmq_variable)))
        rows.append(f"| `{s.name}` | `{s.flag}` | `{variables}` | `{s.default_text}` | {s.help} It is {s.allowed()}. |")
    return "\n".join(rows)


def test_the_settings_are_those_of_the_table():
    found = re.search(r"<!-- settings: .* -->\n\n(.*?)\n\n<!-- end of settings -->", _README, re.DOTALL)
    assert found
    assert found[1] == settings_table(), f"put this into README.md:\n{settings_table()}"


@pytest.mark.parametrize(
    "path",
    [
        "interop/clients/aio_pika/first_program.py",
        "interop/clients/aio_pika/test_moving_time.py",
        "interop/clients/pika/stream_program.py",
        "interop/clients/pika/tls_program.py",
    ],
)
def test_the_programs_are_those_that_are_run(path):
    found = re.search(rf"<!-- the text of {path}.*? -->\n```python\n(.*?)```\n", _README, re.DOTALL)
    assert found
    assert found[1] == (_ROOT / path).read_text(encoding="utf-8")


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`([\w./-]+\.(?:py|toml|lock|md)|[\w./-]+/)`", _README))))
def test_what_it_names_exists(path):
    # Files of the broker's rooms are named from there on.
    assert (_ROOT / path).exists() or (_ROOT / "broker" / path).exists()


@pytest.mark.parametrize("module", sorted(set(re.findall(r"python -m ([\w.]+)", _README)) - {"venv"}))
def test_each_module_it_tells_to_run_can_be_run(module):
    path = _ROOT / module.replace(".", "/")
    assert path.with_suffix(".py").exists() or (path / "__main__.py").exists()


@pytest.mark.parametrize("text", re.findall(r"```toml\n(.*?)```", _README, re.DOTALL))
def test_its_files_of_settings_can_be_read(text):
    load(file_text=text)


def test_there_is_one_test_command_for_ci_to_run():
    (command,) = re.findall(r"^python3 -m venv .*/pytest$", _README, re.MULTILINE)
    assert command


def test_the_order_of_the_rooms_is_the_contracts():
    with (_ROOT / "pyproject.toml").open("rb") as file:
        contracts = {each["id"]: each for each in tomllib.load(file)["tool"]["importlinter"]["contracts"]}
    layers = [re.findall(r"[\w.]+", layer) for layer in contracts["layers"]["layers"]]
    rooms = [[room.removeprefix("broker.") for room in layer] for layer in layers if layer != ["broker.__main__"]]
    (told,) = re.findall(r"`(commands > [^`]+)`", _README)
    assert [re.findall(r"\w+", layer) for layer in told.split(">")] == rooms


def test_its_lines_are_no_longer_than_the_codes():
    prose = re.sub(r"```.*?```", "", _README, flags=re.DOTALL).splitlines()
    assert [line for line in prose if len(line) > 120 and not line.startswith("|")] == []
