"""Mixed load for minutes or hours: `python -m interop.bench.soak`. Memory has to stay flat and no message may be lost.

lane.py moves messages and keeps a ledger of each queue, stream.py the same with streams; trouble.py provokes
what goes wrong; watch.py looks at memory.
"""
