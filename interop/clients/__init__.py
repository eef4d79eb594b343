"""Real clients, used as their users use them, against a leveret in a process of its own: one folder a client."""
