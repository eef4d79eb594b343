"""aio-pika's story: robust connections, and async with, as its documentation has it."""
