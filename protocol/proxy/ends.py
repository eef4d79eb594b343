"""What a header comes to, the two ends of a connection as the proxy saw them, and what is raised where it is none."""

from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import NamedTuple


class ProxyHeaderError(ValueError):
    """What came is no header of the PROXY protocol; the text is for the log."""


class Ends(NamedTuple):
    """Host (an address as text, without brackets) and port of each end: the client's, and the one it connected to."""

    peer: tuple[str, int]
    local: tuple[str, int]


def plain(address: IPv4Address | IPv6Address) -> str:
    """As text; an IPv4 address that came in an IPv6 one's clothes is itself again, as with RabbitMQ.

    Whether an address is this machine's own must not depend on how it was written.
    """
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)


def parse_address(text: str, kind: type[IPv4Address] | type[IPv6Address]) -> str:
    """An address as people write it, IPv4 without heading zeroes and IPv6 without a zone. Raises ProxyHeaderError."""
    try:
        address = kind(text)
    except AddressValueError as error:
        raise ProxyHeaderError(f"bad address: {error}") from None
    if "%" in text:
        raise ProxyHeaderError(f"bad address: {text!r} has a zone")
    return plain(address)
