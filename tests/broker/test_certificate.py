"""What a certificate says of its owner, in RabbitMQ's words: what 3.10.8 wrote into its log of these names."""

import datetime as dt
import ipaddress
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID, ObjectIdentifier

from broker.certificate import Certificate
from broker.session.secured import Secured, cipher_words

_SUBJECTS = {
    "CN=hare,O=Field\\, Inc.,C=DE": [
        [(NameOID.COUNTRY_NAME, "DE")],
        [(NameOID.ORGANIZATION_NAME, "Field, Inc.")],
        [(NameOID.COMMON_NAME, "hare")],
    ],
    'CN=\\ #a\\"b\\+c\\,d\\;e\\<f\\>g\\\\h=i\\7Ej\\ ': [[(NameOID.COMMON_NAME, ' #a"b+c,d;e<f>g\\h=i~j ')]],
    "CN=\\#x": [[(NameOID.COMMON_NAME, "#x")]],
    "CN=h\\C3\\A4se \\E2\\82\\AC": [[(NameOID.COMMON_NAME, "häse €")]],
    "CN=a+UID=b,O=o": [[(NameOID.ORGANIZATION_NAME, "o")], [(NameOID.COMMON_NAME, "a"), (NameOID.USER_ID, "b")]],
    "CN=u,1.2.3.4.5=v\\,w": [[(ObjectIdentifier("1.2.3.4.5"), "v,w")], [(NameOID.COMMON_NAME, "u")]],
    "CN=c,CN=a\\,b": [[(NameOID.COMMON_NAME, "a,b")], [(NameOID.COMMON_NAME, "c")]],
    "": [],
    # Each attribute it has a name for, and those it has none for.
    "1.3.6.1.4.1.311.60.2.1.3=DE,2.5.4.16=x,2.5.4.97=x,1.2.840.113549.1.9.2=x,1.3.6.1.4.1.311.60.2.1.1=x,2.5.4.15=x,"
    "2.5.4.46=x,2.5.4.17=x,UID=x,2.5.4.9=x,EMAILADDRESS=x,DC=x,PSEUDONYM=x,SERIALNUMBER=x,TITLE=x,OU=x,ST=x,L=x,"
    "GENERATIONQUALIFIER=x,INITIALS=x,GIVENNAME=x,SN=x": [
        *(
            [(kind, "x")]
            for kind in (
                NameOID.SURNAME,
                NameOID.GIVEN_NAME,
                NameOID.INITIALS,
                NameOID.GENERATION_QUALIFIER,
                NameOID.LOCALITY_NAME,
                NameOID.STATE_OR_PROVINCE_NAME,
                NameOID.ORGANIZATIONAL_UNIT_NAME,
                NameOID.TITLE,
                NameOID.SERIAL_NUMBER,
                NameOID.PSEUDONYM,
                NameOID.DOMAIN_COMPONENT,
                NameOID.EMAIL_ADDRESS,
                NameOID.STREET_ADDRESS,
                NameOID.USER_ID,
                NameOID.POSTAL_CODE,
                NameOID.DN_QUALIFIER,
                NameOID.BUSINESS_CATEGORY,
                NameOID.JURISDICTION_LOCALITY_NAME,
                NameOID.UNSTRUCTURED_NAME,
                NameOID.ORGANIZATION_IDENTIFIER,
                NameOID.POSTAL_ADDRESS,
            )
        ),
        [(NameOID.JURISDICTION_COUNTRY_NAME, "DE")],
    ],
}
_ALTERNATIVES = [
    x509.DNSName("a.test"),
    x509.DNSName("b.test"),
    x509.RFC822Name("hare@field.test"),
    x509.UniformResourceIdentifier("urn:hare:1"),
    x509.IPAddress(ipaddress.ip_address("10.0.0.1")),
    x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "dir")])),
]


