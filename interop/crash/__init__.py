"""A broker that is killed again and again: `python -m interop.crash`. What it confirmed has to be there each time.

ledger.py and stream_ledger.py say what must, may and must not be there; letters.py makes bodies that tell whose they
are; publishers.py, consumers.py and definer.py are clients that a kill may strike at any moment; reading.py looks at
what a restart brought back; run.py is one run from start to kill, stage.py all runs on one data directory.
"""
