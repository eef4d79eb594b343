"""HeaderReader: takes what came so far, says how much of it is the header's, and what the header says once it is whole.

It never asks for a byte that is not the header's own: what follows belongs to TLS or AMQP.
"""

from protocol.proxy import v1, v2
from protocol.proxy.ends import Ends, ProxyHeaderError

# In either version; to look at more of what came than this is never needed.
MAX_BYTES = max(v1.MAX_BYTES, v2.MAX_BYTES)
_SHOWN_BYTES = 16


class HeaderReader:
    """``whole``: the header has come. Then ``ends`` are the ends it names, None where the socket's own are to be used:
    with LOCAL, UNKNOWN and UNSPEC, and with addresses that are no network's.
    """

    __slots__ = ("_held", "ends", "whole")

    def __init__(self) -> None:
        self._held = b""
        self.ends: Ends | None = None
        self.whole = False

    @property
    def empty(self) -> bool:
        """Nothing has come yet."""
        return not self._held

    def feed(self, data: bytes) -> int:
        """How many bytes of ``data``, which follows all that was taken before, are the header's: these are taken.

        All of them, unless the header is whole. Raises ProxyHeaderError as soon as it is clear that this is none.
        """
        held = self._held + data
        if len(held) < len(v1.PREFIX) and v1.PREFIX.startswith(held):
            end = 0
        elif held.startswith(v1.PREFIX):
            end = self._read_line(held)
        elif v2.SIGNATURE.startswith(held[: len(v2.SIGNATURE)]):
            end = self._read_block(held)
        else:
            raise ProxyHeaderError(f"no header of the PROXY protocol, but {held[:_SHOWN_BYTES]!r}")
        taken = (end or len(held)) - len(self._held)
        self._held = held[: end or len(held)]
        return taken

    def _read_line(self, held: bytes) -> int:
        """Where the header ends; 0 when that has not come."""
        end = held.find(b"\n", 0, v1.MAX_BYTES) + 1
        if not end:
            if len(held) >= v1.MAX_BYTES:
                raise ProxyHeaderError(f"a line that does not end within {v1.MAX_BYTES} bytes")
            return 0
        if not held.endswith(v1.END, 0, end):
            raise ProxyHeaderError("a line that ends without CR")
        self.ends = v1.parse(held[:end])
        self.whole = True
        return end

    def _read_block(self, held: bytes) -> int:
        """Where the header ends; 0 when that has not come."""
        if len(held) < v2.FIXED_BYTES:
            return 0
        end = v2.whole_bytes(held[: v2.FIXED_BYTES])
        if len(held) < end:
            return 0
        self.ends = v2.parse(held[:end])
        self.whole = True
        return end
