"""pika's BlockingConnection: the synchronous client, and the only one of the two that speaks tx."""
