"""pika's story: a BlockingConnection, as its documentation has it."""
