"""Messages as records of a log: what goes in comes out."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from broker.message import Message
from broker.store import records
from protocol.amqp.basic import short_string

routes = st.tuples(st.text(max_size=40), st.text(max_size=40)).map(lambda names: b"".join(map(short_string, names)))
contents = st.binary(max_size=30)


@given(st.lists(routes, min_size=1, max_size=3), st.data())
def test_messages_come_back_and_neighbours_of_one_route_share_it(several, data):
    pairs = data.draw(st.lists(st.tuples(st.sampled_from(several), contents), max_size=12))
    read = records.read(records.written(Message(content, route) for route, content in pairs))
    assert [(message.route, message.content) for message in read] == pairs
    for before, after in itertools.pairwise(read):
        assert (before.route is after.route) == (before.route == after.route)
