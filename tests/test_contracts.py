"""The walls between the rooms stand, and they are walls: each contract refuses an import that would break it."""

import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

_ROOT = Path(__file__).parent.parent
_PACKAGES = ("broker", "protocol", "streams")
# What a build leaves beside the sources.
_MADE = ("__pycache__", "*.so", "built.*")


def lint_imports(folder):
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()", "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_the_contracts_hold():
    result = lint_imports(_ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("contract", "room", "line", "reported"),
    [
        ("layers", "broker/turn.py", "import broker.queues.intruder", "broker.turn -> broker.queues.intruder"),
        (
            "layers",
            "broker/queues/intruder.py",
            "import broker.exchanges.intruder",
            "broker.queues.intruder -> broker.exchanges.intruder",
        ),
        ("layers", "protocol/intruder.py", "import streams", "protocol.intruder -> streams"),
        ("core", "broker/session/intruder.py", "import time", "broker.session.intruder -> time"),
        ("core", "broker/node.py", "def now():\n    from asyncio import sleep", "broker.node -> asyncio"),
        ("core", "protocol/amqp/intruder.py", "import socket", "protocol.amqp.intruder -> socket"),
        ("pamqp", "broker/intruder.py", "from pamqp import commands", "broker.intruder -> pamqp"),
        ("pamqp", "protocol/amqp/intruder.py", "import pamqp.encode", "protocol.amqp.intruder -> pamqp"),
        ("streams", "streams/intruder.py", "import protocol.amqp", "streams.intruder -> protocol.amqp"),
        (
            "exchange-kinds",
            "broker/exchanges/topic.py",
            "import broker.exchanges.direct",
            "broker.exchanges.topic -> broker.exchanges.direct",
        ),
        (
            "queue-kinds",
            "broker/queues/stream.py",
            "import broker.queues.classic",
            "broker.queues.stream -> broker.queues.classic",
        ),
    ],
)
def test_each_contract_refuses_an_intruder(tmp_path, contract, room, line, reported):
    for package in _PACKAGES:
        shutil.copytree(_ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns(*_MADE))
    shutil.copy(_ROOT / "pyproject.toml", tmp_path)
    for name in ("broker/queues/__init__.py", "broker/exchanges/__init__.py", "broker/session/__init__.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    for name in ("broker/queues/intruder.py", "broker/exchanges/intruder.py", "broker/queues/classic.py"):
        (tmp_path / name).touch()
    with (tmp_path / room).open("a") as file:
        file.write(f"\n{line}\n")

    result = lint_imports(tmp_path)
    assert result.returncode == 1, result.stdout + result.stderr
    contracts = tomllib.loads((_ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    name = next(c["name"] for c in contracts if c["id"] == contract)
    assert f"{name} BROKEN" in " ".join(result.stdout.split())
    assert reported in result.stdout


@pytest.fixture
def sources(tmp_path):
    """A copy of all that an installation is made from, without what was compiled here."""
    for package in _PACKAGES:
        shutil.copytree(_ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns(*_MADE))
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(_ROOT / name, tmp_path)
    return tmp_path


def build_wheel(folder, **environment):
    """The names of all files in the wheel that is built there; ``environment`` is added to this one."""
    command = [sys.executable, "-c", "import setuptools.build_meta as b; b.build_wheel('wheels')"]
    subprocess.run(command, cwd=folder, env=os.environ | environment, check=True, capture_output=True)
    (wheel,) = (folder / "wheels").glob("leveret-*.whl")
    return wheel, zipfile.ZipFile(wheel).namelist()


def test_the_wheel_holds_the_packages_and_nothing_else(sources):
    wheel, names = build_wheel(sources, LEVERET_COMPILED="0")
    assert wheel.name.endswith("-py3-none-any.whl")
    assert {n.split("/")[0] for n in names if ".dist-info/" not in n} == set(_PACKAGES)
    assert {f"{package}/py.typed" for package in _PACKAGES} <= set(names)
    assert any(n.endswith("licenses/LICENSE") for n in names)


def test_without_a_compiler_an_installation_is_plain_python(sources):
    _, names = build_wheel(sources, LEVERET_COMPILED="", CC="/nonexistent/cc")
    assert "protocol/amqp/basic.py" in names
    assert [name for name in names if name.endswith(".so") or "built" in name] == []


def test_who_insists_on_compiled_modules_gets_no_others(sources):
    with pytest.raises(subprocess.CalledProcessError) as failed:
        build_wheel(sources, LEVERET_COMPILED="1", CC="/nonexistent/cc")
    assert b"LEVERET_COMPILED is 1, but the modules cannot be compiled" in failed.value.stderr


def test_every_room_of_the_broker_has_its_layer():
    contracts = tomllib.loads((_ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (layers,) = (c["layers"] for c in contracts if c["id"] == "layers")
    named = {word.strip(" ()") for layer in layers for word in layer.split("|")}
    rooms = {
        # What was compiled stands beside its source, and has more in its name than one ending.
        "broker." + path.name.partition(".")[0]
        for path in (_ROOT / "broker").iterdir()
        if path.name[0] != "_" and path.name != "py.typed"
    }
    assert rooms <= named
