"""Limits: how much clients may have of what costs a node something, and how much of it they have.

A limit of 0 or less in a class here is none; in what an administrator sets of users and virtual hosts 0 allows nothing,
and less than 0 is none. Names and refusals are RabbitMQ's where it has the limit.
"""

from broker.limits.clients import ClientLimits
from broker.limits.definitions import DefinitionLimits

__all__ = ["ClientLimits", "DefinitionLimits"]
