"""What outlives a restart, on ``streams``: definitions in one log, each durable queue's messages in one of its own."""
