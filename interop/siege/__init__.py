"""Siege: what a well-behaved pair keeps of its rate and latency while hostile connections of every kind attack."""
