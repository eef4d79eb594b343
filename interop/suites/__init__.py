"""aio-pika's, aiormq's and pika's own test suites, run against leveret or any broker: `python -m interop.suites`."""
