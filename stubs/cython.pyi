# To mypy, Cython is what stands in for it where it is absent.
from protocol.native.cythonless import *  # noqa: F403
