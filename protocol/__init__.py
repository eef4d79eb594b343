"""Wire formats, sans-I/O: bytes to events, methods to bytes. Knows no broker."""
