"""The own test suites of aio-pika, aiormq, pika, kombu and py-amqp against any broker: `python -m interop.suites`."""
