"""The story that every client tells to Leveret and to RabbitMQ, and who listens: steps, programs, comparison, table."""
