"""Which modules are compiled: the path of every message, and nothing else.

What is in the list must hold as plain Python and compiled. It imports Cython in these words, and uses of it what
``cythonless`` has::

    try:
        import cython
    except ImportError:
        from protocol.native import cythonless as cython  # type: ignore[no-redef]

Where one of them needs to know another's classes as C does, a file of declarations (``.pxd``) stands beside it.
"""

MODULES = (
    "protocol.amqp.basic",
    "protocol.amqp.connection",
    "protocol.amqp.content",
    "protocol.amqp.frames",
    "protocol.amqp.multiplexer",
    "protocol.amqp.offset_shapes",
    "protocol.amqp.properties",
    "broker.message",
    "broker.queues.ready",
    "broker.session.consumer",
    "broker.session.settling",
    "broker.session.unsettled",
    "broker.store.records",
)
