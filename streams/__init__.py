"""An append-only log of opaque records, read from any offset. Knows no AMQP and no trio.

The doors: ``log.Log`` opens, reads and gives a ``writer.LogWriter``; ``files.OsFiles`` is the disk.
"""
