"""kombu's story: connections, exchanges and queues as objects, producers and consumers that drain events."""
