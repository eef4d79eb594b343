"""Commands to a broker that runs: what each does, says and refuses."""

import pika
import pytest

from broker.access.passwords import PasswordHash


def connect(broker, user="guest", password="guest", vhost="%2f"):
    url = f"amqp://{user}:{password}@127.0.0.1:{broker.port}/{vhost}?connection_attempts=1"
    return pika.BlockingConnection(pika.URLParameters(url))


def test_users(leveret, broker):
    assert leveret("user", "add", "alice", "wonder", "--tags", "monitoring, ours").status == 0
    assert leveret("user", "list").lines == [
        ["user", "tags"],
        ["guest", "administrator"],
        ["alice", "monitoring,ours"],
    ]
    assert leveret("user", "authenticate", "alice", "wonder").status == 0
    wrong = leveret("user", "authenticate", "alice", "hatter")
    assert (wrong.status, wrong.err) == (1, 'leveret: failed to authenticate user "alice"\n')
    assert leveret("user", "change-password", "alice", "hatter").status == 0
    assert leveret("user", "authenticate", "alice", "hatter").status == 0
    assert leveret("user", "clear-password", "alice").status == 0
    assert leveret("user", "authenticate", "alice", "hatter").status == 1
    assert leveret("user", "set-tags", "alice", "a", "b,c").status == 0
    assert leveret("user", "list", "--json").json[-1] == {"user": "alice", "tags": ["a", "b", "c"]}
    assert leveret("user", "set-tags", "alice").status == 0
    assert leveret("user", "list", "--json").json[-1] == {"user": "alice", "tags": []}
    assert leveret("user", "delete", "alice").status == 0
    assert [each["user"] for each in leveret("user", "list", "--json").json] == ["guest"]
    # What it did, and by whom, is in the broker's log; what it was given is not.
    assert "change_password, asked for at the control socket by process" in broker.log
    assert "hatter" not in broker.log


def test_a_password_is_read_from_standard_input(leveret, broker):
    assert leveret("user", "add", "alice", "--password-stdin", stdin="wonder\n").status == 0
    assert leveret("user", "change-password", "alice", stdin="a b\r\n").status == 0
    assert leveret("user", "authenticate", "alice", stdin="a b").status == 0
    nothing = leveret("user", "add", "bob")
    assert (nothing.status, nothing.err) == (2, "leveret: no password was given\n")
    both = leveret("user", "add", "bob", "secret", "--password-stdin")
    assert both.status == 2
    assert "secret" not in both.err


def test_a_hash_is_as_good_as_its_password(leveret, broker):
    made = leveret("hash-password", "--password-stdin", stdin="wonder\n").out.strip()
    assert PasswordHash(made).fits("wonder")
    assert leveret("user", "add", "alice", "--password-hash", made).status == 0
    assert leveret("user", "authenticate", "alice", "wonder").status == 0
    # Of RabbitMQ 3.10.8, which made it for the password "wonder".
    kept = "DpIEeHW90EtUjWXviGcU2ZzZAA/jTXUSsORI3B+K3VU18eks"
    assert leveret("user", "add", "bob", "--password-hash", kept).status == 0
    bad = leveret("user", "add", "carol", "--password-hash", "AAAA")
    assert bad.status == 1
    assert "bytes, where rabbit_password_hashing_sha256 has 36" in bad.err
    unknown = leveret("user", "add", "carol", "--password-hash", made, "--hashing-algorithm", "rot13")
    assert "unknown hashing algorithm" in unknown.err


def test_a_virtual_host_with_a_user_in_it(leveret, broker):
    assert leveret("vhost", "add", "garden", "--description", "hares", "--tags", "a,b").status == 0
    assert leveret("vhost", "update", "garden", "--default-queue-type", "quorum").status == 0
    assert leveret("user", "add", "alice", "wonder").status == 0
    with pytest.raises(pika.exceptions.ProbableAccessDeniedError):
        connect(broker, "alice", "wonder", "garden")
    assert leveret("permission", "set", "alice", "^q", ".*", ".*", "-p", "garden").status == 0
    with connect(broker, "alice", "wonder", "garden") as connection:
        connection.channel().queue_declare("q", durable=True)
        (shown,) = leveret("connection", "list", "--json").json
        assert (shown["user"], shown["vhost"], shown["channels"]) == ("alice", "garden", 1)
        assert leveret("connection", "close", shown["pid"], "go home").status == 0
        with pytest.raises(pika.exceptions.ConnectionClosedByBroker, match="go home"):
            connection.process_data_events(time_limit=10)
    assert leveret("queue", "list", "--vhost", "garden").lines[1][:3] == ["q", "quorum", "true"]
    (shown,) = [each for each in leveret("vhost", "list", "--json").json if each["name"] == "garden"]
    assert shown == {
        "name": "garden", "description": "hares", "tags": ["a", "b"], "default_queue_type": "quorum", "tracing": False,
    }  # fmt: skip
    assert leveret("vhost", "delete", "garden").status == 0
    assert len(leveret("vhost", "list").lines) == 2
    assert leveret("permission", "list", "--user", "alice", "--json").json == []


def test_permissions(leveret, broker):
    leveret("user", "add", "alice", "wonder")
    leveret("permission", "set", "alice", "^a", "", ".*")
    assert leveret("permission", "list", "--json").json[-1] == {
        "user": "alice", "configure": "^a", "write": "", "read": ".*",
    }  # fmt: skip
    leveret("permission", "set-topic", "alice", "amq.topic", "^{username}", "^b")
    assert leveret("permission", "list-topic").lines[1:] == [["alice", "amq.topic", "^{username}", "^b"]]
    assert leveret("permission", "list-topic", "--user", "alice").lines[1:] == [["/", "amq.topic", "^{username}", "^b"]]
    assert leveret("permission", "clear-topic", "alice", "amq.topic").status == 0
    assert leveret("permission", "list-topic", "--json").json == []
    assert leveret("permission", "clear", "alice").status == 0
    assert leveret("permission", "list", "--user", "alice", "--json").json == []


