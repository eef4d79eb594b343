"""What hostile clients do: one coroutine a kind, each one life of one connection."""
