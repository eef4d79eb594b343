"""Differences from RabbitMQ's record that are meant: one entry a cause, with its reason and all lines it explains.

`python -m interop.conformance accepted` prints them. A line that is no longer seen fails the run.
"""

from interop.conformance.accepted.as_it_came import AS_IT_CAME
from interop.conformance.accepted.crashes import CRASHES
from interop.conformance.accepted.difference import Accepted, Case
from interop.conformance.accepted.general import GENERAL
from interop.conformance.accepted.later import LATER
from interop.conformance.accepted.queues import QUEUES
from interop.conformance.accepted.streams import STREAMS

ACCEPTED: tuple[Accepted, ...] = (*LATER, *CRASHES, *AS_IT_CAME, *GENERAL, *QUEUES, *STREAMS)

__all__ = ["ACCEPTED", "Accepted", "Case"]
