"""Headers as a proxy writes them, by a way of its own: not through the code that reads them."""

import ipaddress
import socket
import struct

import google_crc32c
from hypothesis import strategies as st

SIGNATURE = b"\x0d\x0a\x0d\x0a\x00\x0d\x0a\x51\x55\x49\x54\x0a"
LOCAL, PROXY = 0, 1
UNSPEC, TCP4, UDP4, TCP6, UNIX = 0x00, 0x11, 0x12, 0x21, 0x31
NOOP, CRC32C = 4, 3

PEER4, LOCAL4 = ("203.0.113.7", 40001), ("198.51.100.1", 5672)
PEER6, LOCAL6 = ("2001:db8::7", 40001), ("2001:db8::1", 5672)

ports = st.integers(0, 65535)
ipv4 = st.ip_addresses(v=4).map(str)
ipv6 = st.ip_addresses(v=6).filter(lambda address: address.ipv4_mapped is None).map(str)
ends = st.one_of(*[st.tuples(st.tuples(host, ports), st.tuples(host, ports)) for host in (ipv4, ipv6)])
tlvs = st.lists(st.tuples(st.integers(0, 255).filter(lambda kind: kind != CRC32C), st.binary(max_size=40)), max_size=4)


def text(peer, local):
    kind = f"TCP{ipaddress.ip_address(peer[0]).version}"
    return f"PROXY {kind} {peer[0]} {local[0]} {peer[1]} {local[1]}\r\n".encode()


def block(command, family_kind, rest=b"", version=2):
    return SIGNATURE + bytes([version << 4 | command, family_kind]) + struct.pack(">H", len(rest)) + rest


def addresses(peer, local):
    family = socket.AF_INET6 if ":" in peer[0] else socket.AF_INET
    hosts = socket.inet_pton(family, peer[0]) + socket.inet_pton(family, local[0])
    return hosts + struct.pack(">HH", peer[1], local[1])


def tlv(kind, value):
    return struct.pack(">BH", kind, len(value)) + value


def binary(peer, local, more=()):
    return block(PROXY, TCP6 if ":" in peer[0] else TCP4, addresses(peer, local) + b"".join(tlv(*one) for one in more))


def with_checksum(header, wrong=0):
    """The same with a checksum at its end; ``wrong`` is what it is wrong by."""
    length = int.from_bytes(header[14:16], "big") + 7
    blank = header[:14] + struct.pack(">H", length) + header[16:] + tlv(CRC32C, bytes(4))
    return blank[:-4] + struct.pack(">I", google_crc32c.value(blank) ^ wrong)


def unix(peer=b"/run/client", local=b"/run/server"):
    return block(PROXY, UNIX, peer.ljust(108, b"\0") + local.ljust(108, b"\0"))