def certificate(subject: list, tmp_path, alternatives: list = _ALTERNATIVES) -> Certificate:
    """As it comes out of a handshake in which its owner shows it. Its own authority, for short."""
    key = ec.generate_private_key(ec.SECP256R1())
    levels = [x509.RelativeDistinguishedName([x509.NameAttribute(*each) for each in level]) for level in subject]
    authority = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")])
    begin, end = dt.datetime(2026, 1, 1, tzinfo=dt.UTC), dt.datetime(2049, 1, 1, tzinfo=dt.UTC)

    def signed(subject, basic, names):
        builder = x509.CertificateBuilder(authority, subject, key.public_key(), 7, begin, end)
        builder = builder.add_extension(basic, critical=True)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    (tmp_path / "ca").write_bytes(signed(authority, x509.BasicConstraints(True, None), []))
    (tmp_path / "cert").write_bytes(signed(x509.Name(levels), x509.BasicConstraints(False, None), alternatives))
    pem = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "key").write_bytes(key.private_bytes(*pem))
    contexts = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for context in contexts:
        context.check_hostname = False
        context.load_verify_locations(tmp_path / "ca")
        context.load_cert_chain(tmp_path / "cert", tmp_path / "key")
        context.verify_mode = ssl.CERT_REQUIRED
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = contexts[0].wrap_bio(to_server, to_client, server_side=True)
    client = contexts[1].wrap_bio(to_client, to_server)
    for side in (client, server) * 2:
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            pass
    return Certificate(server.getpeercert())


@pytest.mark.parametrize("expected", _SUBJECTS)
def test_distinguished_names(expected, tmp_path):
    assert certificate(_SUBJECTS[expected], tmp_path).subject == expected


def test_issuer_and_validity(tmp_path):
    found = certificate([], tmp_path)
    assert found.issuer == "CN=authority"
    assert found.validity == "2026-01-01T00:00:00Z - 2049-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("login_from", "san_type", "san_index", "user"),
    [
        ("distinguished_name", "dns", 0, "CN=c,CN=a\\,b"),
        ("common_name", "dns", 0, "a,b,c"),
        ("subject_alternative_name", "dns", 0, "a.test"),
        ("subject_alternative_name", "dns", 1, "b.test"),
        ("subject_alternative_name", "dns", 2, ""),
        ("subject_alternative_name", "email", 0, "hare@field.test"),
        ("subject_alternative_name", "uri", 0, "urn:hare:1"),
        ("subject_alternative_name", "ip", 0, "10.0.0.1"),
    ],
)
def test_the_name_to_log_in_by(login_from, san_type, san_index, user, tmp_path):
    found = certificate(_SUBJECTS["CN=c,CN=a\\,b"], tmp_path)
    assert found.user(login_from, san_type, san_index) == user


def test_a_certificate_without_names_says_none(tmp_path):
    found = certificate([], tmp_path, alternatives=[])
    assert found.user("common_name", "dns", 0) == found.user("subject_alternative_name", "dns", 0) == ""


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("TLS_AES_256_GCM_SHA384", ("any", "aes_256_gcm", "aead")),
        ("TLS_CHACHA20_POLY1305_SHA256", ("any", "chacha20_poly1305", "aead")),
        ("ECDHE-ECDSA-AES256-GCM-SHA384", ("ecdhe_ecdsa", "aes_256_gcm", "aead")),
        ("ECDHE-RSA-CHACHA20-POLY1305", ("ecdhe_rsa", "chacha20_poly1305", "aead")),
        ("ECDHE-RSA-AES128-SHA256", ("ecdhe_rsa", "aes_128_cbc", "sha256")),
        ("DHE-RSA-AES256-SHA", ("dhe_rsa", "aes_256_cbc", "sha")),
        ("ECDHE-ECDSA-AES128-CCM8", ("ecdhe_ecdsa", "aes_128_ccm_8", "aead")),
        ("AES128-GCM-SHA256", ("rsa", "aes_128_gcm", "aead")),
        ("SOMETHING-NEW", ("", "SOMETHING-NEW", "")),
    ],
)
def test_ciphers_in_erlangs_words(name, words):
    assert cipher_words(name) == words


def test_what_events_tell_of_tls(tmp_path):
    """As 3.10.8 and 4.0.5 do; the event of a login says less."""
    nobody = {"peer_cert_subject": "", "peer_cert_issuer": "", "peer_cert_validity": ""}
    login = {"ssl": True, "ssl_protocol": "tlsv1.3", "ssl_cipher": "aes_256_gcm"}
    secured = Secured("TLSv1.3", "TLS_AES_256_GCM_SHA384", None)
    assert secured.login_facts() == login
    assert secured.facts() == {**login, "ssl_key_exchange": "any", "ssl_hash": "aead", **nobody}
    known = Secured("TLSv1.3", "TLS_AES_256_GCM_SHA384", certificate(_SUBJECTS["CN=\\#x"], tmp_path))
    assert known.login_facts()["peer_cert_subject"] == known.facts()["peer_cert_subject"] == "CN=\\#x"
