"""AMQP 0-9-1, the server's half, sans-I/O: bytes to events and methods to bytes. Knows no broker."""
