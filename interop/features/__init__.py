"""What RabbitMQ does, row by row, and the tests that show that leveret does it: `python -m interop.features`."""
