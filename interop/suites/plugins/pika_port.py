"""A pytest plugin: points pika's acceptance tests, which are written for port 5672, at $SUITE_AMQP_PORT.

Loaded with ``-p pika_port`` into pika's own test run, so it imports nothing of this project. The port stands in two
names of each module and, by way of a default argument, in the base class's ``_connect``; all three are replaced
before the first test runs. The checkout itself stays as it is.
"""

from __future__ import annotations

import os
from types import ModuleType

import pika
import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Called once after the collection: every test module has been imported by then."""
    for module in {item.module for item in items if isinstance(item, pytest.Function)}:
        if hasattr(module, "PARAMS_URL_TEMPLATE"):
            _point(module, int(os.environ["SUITE_AMQP_PORT"]))


def _point(module: ModuleType, port: int) -> None:
    connect = module.BlockingTestCaseBase._connect
    written_for = module.DEFAULT_URL
    module.DEFAULT_URL = module.PARAMS_URL_TEMPLATE % {"port": port}
    module.DEFAULT_PARAMS = pika.URLParameters(module.DEFAULT_URL)
    replaced = tuple(module.DEFAULT_URL if value == written_for else value for value in connect.__defaults__)
    if replaced == connect.__defaults__:
        raise pytest.UsageError(
            "pika's _connect has no longer DEFAULT_URL as a default: teach pika_port.py its new shape"
        )
    connect.__defaults__ = replaced
