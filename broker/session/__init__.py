"""One client's side of the broker: its connection, channels, consumers and what it may do to the topology."""
