"""kombu's connection for its tests."""

import pytest


@pytest.fixture
def connection(url):
    import kombu

    with kombu.Connection(url, transport_options={"confirm_publish": True}) as opened:
        yield opened
