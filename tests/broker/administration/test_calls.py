"""Verbs by name, as another process asks for them: nothing else can be reached, and no argument is taken unseen."""

import inspect

import pytest

from broker.administration import Administration, Refused
from broker.administration.calls import CHANGES, READS, BadCall, call
from tests.conversation import Broker


@pytest.fixture
def admin():
    return Broker().admin


def test_every_verb_can_be_called_and_nothing_else():
    methods = {name for name, _ in inspect.getmembers(Administration, inspect.isfunction) if not name.startswith("_")}
    assert methods == READS | CHANGES
    assert not READS & CHANGES


def test_a_call_does_what_the_method_does(admin):
    assert call(admin, "add_user", {"name": "alice", "password": "wonder", "tags": ["a", "b"]}) is None
    assert call(admin, "list_users", {})[-1] == {"user": "alice", "tags": ["a", "b"]}
    call(admin, "set_policy", {"name": "p", "pattern": "", "definition": {"max-length": 1}, "priority": 2.0})
    with pytest.raises(Refused, match='User "alice" already exists'):
        call(admin, "add_user", {"name": "alice"})


@pytest.mark.parametrize("verb", ["nothing", "", "_do", "__init__", "_node", "__class__", None, 1, ["add_user"], {}])
def test_what_is_no_verb_is_not_called(admin, verb):
    with pytest.raises(BadCall, match="there is no such verb"):
        call(admin, verb, {})


@pytest.mark.parametrize(
    ("verb", "arguments", "sentence"),
    [
        ("list_users", [], "list_users: its arguments have to be an object"),
        ("list_users", None, "list_users: its arguments have to be an object"),
        ("list_users", {"self": 1}, "list_users has arguments of no name, and no other"),
        ("delete_user", {}, "delete_user needs an argument name"),
        ("delete_user", {"name": "a", "vhost": "b"}, "delete_user has arguments name, and no other"),
        ("delete_user", {"name": None}, "delete_user: name has to be text"),
        ("delete_user", {"name": ["a"]}, "delete_user: name has to be text"),
        ("delete_user", {"name": "\ud800"}, "delete_user: name has to be text"),
        ("add_user", {"name": "a", "password": 1}, "add_user: password has to be text or null"),
        ("set_user_tags", {"name": "a", "tags": "b"}, "set_user_tags: tags has to be a list of text"),
        ("set_user_tags", {"name": "a", "tags": ["b", 1]}, "set_user_tags: tags has to be a list of text"),
        ("set_policy", {"name": "p", "pattern": "", "definition": []}, "set_policy: definition has to be an object"),
        (
            "set_policy",
            {"name": "p", "pattern": "", "definition": {}, "priority": float("inf")},
            "set_policy: priority has to be a number",
        ),
        (
            "set_policy",
            {"name": "p", "pattern": "", "definition": {}, "priority": True},
            "set_policy: priority has to be a number",
        ),
    ],
)
def test_what_does_not_fit_is_said_and_nothing_is_called(admin, verb, arguments, sentence):
    with pytest.raises(BadCall) as refused:
        call(admin, verb, arguments)
    assert str(refused.value) == sentence


def test_a_name_that_is_not_utf8_is_a_name(admin):
    call(admin, "add_vhost", {"name": "\udcff"})
    assert call(admin, "list_vhosts", {})[-1]["name"] == "\udcff"


def test_a_number_that_no_float_can_hold_is_said_not_to_fit(admin):
    with pytest.raises(BadCall, match="set_policy: priority has to be a number"):
        call(admin, "set_policy", {"name": "p", "pattern": "x", "definition": {"max-length": 1}, "priority": 10**400})


def test_what_is_nested_too_deeply_is_said(admin):
    deep: list = []
    for _ in range(5000):
        deep = [deep]
    for definitions in ({"queues": [{"name": "q", "arguments": {"x": deep}}]}, {"users": deep}):
        with pytest.raises(BadCall, match="import_definitions: its arguments are nested too deeply"):
            call(admin, "import_definitions", {"definitions": definitions})
