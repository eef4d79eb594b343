"""The same conversation with RabbitMQ and with Leveret, compared frame by frame.

A conversation (conversations/) is data: steps of a client that sends what it likes and waits for what comes (steps.py).
stage.py holds one with a broker over sockets (peer.py, wire.py) and writes a transcript, a line a frame, in which only
generated names and the server's own description are made equal (normal.py). RabbitMQ's transcripts: fixtures/
(record.py): the newest version recorded is the judge, VERSIONS.md lists where older ones differ. judge.py compares;
accepted/ holds the differences that are meant, with their reasons.

    python -m interop.conformance compare [--only 'queue/*'] [--url amqp://...]     diffs, frame by frame
    python -m interop.conformance show 'queue/purge*'                               what RabbitMQ says
    python -m interop.conformance accepted                                          the differences that are meant
    python -m interop.conformance coverage                                          what they do not ask, and why
    python -m interop.conformance record [--root DIR] [--only ...]                  record anew (interop/rabbitmq)
    python -m interop.conformance wander [--root DIR] [--first SEED]                random ones (wander.py), with both
"""
