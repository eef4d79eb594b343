"""kombu over py-amqp, the client under Celery: each test is a small program of its own."""
