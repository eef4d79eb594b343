"""The own test suites of clients and frameworks against any broker: `python -m interop.suites`."""