def test_policies(leveret, broker):
    assert (
        leveret("policy", "set", "short", "^a", '{"max-length": 5}', "--apply-to", "queues", "--priority", "2").status
        == 0
    )
    assert leveret("policy", "set", "shorter", "^a", '{"max-length": 1}', "--operator").status == 0
    assert leveret("policy", "list").lines == [
        ["name", "pattern", "apply-to", "definition", "priority"],
        ["short", "^a", "queues", '{"max-length":', "5}", "2"],
    ]
    assert [each["name"] for each in leveret("policy", "list", "--operator", "--json").json] == ["shorter"]
    assert leveret("policy", "clear", "short").status == 0
    assert leveret("policy", "clear", "shorter", "--operator").status == 0
    assert leveret("policy", "list", "--json").json == []
    assert leveret("policy", "set", "p", "", "{").status == 2
    assert leveret("policy", "set", "p", "", "[]").status == 2


def test_tracing(leveret, broker):
    assert leveret("trace", "on").status == 0
    assert leveret("vhost", "list", "--json").json[0]["tracing"] is True
    assert leveret("trace", "off").status == 0
    assert leveret("vhost", "list", "--json").json[0]["tracing"] is False


def test_all_connections_of_a_user_are_closed(leveret, broker):
    with connect(broker) as connection:
        assert leveret("connection", "close-all", "--user", "nobody").out == "Closed 0 connections\n"
        assert leveret("connection", "close-all", "--user", "guest", "good night").out == "Closed 1 connections\n"
        with pytest.raises(pika.exceptions.ConnectionClosedByBroker, match="good night"):
            connection.process_data_events(time_limit=10)


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("user add guest x", 'User "guest" already exists'),
        ("user delete nobody", 'User "nobody" does not exist'),
        ("user change-password nobody x", 'User "nobody" does not exist'),
        ("vhost delete nowhere", "Virtual host 'nowhere' does not exist"),
        ("permission list -p nowhere", "Virtual host 'nowhere' does not exist"),
        ("permission set guest ( x y", """Invalid regexp '(': {"missing )",1}"""),
        ("policy clear nothing", "Parameter does not exist"),
        ("policy set p ^a {}", "Validation failed; no policy provided"),
    ],
)
def test_what_is_refused_is_one_line_of_rabbitmqs_words(leveret, broker, command, sentence):
    done = leveret(*command.split(" "))
    assert (done.status, done.out, done.err) == (1, "", f"leveret: {sentence}\n")


def test_what_clients_call_themselves_does_not_reach_the_terminal(leveret, broker):
    with connect(broker) as connection:
        connection.channel().queue_declare("\x1b[31mred")
        shown = leveret("queue", "list").out
        assert "\\x1b[31mred" in shown
        assert "\x1b" not in shown
        assert leveret("queue", "list", "--json").json[0]["name"] == "\x1b[31mred"


def test_limits_of_users_and_virtual_hosts(leveret, broker):
    assert leveret("user", "set-limits", "guest", '{"max-connections": 1}').status == 0
    with connect(broker), pytest.raises(pika.exceptions.ProbableAccessDeniedError, match="connection limit"):
        connect(broker)
    assert leveret("user", "set-limits", "guest", '{"max-channels": 5}').status == 0
    assert leveret("user", "list-limits", "--json").json == [
        {"user": "guest", "limits": {"max-connections": 1, "max-channels": 5}}
    ]
    assert leveret("user", "clear-limits", "guest", "max-channels").status == 0
    assert leveret("user", "list-limits", "guest").lines[1] == ["guest", '{"max-connections":', "1}"]
    assert leveret("user", "clear-limits", "guest").status == 0
    assert leveret("user", "list-limits", "--json").json == []
    assert leveret("vhost", "set-limits", "/", '{"max-queues": 0}').status == 0
    with connect(broker) as connection:
        with pytest.raises(pika.exceptions.ChannelClosedByBroker, match="queue limit"):
            connection.channel().queue_declare("q")
        assert leveret("vhost", "clear-limits", "/").status == 0
        connection.channel().queue_declare("q")
    assert leveret("vhost", "list-limits", "/", "--json").json == [{"vhost": "/", "limits": {}}]
    wrong = leveret("vhost", "set-limits", "/", '{"max-queues": "x"}')
    assert wrong.err == 'leveret: Validation failed; max-queues should be a number, actually was <<"x">>\n'


def test_status_and_alarms(leveret, broker):
    with connect(broker) as connection:
        connection.channel().queue_declare("q")
        status = leveret("status", "--json").json
        assert (status["totals"]["queues"], status["totals"]["connections"], status["totals"]["channels"]) == (1, 1, 1)
        assert status["alarms"] == []
        assert leveret("alarm", "set-memory-limit", "0").status == 0
        assert ["alarms", "memory"] in leveret("status").lines
        assert leveret("alarm", "set-memory-limit", "2GiB").status == 0
        assert leveret("status", "--json").json["memory"]["limit"] == 2 * 1024**3
        assert leveret("alarm", "set-disk-free-limit", "500kB").status == 0
        status = leveret("status", "--json").json
        assert (status["alarms"], status["disk"]["limit"]) == ([], 500_000)
        assert leveret("alarm", "set-memory-limit", "much").status == 2
