"""A node with its store, begun: what a broker that serves and a command on a stopped one's data have in common.

It knows no trio, which such a command does not need and would take longer to import than it runs.
"""

import logging
import os
from collections.abc import Callable
from typing import Any

from broker.config import Config
from broker.node import Node
from broker.server.data_home import data_dir
from broker.server.memory import machine_memory_bytes
from broker.store.store import Store
from broker.turn import Turn
from streams.files import OsFiles

log = logging.getLogger("leveret")


def begun(config: Config, *, heed: Callable[[Turn], None], **clocks: Callable[[], Any]) -> Node:
    """A node that clients, or commands that change something, may come to. ``heed`` is given the turn in which it
    began, for its notices. Raises what ``made`` raises.
    """
    node = made(config, **clocks)
    try:
        turn = node.turn()
        node.begin(turn)
        heed(turn)
    except BaseException:
        node.leave()
        raise
    return node


def made(config: Config, **clocks: Callable[[], Any]) -> Node:
    """A node as its data directory has it; ``clocks`` are its ``clock``, ``wall_clock_ms``, ``peer_clock``,
    ``stopwatch``. So far nothing is written.

    Raises StoreError, StreamsError, OSError for a data directory that cannot be used, ConfigError.
    """
    store = open_store(config)
    try:
        memory = config.memory_limit_bytes or int(machine_memory_bytes() * config.memory_limit_share)
        return Node(config, random_bytes=os.urandom, memory_limit_bytes=memory, store=store, **clocks)
    except BaseException:
        store.close()
        raise


def open_store(config: Config) -> Store:
    """Raises StoreError, StreamsError, OSError."""
    if config.ephemeral:
        return Store.ephemeral(os.urandom)
    folder = data_dir(config, os.environ)
    store = Store.open(
        OsFiles(), folder, durability="os" if config.durability == "os" else "fsync", random_bytes=os.urandom
    )
    log.info("data directory %s", folder)
    return store
