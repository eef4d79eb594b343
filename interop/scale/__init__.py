"""What one leveret process can hold, and for how long it holds others up: see `python -m interop.scale --help`.

As in the benchmark, nothing here imports the broker: it is driven over its socket and watched through /proc.
"""
