r"""Version 2: a block of bytes (section 2.2)::

    0            12        13       14      16                   16+length
    +------------+---------+--------+-------+----------+---------+
    | signature  | version | family | length| addresses| TLVs    |
    |            | command | kind   | u16   |          |         |
    |            | u4, u4  | u4, u4 |       |          |         |
    +------------+---------+--------+-------+----------+---------+

    IPv4:  client 4 bytes, server 4, client's port u16, server's port u16
    IPv6:  client 16 bytes, server 16, client's port u16, server's port u16
    UNIX:  client's path 108 bytes, server's 108

    TLV, of which there may be any number: type u8, length u16, value

Only the checksum among the TLVs is looked at (section 2.2.3): CRC-32C over the whole header, its own four bytes as 0.
"""

from ipaddress import IPv4Address, IPv6Address
from struct import Struct

import google_crc32c

from protocol.proxy.ends import Ends, ProxyHeaderError, plain

SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
FIXED_BYTES = 16
# No limit of the protocol's, which would allow 65,551: as much as nginx takes. A client's certificate in a TLV fits.
MAX_BYTES = 4096

LOCAL, PROXY = 0, 1
_UNSPEC, _INET, _INET6, _UNIX = range(4)
_ADDRESS_BYTES = {_INET: 12, _INET6: 36, _UNIX: 216}
_KIND_MAX = 2  # stream and datagram; the latter are taken as RabbitMQ takes them

_CRC32C = 3

_V4 = Struct(">4s4sHH")
_V6 = Struct(">16s16sHH")
_TLV = Struct(">BH")


def whole_bytes(fixed: bytes) -> int:
    """From the first 16 bytes, how many it has in all. Raises ProxyHeaderError."""
    version, command = divmod(fixed[12], 16)
    family, kind = divmod(fixed[13], 16)
    length = int.from_bytes(fixed[14:16], "big")
    if version != 2:
        raise ProxyHeaderError(f"binary header of version {version}")
    if command > PROXY:
        raise ProxyHeaderError(f"unknown command {command}")
    if command == PROXY:
        if family > _UNIX or kind > _KIND_MAX:
            raise ProxyHeaderError(f"unknown address family or protocol 0x{fixed[13]:02x}")
        if kind and length < _ADDRESS_BYTES.get(family, 0):
            raise ProxyHeaderError(f"{length} bytes are too short for the addresses of 0x{fixed[13]:02x}")
    if FIXED_BYTES + length > MAX_BYTES:
        raise ProxyHeaderError(f"header of {FIXED_BYTES + length} bytes, at most {MAX_BYTES} are taken")
    return FIXED_BYTES + length


def parse(header: bytes) -> Ends | None:
    """The whole header, of which ``whole_bytes`` has seen the beginning. Raises ProxyHeaderError.

    None where there are no addresses to use: LOCAL, the proxy's own connection; UNSPEC; paths of UNIX sockets.
    """
    family, kind = divmod(header[13], 16)
    if header[12] & 0xF == LOCAL or not family or not kind:
        # Section 2.2: the block is to be skipped, whatever it holds.
        return None
    _check_tlvs(header, FIXED_BYTES + _ADDRESS_BYTES[family])
    if family == _INET:
        peer, local, peer_port, local_port = _V4.unpack_from(header, FIXED_BYTES)
        return Ends((plain(IPv4Address(peer)), peer_port), (plain(IPv4Address(local)), local_port))
    if family == _INET6:
        peer, local, peer_port, local_port = _V6.unpack_from(header, FIXED_BYTES)
        return Ends((plain(IPv6Address(peer)), peer_port), (plain(IPv6Address(local)), local_port))
    return None


def _check_tlvs(header: bytes, at: int) -> None:
    """They fill what is left, and a checksum among them is right. Raises ProxyHeaderError."""
    while at < len(header):
        if at + _TLV.size > len(header):
            raise ProxyHeaderError("a TLV is cut off")
        kind, length = _TLV.unpack_from(header, at)
        at += _TLV.size
        if at + length > len(header):
            raise ProxyHeaderError(f"TLV 0x{kind:02x} of {length} bytes is cut off")
        if kind == _CRC32C:
            _check_checksum(header, at, length)
        at += length


def _check_checksum(header: bytes, at: int, length: int) -> None:
    if length != 4:
        raise ProxyHeaderError(f"checksum of {length} bytes")
    found = google_crc32c.value(header[:at] + bytes(4) + header[at + 4 :])
    if found != int.from_bytes(header[at : at + 4], "big"):
        raise ProxyHeaderError("wrong checksum")
