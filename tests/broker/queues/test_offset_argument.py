"""x-stream-offset and x-max-age: where each form begins, and what is refused, in RabbitMQ's words."""

import pytest

from broker.queues.offset_argument import max_age_ms, offset_spec, span_ms
from protocol.amqp.errors import SoftError
from protocol.amqp.tables import Byte, Decimal, Float, Long, Timestamp, UnsignedInt
from streams.offset_spec import Exact, First, Last, Next, Since

STREAM = "queue 's' in vhost '/'"
NOW_MS = 2_000_000_000_000
DAY_MS = 24 * 3600 * 1000


def read(value):
    return offset_spec(STREAM, {"x-stream-offset": value}, NOW_MS)


def test_without_the_argument_it_is_next():
    assert isinstance(offset_spec(STREAM, {}, NOW_MS), Next)


@pytest.mark.parametrize(
    ("value", "kind"),
    [("first", First), ("last", Last), ("next", Next), (bytearray(b"first"), First), (bytearray(b"last"), Last)],
)
def test_names(value, kind):
    assert isinstance(read(value), kind)


@pytest.mark.parametrize(
    ("value", "offset"),
    [(0, 0), (7, 7), (Byte(7), 7), (UnsignedInt(7), 7), (Long(2**63 - 1), 2**63 - 1), (-1, 0), (Long(-(2**63)), 0)],
)
def test_offsets(value, offset):
    spec = read(value)
    assert isinstance(spec, Exact)
    assert spec.offset == offset


@pytest.mark.parametrize(
    ("value", "time_ms"),
    [
        (Timestamp(0), 0),
        (Timestamp(1_700_000_000), 1_700_000_000_000),
        (Timestamp(2**64 - 1), (2**64 - 1) * 1000),
        ("45s", NOW_MS - 45_000),
        ("30m", NOW_MS - 1_800_000),
        ("1h", NOW_MS - 3_600_000),
        ("7D", NOW_MS - 7 * DAY_MS),
        ("1M", NOW_MS - 30 * DAY_MS),
        ("1Y", NOW_MS - 365 * DAY_MS),
        ("007D", NOW_MS - 7 * DAY_MS),
        ("1h\nand more", NOW_MS - 3_600_000),
        ("100Y", 0),
        ("9" * 5000 + "s", 0),
    ],
)
def test_times(value, time_ms):
    spec = read(value)
    assert isinstance(spec, Since)
    assert spec.timestamp_ms == time_ms


@pytest.mark.parametrize(
    ("value", "term"),
    [
        ("0s", '{longstr,<<"0s">>}'),
        ("00h", '{longstr,<<"00h">>}'),
        ("1", '{longstr,<<"1">>}'),
        ("1d", '{longstr,<<"1d">>}'),
        ("1.5h", '{longstr,<<"1.5h">>}'),
        ("1\n", '{longstr,<<"1\\n">>}'),
        # RabbitMQ 4.0 crashes on these and on all below; later versions refuse the texts so.
        ("", "{longstr,<<>>}"),
        ("h", '{longstr,<<"h">>}'),
        ("First", '{longstr,<<"First">>}'),
        ("first ", '{longstr,<<"first ">>}'),
        ("-1h", '{longstr,<<"-1h">>}'),
        (b"\xff", '{longstr,<<"ÿ">>}'),
        (bytearray(b"1h"), '{binary,<<"1h">>}'),
        (1.5, "{double,1.5}"),
        (Float(2.0), "{float,2.0}"),
        (True, "{bool,true}"),
        (None, "{void,undefined}"),
        (Decimal(1, 5), "{decimal,{1,5}}"),
        ([1], "{array,[{signedint,1}]}"),
        ({}, "{table,[]}"),
    ],
)
def test_refused(value, term):
    with pytest.raises(SoftError) as raised:
        read(value)
    text = f"invalid arg 'x-stream-offset' for {STREAM}: {{invalid_stream_offset_arg,{term}}}"
    assert raised.value.text == f"PRECONDITION_FAILED - {text}"


def test_ages():
    assert max_age_ms("1h") == 3_600_000
    assert max_age_ms(b"1h\n\xff") == 3_600_000
    assert span_ms("12") is None
    assert span_ms("0D") is None
