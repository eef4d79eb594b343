"""Queues: one file a kind, and what they share: arguments, subscribers, what is ready."""

from broker.queues.classic import ClassicQueue
from broker.queues.stream import StreamQueue

Queue = ClassicQueue | StreamQueue
