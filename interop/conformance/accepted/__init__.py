"""Differences from RabbitMQ's record that are meant, each with its reason. One that is no longer seen fails the run."""

from interop.conformance.accepted.access import ACCESS
from interop.conformance.accepted.difference import Accepted
from interop.conformance.accepted.general import GENERAL
from interop.conformance.accepted.policies import POLICIES
from interop.conformance.accepted.queues import QUEUES
from interop.conformance.accepted.quorum import QUORUM
from interop.conformance.accepted.streams import STREAMS

ACCEPTED: tuple[Accepted, ...] = (*GENERAL, *ACCESS, *POLICIES, *QUEUES, *QUORUM, *STREAMS)

__all__ = ["ACCEPTED", "Accepted"]
