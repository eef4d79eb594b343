r"""Version 1: a line of text (section 2.1)::

    PROXY TCP4 203.0.113.7 198.51.100.1 40001 5672\r\n
    PROXY TCP6 2001:db8::7 2001:db8::1 40001 5672\r\n
    PROXY UNKNOWN whatever\r\n
          |    |           |            |     |
          kind client      server       client's port, server's port

Single spaces, in ASCII, no heading zeroes. The longest is of 107 bytes.
"""

from ipaddress import IPv4Address, IPv6Address

from protocol.proxy.ends import Ends, ProxyHeaderError, parse_address

PREFIX = b"PROXY "
END = b"\r\n"
# Section 2.1, "worst case": UNKNOWN with two addresses and ports in full.
MAX_BYTES = 107

_KINDS: dict[str, type[IPv4Address] | type[IPv6Address]] = {"TCP4": IPv4Address, "TCP6": IPv6Address}


def parse(line: bytes) -> Ends | None:
    """The line with its CRLF. None for UNKNOWN, whose rest is not looked at. Raises ProxyHeaderError."""
    # Any byte is a character of Latin-1; one that is not ASCII is in no word that is looked for.
    _, kind, *words = line.removesuffix(END).decode("latin-1").split(" ")
    if kind == "UNKNOWN":
        return None
    if kind not in _KINDS:
        raise ProxyHeaderError(f"unknown protocol {kind!r}")
    if len(words) != 4:
        raise ProxyHeaderError(f"{kind} with {len(words)} words, 4 belong there")
    peer, local, peer_port, local_port = words
    family = _KINDS[kind]
    return Ends(
        (parse_address(peer, family), _port(peer_port)),
        (parse_address(local, family), _port(local_port)),
    )


def _port(text: str) -> int:
    """0 is a port, too (section 2.1), which RabbitMQ refuses."""
    if not text.isdecimal() or text != str(port := int(text)) or port > 0xFFFF:
        raise ProxyHeaderError(f"bad port {text!r}")
    return port
