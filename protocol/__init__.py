"""Wire formats, sans-I/O: bytes to events, methods to bytes. Knows no broker."""

from protocol import native  # noqa: F401 - decides whether the sources are taken, or what was compiled of them
