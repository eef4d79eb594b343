"""Steps of time and of an operator: policies, users, permissions, virtual hosts, alarms."""

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.stateful.world import World, users, vhosts

_POLICIES = (
    {"max-length": 2},
    {"message-ttl": 500, "dead-letter-exchange": "", "dead-letter-routing-key": "r-dead"},
    {"expires": 3000},
    {"consumer-timeout": 60_000},
    {"overflow": "reject-publish", "max-length": 1},
    {"delivery-limit": 1},
)
_OPERATORS_KEYS = ("max-length", "message-ttl", "expires")
# A channel that is closed for a late ack tells its client so; who does not read would not know of it.
_DEAF_MAX_S = 30
_policy_names = st.sampled_from(("p1", "p2"))
_patterns = st.sampled_from((".*", ".*", ".*", ".*", "", "^(plain|r-.*)$", "^(?!durable).*", "(a+)+$"))


def _permit(admin, node) -> None:
    for vhost in list(node.vhosts):
        for user in list(node.access.users):
            admin.set_permissions(user, ".*", ".*", ".*", vhost=vhost)


def _limit_memory(node, limit_bytes: int) -> None:
    """Publishers are held back, and let go."""
    node.memory_limit_bytes = limit_bytes


_VERBS = {
    "permit": _permit,
    "topics": lambda admin, node: admin.set_topic_permissions("bob", "topic", "^{username}|^a", "^a", vhost="/"),
    "any topic": lambda admin, node: admin.clear_topic_permissions("bob", vhost="/"),
    "bob goes": lambda admin, node: admin.delete_user("bob"),
    "bob comes": lambda admin, node: admin.add_user("bob", "bob"),
    "bob is cut off": lambda admin, node: admin.close_all_connections("enough", user="bob"),
    "other goes": lambda admin, node: admin.delete_vhost("other"),
    "other comes": lambda admin, node: admin.add_vhost("other"),
    "trace": lambda admin, node: admin.trace_on(vhost="/"),
    "no trace": lambda admin, node: admin.trace_off(vhost="/"),
    "memory": lambda admin, node: _limit_memory(node, 1),
    "memory again": lambda admin, node: _limit_memory(node, 2**40),
}


class Operating(World):
    @rule(seconds=st.sampled_from((0.01, 0.5, 1, 3, 6, 25, 61, 700)))
    def time_goes_on(self, seconds: float) -> None:
        World.steps += 1
        if seconds > _DEAF_MAX_S:
            self.all_read()
        self.broker.advance(seconds)
        self.observe()

    @rule(policy=st.sampled_from((*_POLICIES, None, None)), name=_policy_names, operator=st.booleans(), vhost=vhosts)
    def policy(self, policy: dict | None, name: str, operator: bool, vhost: str) -> None:
        World.steps += 1
        admin = self.broker.admin
        if policy is None:
            clear = admin.clear_operator_policy if operator else admin.clear_policy
            self.operate(lambda: clear(name, vhost=vhost))
            return
        if operator:
            policy = {key: value for key, value in policy.items() if key in _OPERATORS_KEYS}
        verb = admin.set_operator_policy if operator else admin.set_policy
        self.operate(lambda: verb(name, "^r-", policy, vhost=vhost, priority=len(policy)))

    @rule(user=users, vhost=vhosts, three=st.tuples(_patterns, _patterns, _patterns))
    def permissions(self, user: str, vhost: str, three: tuple[str, str, str]) -> None:
        World.steps += 1
        admin = self.broker.admin
        if not any(three):
            self.operate(lambda: admin.clear_permissions(user, vhost=vhost))
        else:
            self.operate(lambda: admin.set_permissions(user, *three, vhost=vhost))

    @rule(what=st.sampled_from(sorted(_VERBS) + ["permit"] * 3 + ["memory again", "bob comes", "other comes"]))
    def operate_on(self, what: str) -> None:
        World.steps += 1
        self.all_read()
        self.operate(lambda: _VERBS[what](self.broker.admin, self.broker.node))
