"""Leveret beside others: real clients, RabbitMQ's own replies as the record, benchmarks. Nothing here is shipped."""
