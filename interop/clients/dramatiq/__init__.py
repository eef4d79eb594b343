"""Dramatiq with its RabbitMQ broker: actors, delays, retries, and the queue where the dead lie."""
