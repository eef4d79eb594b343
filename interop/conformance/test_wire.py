"""The judge's own codec is judged by pamqp, on everything pamqp can say."""

import pytest
from pamqp import commands, frame, header

from interop.conformance import wire

_SAMPLES = {
    "bit": True,
    "octet": 7,
    "short": 300,
    "long": 70000,
    "longlong": 1 << 40,
    "shortstr": "name",
    "longstr": "text",
}
# Arguments pamqp insists on leaving empty.
_FIXED = {"ticket": 0, "internal": False, "insist": False, "cluster_id": "", "capabilities": "", "out_of_band": "0"}
_SKIPPED = {"known_hosts", "channel_id"}


def _sample(name: str, kind: str) -> object:
    if kind == "table":
        return {"k": "v"}
    return _FIXED.get(name, _SAMPLES[kind])


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("kind", commands.INDEX_MAPPING.values(), ids=lambda kind: kind.name)
def test_methods_are_written_and_read_as_pamqp_does(kind: type) -> None:
    if _SKIPPED & set(kind.attributes()):
        pytest.skip("pamqp wants this reserved argument empty")
    values = {name: _sample(name, kind.amqp_type(name)) for name in kind.attributes()}
    theirs = frame.marshal(kind(**values), 5)
    name = wire.NAMES[kind.index >> 16, kind.index & 0xFFFF]
    ours = {field: value for (field, _), value in zip(wire.METHODS[name].fields, values.values(), strict=True)}
    assert wire.frame(wire.METHOD, 5, wire.encode_method(name, ours)) == theirs
    read_name, read = wire.decode_method(theirs[7:-1])
    assert read_name == name
    assert {field: value for field, value in read.items() if not isinstance(value, list)} == {
        field: value for field, value in ours.items() if not isinstance(value, dict)
    }


def test_content_headers_are_written_and_read_as_pamqp_does() -> None:
    properties = {"content_type": "a/b", "delivery_mode": 2, "correlation_id": "c", "type": "kind", "app_id": "me"}
    theirs = commands.Basic.Properties(
        content_type="a/b", delivery_mode=2, correlation_id="c", message_type="kind", app_id="me"
    )
    payload = header.ContentHeader(0, 123, theirs).marshal()
    assert wire.encode_header(123, properties) == payload
    assert wire.decode_header(payload) == (123, properties)
