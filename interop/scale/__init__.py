"""What one leveret process can hold: `python -m interop.scale streams`, and `python -m interop.scale backlog`.

As in the benchmark, nothing here imports the broker: it is driven over its socket and watched through /proc.
"""
