"""One node of the broker. Its rooms are imported by name; here is only the door for programs that embed one.

async with broker.serve(port=0) as b:
    print(b.url)
"""

from typing import TYPE_CHECKING, Any

from protocol import native  # noqa: F401 - decides whether the sources are taken, or what was compiled of them

if TYPE_CHECKING:
    from broker.server.clocks import VirtualClock
    from broker.server.main import serve

__all__ = ["VirtualClock", "__version__", "serve"]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Import the shell only when it is asked for, so that the core can be used where there is no trio."""
    if name == "serve":
        from broker.server.main import serve

        return serve
    if name == "VirtualClock":
        from broker.server.clocks import VirtualClock

        return VirtualClock
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
