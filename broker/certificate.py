"""Certificate: who a client's certificate says it is, as RabbitMQ reads and prints it.

Rule: nothing here checks a certificate; it was checked in the handshake, or there is none. What Python's ssl made of it
(``getpeercert``) comes in.

Source: RabbitMQ's rabbit_cert_info and rabbit_ssl; RFC 4514.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

LOGIN_FROM = ("distinguished_name", "common_name", "subject_alternative_name")
# RabbitMQ's names of the kinds of alternative names, and OpenSSL's.
_SAN_TYPES: Final = {"dns": "DNS", "email": "email", "uri": "URI", "ip": "IP Address"}
SAN_TYPES = tuple(_SAN_TYPES)

# How RabbitMQ abbreviates OpenSSL's names of attributes.
_SHORT: Final = {
    "surname": "SN",
    "givenName": "GIVENNAME",
    "initials": "INITIALS",
    "generationQualifier": "GENERATIONQUALIFIER",
    "commonName": "CN",
    "localityName": "L",
    "stateOrProvinceName": "ST",
    "organizationName": "O",
    "organizationalUnitName": "OU",
    "title": "TITLE",
    "countryName": "C",
    "serialNumber": "SERIALNUMBER",
    "pseudonym": "PSEUDONYM",
    "domainComponent": "DC",
    "emailAddress": "EMAILADDRESS",
    "userId": "UID",
    # Those that it does not know it prints by number.
    "streetAddress": "2.5.4.9",
    "description": "2.5.4.13",
    "businessCategory": "2.5.4.15",
    "postalAddress": "2.5.4.16",
    "postalCode": "2.5.4.17",
    "telephoneNumber": "2.5.4.20",
    "name": "2.5.4.41",
    "dnQualifier": "2.5.4.46",
    "x500UniqueIdentifier": "2.5.4.45",
    "organizationIdentifier": "2.5.4.97",
    "unstructuredName": "1.2.840.113549.1.9.2",
    "jurisdictionLocalityName": "1.3.6.1.4.1.311.60.2.1.1",
    "jurisdictionStateOrProvinceName": "1.3.6.1.4.1.311.60.2.1.2",
    "jurisdictionCountryName": "1.3.6.1.4.1.311.60.2.1.3",
}
_SPECIAL: Final = frozenset(b'"+,;<>\\')

# ((("commonName", "a"), more of one level), more levels from the top down).
Name = Iterable[Iterable[tuple[str, str]]]


class Certificate:
    """One that was checked. ``fields`` is what ``ssl.SSLObject.getpeercert()`` gives."""

    __slots__ = ("_fields",)

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._fields = fields

    @property
    def subject(self) -> str:
        """The distinguished name: ``CN=hare,O=Field``."""
        return distinguished_name(self._fields.get("subject", ()))

    @property
    def issuer(self) -> str:
        return distinguished_name(self._fields.get("issuer", ()))

    @property
    def validity(self) -> str:
        """``2026-01-01T00:00:00Z - 2027-01-01T00:00:00Z``."""
        return " - ".join(_moment(self._fields.get(name, "")) for name in ("notBefore", "notAfter"))

    def user(self, login_from: str, san_type: str, san_index: int) -> str:
        """The name to log in by, "" where the certificate has none; ``login_from`` is one of LOGIN_FROM, ``san_type``
        one of SAN_TYPES, and ``san_index`` counts the alternative names of that kind from 0.
        """
        match login_from:
            case "distinguished_name":
                return self.subject
            case "common_name":
                levels = self._fields.get("subject", ())
                return ",".join(value for level in levels for name, value in level if name == "commonName")
            case _:
                kind = _SAN_TYPES[san_type]
                names = [str(value) for name, value in self._fields.get("subjectAltName", ()) if name == kind]
                return names[san_index] if san_index < len(names) else ""


def distinguished_name(name: Name) -> str:
    """As RFC 4514 writes it: the lowest level first."""
    return ",".join(reversed(["+".join(f"{_SHORT.get(k, k)}={_escaped(v)}" for k, v in level) for level in name]))


def _escaped(value: str) -> str:
    """All but printable ASCII as bytes of UTF-8; ``~``, too, counts as not printable there."""
    raw = value.encode()
    last = len(raw) - 1
    shown = []
    for at, byte in enumerate(raw):
        if byte in _SPECIAL or (at == 0 and byte in b" #") or (at == last and byte == 0x20):
            shown.append("\\" + chr(byte))
        elif byte < 0x20 or byte >= 0x7E:
            shown.append(f"\\{byte:02X}")
        else:
            shown.append(chr(byte))
    return "".join(shown)


def _moment(text: str) -> str:
    """``Jan  5 09:34:43 2018 GMT``, as OpenSSL prints it, as RabbitMQ does."""
    try:
        return datetime.strptime(text, "%b %d %H:%M:%S %Y GMT").replace(tzinfo=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except ValueError:
        return text
