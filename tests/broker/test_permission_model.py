"""What a channel remembers, beside a transcription of RabbitMQ's own cache: whatever is asked, given and taken away."""

import contextlib
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from broker.access import Access
from broker.access.passwords import NO_PASSWORD
from broker.session.permits import Permits
from protocol.amqp.errors import SoftError

MAX_PERMISSION_CACHE_SIZE = 12
HIBERNATE_AFTER_S = 1.0
NAMES = [f"n{i}" for i in range(7)]
PERMISSIONS = ("configure", "write", "read")
TOPIC_PERMISSIONS = ("write", "read")


class Channel:
    """rabbit_channel.erl: check_resource_access, check_topic_authorisation, handle_pre_hibernate."""

    def __init__(self) -> None:
        self.permission_cache: list[tuple] = []
        self.topic_permission_cache: list[tuple] = []
        self.allowed: set[tuple[str, str]] = set()
        # None: nothing is said of topics, so all are free.
        self.allowed_topics: set[tuple[str, str]] | None = None

    def check_resource_access(self, permission: str, kind: str, name: str) -> bool:
        asked = (kind, name, permission)
        if asked in self.permission_cache:
            return True
        if (permission, name) not in self.allowed:
            return False
        self.permission_cache = [asked, *self.permission_cache[: MAX_PERMISSION_CACHE_SIZE - 1]]
        return True

    def check_topic_authorisation(self, permission: str, key: str) -> bool:
        asked = (key, permission)
        if asked in self.topic_permission_cache:
            return True
        if self.allowed_topics is not None and (permission, key) not in self.allowed_topics:
            return False
        self.topic_permission_cache = [asked, *self.topic_permission_cache[: MAX_PERMISSION_CACHE_SIZE - 1]]
        return True

    def handle_pre_hibernate(self) -> None:
        self.permission_cache = []
        self.topic_permission_cache = []


names = st.sampled_from(NAMES)
EVERYTHING = {(permission, name) for permission in PERMISSIONS for name in NAMES}
things = st.tuples(st.sampled_from(PERMISSIONS), st.sampled_from(["queue", "exchange"]), st.sampled_from(NAMES[:3]))
topics = st.tuples(st.sampled_from(TOPIC_PERMISSIONS), names)
# Rows of different ones, often some more than are remembered.
lengths = st.integers(1, 14)
allowed = st.sampled_from([EVERYTHING, set()]) | st.sets(st.tuples(st.sampled_from(PERMISSIONS), names), max_size=24)
steps = st.one_of(
    st.tuples(st.just("ask"), lengths.flatmap(lambda n: st.lists(things, min_size=n, max_size=n, unique=True))),
    st.tuples(st.just("ask topics"), lengths.flatmap(lambda n: st.lists(topics, min_size=n, max_size=n, unique=True))),
    st.tuples(st.just("allow"), allowed),
    st.tuples(st.just("allow topics"), st.none() | allowed),
    st.tuples(st.just("pause"), st.sampled_from([0.0, 0.5, 0.9, 1.1, 60.0])),
)


def pattern(allowed: set[tuple[str, str]], permission: str) -> str:
    found = [re.escape(name) for each, name in sorted(allowed) if each == permission]
    return f"^({'|'.join(found)})$" if found else ""


def passes(ask, *question: str) -> bool:
    with contextlib.suppress(SoftError):
        ask(*question)
        return True
    return False


class Both:
    def __init__(self) -> None:
        self.access = Access(bytes, tell=lambda name, facts: None)
        self.access.add_user("u", NO_PASSWORD)
        self.channel = Channel()
        self.permits = Permits(self.access, "u", "/")
        self.now = 0.0
        self.allow(EVERYTHING)

    def allow(self, allowed: set[tuple[str, str]]) -> None:
        self.channel.allowed = allowed
        self.access.set_permissions("u", "/", *(pattern(allowed, permission) for permission in PERMISSIONS))

    def allow_topics(self, allowed: set[tuple[str, str]] | None) -> None:
        self.channel.allowed_topics = allowed
        if allowed is None:
            self.access.clear_topic_permissions("u", "/", "x")
        else:
            patterns = (pattern(allowed, permission) for permission in TOPIC_PERMISSIONS)
            self.access.set_topic_permissions("u", "/", "x", *patterns)

    def ask(self, things: list[tuple[str, str, str]]) -> None:
        self.permits.use(self.now)
        for permission, kind, name in things:
            mine = passes(getattr(self.permits, kind), permission, name)
            assert mine is self.channel.check_resource_access(permission, kind, name)

    def ask_topics(self, topics: list[tuple[str, str]]) -> None:
        self.permits.use(self.now)
        for permission, key in topics:
            mine = passes(self.permits.topic, permission, "x", key)
            assert mine is self.channel.check_topic_authorisation(permission, key)

    def pause(self, seconds: float) -> None:
        """After it the channel is used."""
        self.now += seconds
        if seconds > HIBERNATE_AFTER_S:
            self.channel.handle_pre_hibernate()
        self.permits.use(self.now)


@settings(max_examples=300)
@given(st.lists(steps, max_size=30))
def test_a_channel_allows_what_rabbitmqs_would(said):
    both = Both()
    for verb, *values in said:
        getattr(both, verb.replace(" ", "_"))(*values)
