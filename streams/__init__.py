"""An append-only log of opaque records, read from any offset. Knows no AMQP and no trio. Not built yet."""
