"""Queues: what holds messages and gives them to consumers. Kinds of queue do not know each other."""
