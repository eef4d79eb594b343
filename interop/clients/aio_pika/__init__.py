"""aio-pika: the asyncio client. Each test is a small program of it, run to its end."""
