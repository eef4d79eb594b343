"""A verb on the data directory of a broker that does not run: a node is made of it, asked, and stopped in order."""

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from broker.administration import Administration, Refused
from broker.administration.calls import OF_A_RUN, READS, BadCall, call
from broker.commands.errors import NotDone, Unusable
from broker.config import Config
from broker.node import Node
from broker.server.begun import begun, made
from broker.turn import ERROR, Turn

log = logging.getLogger("leveret")

T = TypeVar("T")


def ask_stopped(config: Config, folder: str, verb: str, arguments: dict[str, Any]) -> Any:
    """What ``verb`` gives back; what it changed is on the disk then. What only looks writes nothing.

    Raises NotDone, Unusable; StoreError, StreamsError and OSError for a directory that cannot be used, ConfigError.
    """
    reads = verb in READS
    if reads and not Path(folder).is_dir():
        raise Unusable(f"there is no data directory {folder}")
    if verb in OF_A_RUN:
        raise Unusable(f"no broker runs on {folder}, and this would end with it")
    _act_as_owner(folder)
    clocks = {"clock": time.monotonic, "wall_clock_ms": _wall_clock_ms}
    node = made(config, **clocks) if reads else begun(config, heed=_heed, **clocks)
    try:
        result = call(Administration(node, lambda work: _in_turns(node, work)), verb, arguments)
    except (BadCall, Refused) as refusal:
        raise NotDone(str(refusal)) from None
    finally:
        if reads:
            node.leave()
        else:
            turn = node.turn()
            node.stop(turn)
            _heed(turn)
    if node.committing.failure is not None:
        raise NotDone(f"cannot be written to the data directory: {node.committing.failure}")
    return result


def _in_turns(node: Node, work: Callable[[Turn], T]) -> T:
    """As ``Shell.ask``; and all that it left over at once, with what has to be read from the disk for it."""
    turn = node.turn()
    try:
        return work(turn)
    finally:
        more = turn.finish()
        _heed(turn)
        while more or node.backlog.reads:
            turn = node.turn()
            for read in node.take_reads():
                read.block.perform()
                read.then(read.block, turn)
            node.resume(turn)
            more = turn.finish()
            _heed(turn)


def _act_as_owner(folder: str) -> None:
    """Root writes as who owns the directory: a broker that runs as that user could not read root's files."""
    if os.geteuid() != 0:
        return
    try:
        found = Path(folder).stat()
    except FileNotFoundError:
        return
    os.setegid(found.st_gid)
    os.seteuid(found.st_uid)


def _wall_clock_ms() -> int:
    return time.time_ns() // 1_000_000


def _heed(turn: Turn) -> None:
    """Only what is wrong: what a start found worth a line the next start of the broker is told again."""
    for notice in turn.notices:
        if notice.level >= ERROR:
            log.log(notice.level, "%s", notice.text)
