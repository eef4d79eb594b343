"""aiormq's story: the protocol's methods as coroutines."""
