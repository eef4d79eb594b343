"""Side-by-side measurements of AMQP 0-9-1 brokers: `python -m interop.bench`, and `python -m interop.bench.soak`.

Nothing here imports the broker: it is driven over its socket and watched through /proc, as any other broker is.
"""
