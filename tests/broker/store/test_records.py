"""Messages as records of a log: what goes in comes out."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from broker.store import records
from protocol.amqp.basic import short_string

routes = st.tuples(st.text(max_size=40), st.text(max_size=40)).map(lambda names: b"".join(map(short_string, names)))
contents = st.binary(max_size=30)


@given(routes, st.lists(contents, max_size=5))
def test_one_route(route, some):
    joined = records.join(route, some)
    assert [records.split(record) for record in joined] == [(route, content) for content in some]
    assert records.split_all(joined) == [(route, content) for content in some]


@given(st.lists(routes, min_size=1, max_size=3), st.data())
def test_routes_in_turns(several, data):
    messages = data.draw(st.lists(st.tuples(st.sampled_from(several), contents), max_size=12))
    read = records.split_all([route + content for route, content in messages])
    assert read == messages
    for (before, _), (after, _) in itertools.pairwise(read):
        assert (before is after) == (before == after)
