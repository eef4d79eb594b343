"""Users and virtual hosts: who comes in where, what outlives a restart, and who is sent away."""

import pamqp.frame
import pytest

from broker.administration import Refused
from tests.conversation import Broker, Client, Connection
from tests.streams.faulty import FaultyFiles


@pytest.fixture
def broker():
    return Broker()


def knock(broker: Broker, user: str, password: str, **settings) -> Client:
    """Up to the answer to start-ok."""
    client = broker.accept(**settings)
    client.send_bytes(b"AMQP\x00\x00\x09\x01")
    client.expect(Connection.Start)
    client.send(0, client.start_ok(user, password))
    return client


def refused(broker: Broker, user: str, password: str, **settings) -> bool:
    (got,) = knock(broker, user, password, **settings).frames()
    if isinstance(got.method, Connection.Tune):
        return False
    assert (got.reply_code, got.class_id) == (403, 0)
    return True


def test_a_user_comes_in_where_permissions_were_given(broker):
    broker.admin.add_user("bob", "secret")
    broker.admin.add_vhost("garden")
    broker.admin.set_permissions("bob", ".*", ".*", ".*", vhost="garden")
    client = broker.connect(1, user="bob", password="secret", vhost="garden")
    client.declare("q")
    assert set(broker.node.vhosts["garden"].queues) == {"q"}
    assert broker.queues == set()


def test_a_user_without_permissions_is_kept_out_of_the_virtual_host(broker):
    broker.admin.add_user("bob", "secret")
    client = knock(broker, "bob", "secret")
    client.expect(Connection.Tune)
    client.send(0, Connection.TuneOk(2047, 131072, 0), Connection.Open("/"))
    client.expect_closed(530, "NOT_ALLOWED - access to vhost '/' refused for user 'bob'", Connection.Open)


def test_who_is_unknown_or_wrong_is_refused_alike(broker):
    broker.admin.add_user("bob", "secret")
    assert not refused(broker, "bob", "secret")
    assert refused(broker, "bob", "wrong")
    assert refused(broker, "bob", "")
    assert refused(broker, "nobody", "secret")
    broker.admin.change_password("bob", "new")
    assert refused(broker, "bob", "secret")
    assert not refused(broker, "bob", "new")
    broker.admin.clear_password("bob")
    assert refused(broker, "bob", "new")
    assert refused(broker, "bob", "")


def test_guest_comes_from_this_machine_only(broker):
    assert not refused(broker, "guest", "guest", host="127.8.9.10")
    assert not refused(broker, "guest", "guest", host="[::1]")
    assert not refused(broker, "guest", "guest", host="[::ffff:127.0.0.1]")
    assert refused(broker, "guest", "guest", host="10.0.0.2")
    assert "user 'guest' can only connect via localhost" in broker.notices[-2] + broker.notices[-1]


def test_others_come_from_anywhere(broker):
    broker.admin.add_user("bob", "secret")
    assert not refused(broker, "bob", "secret", host="10.0.0.2")
    assert not refused(Broker(loopback_users=()), "guest", "guest", host="10.0.0.2")


def test_a_deleted_user_is_sent_away(broker):
    broker.admin.add_user("bob", "bob")
    broker.admin.set_permissions("bob", ".*", ".*", ".*")
    bob, guest = broker.connect(1, user="bob"), broker.connect(1)
    broker.admin.delete_user("bob")
    bob.expect_closed(320, "CONNECTION_FORCED - user 'bob' is deleted")
    guest.expect_nothing()
    assert refused(broker, "bob", "bob")


def test_who_is_deleted_between_login_and_open_finds_the_door_shut(broker):
    broker.admin.add_user("bob", "bob")
    broker.admin.set_permissions("bob", ".*", ".*", ".*")
    bob = knock(broker, "bob", "bob")
    bob.expect(Connection.Tune)
    bob.send(0, Connection.TuneOk(2047, 131072, 0))
    broker.admin.delete_user("bob")
    bob.send(0, Connection.Open("/"))
    bob.expect_closed(530, "NOT_ALLOWED - access to vhost '/' refused for user 'bob'")


def test_a_connection_is_closed_for_no_reason(broker):
    client = broker.connect(1)
    (connection,) = broker.admin.list_connections()
    broker.admin.close_connection(connection["pid"], "")
    client.expect_closed(320, "CONNECTION_FORCED - ")


def test_a_virtual_host_that_is_there_may_be_added_again(broker):
    client = broker.connect(1)
    client.declare("q")
    broker.admin.add_vhost("/", default_queue_type="quorum")
    assert "q" in broker.node.vhosts["/"].queues
    assert "default_queue_type" not in broker.node.vhosts["/"].metadata
    client.expect_nothing()


def test_a_deleted_virtual_host_takes_its_connections_and_queues_along(broker):
    broker.admin.add_vhost("garden")
    broker.admin.set_permissions("guest", ".*", ".*", ".*", vhost="garden")
    inside, outside = broker.connect(1, vhost="garden"), broker.connect(1)
    inside.declare("q", durable=True)
    broker.admin.delete_vhost("garden")
    inside.expect_closed(320, "CONNECTION_FORCED - vhost 'garden' is deleted")
    outside.expect_nothing()
    broker.admin.add_vhost("garden")
    assert not broker.node.access.may_enter("guest", "garden")
    assert not broker.node.vhosts["garden"].queues


def test_the_default_virtual_host_may_go_too(broker):
    client = broker.connect(1)
    broker.admin.delete_vhost("/")
    client.expect_closed(320, "CONNECTION_FORCED - vhost '/' is deleted")
    broker.admin.add_vhost("other")
    with pytest.raises(Refused, match="Virtual host '/' does not exist"):
        broker.admin.list_permissions()


def test_what_cannot_be_is_refused_in_words(broker):
    admin = broker.admin
    for words, verb in {
        'User "guest" already exists': lambda: admin.add_user("guest", "x"),
        'User "nobody" does not exist': lambda: admin.delete_user("nobody"),
        "Virtual host 'no' does not exist": lambda: admin.set_permissions("guest", "", "", "", vhost="no"),
        'failed to authenticate user "guest"': lambda: admin.authenticate_user("guest", "x"),
    }.items():
        with pytest.raises(Refused) as error:
            verb()
        assert str(error.value) == words
    with pytest.raises(Refused, match="Invalid regexp"):
        admin.set_permissions("guest", "(", "", "")
    admin.authenticate_user("guest", "guest")


def told(admin):
    """All that there is to tell."""
    return (
        admin.list_users(),
        admin.list_vhosts(),
        admin.list_user_permissions("bob"),
        admin.list_permissions(),
        admin.list_topic_permissions(vhost="garden"),
    )


def test_all_of_it_outlives_a_restart():
    files = FaultyFiles()
    before = Broker(files=files)
    admin = before.admin
    admin.add_user("bob", "secret", tags=["management", "impersonator"])
    admin.add_user("gone", "x")
    admin.add_vhost("garden", description="of hares", tags=["green"], default_queue_type="quorum")
    admin.add_vhost("gone")
    admin.set_permissions("bob", "^a", "^b", "", vhost="garden")
    admin.set_permissions("bob", "", "", "", vhost="gone")
    admin.set_topic_permissions("bob", "amq.topic", "^{username}", ".*", vhost="garden")
    admin.set_topic_permissions("bob", "amq.topic", "^x", ".*", vhost="/")
    admin.clear_topic_permissions("bob", vhost="/")
    admin.delete_user("gone")
    admin.delete_vhost("gone")
    said = told(admin)
    before.stop()
    after = Broker(files=files).admin
    assert told(after) == said
    after.authenticate_user("bob", "secret")


def test_a_deleted_guest_does_not_come_back():
    files = FaultyFiles()
    before = Broker(files=files)
    before.admin.add_user("bob", "secret")
    before.admin.delete_user("guest")
    before.stop()
    assert refused(Broker(files=files), "guest", "guest")


def test_a_user_whom_the_configuration_names_is_there_beside_those_that_were_kept():
    files = FaultyFiles()
    Broker(files=files).stop()
    broker = Broker(files=files, user="bob", password="secret")
    assert not refused(broker, "bob", "secret")
    assert not refused(broker, "guest", "guest")


def test_another_password_of_the_configuration_changes_nothing_and_is_said():
    files = FaultyFiles()
    Broker(files=files).stop()
    broker = Broker(files=files, password="other")
    assert refused(broker, "guest", "other")
    assert any("user 'guest' has another password than the configuration says" in text for text in broker.notices)


def test_what_a_client_sends_behind_its_login_waits_for_the_answer(broker):
    client = broker.accept()
    client.send_bytes(b"AMQP\x00\x00\x09\x01")
    client.expect(Connection.Start)
    client.send(0, client.start_ok(), Connection.TuneOk(2047, 131072, 0), Connection.Open("/"))
    client.expect(Connection.Tune)
    client.expect(Connection.OpenOk)


def test_a_client_that_is_gone_before_its_login_is_looked_at(broker):
    client = broker.accept()
    with broker.turn() as turn:
        client.session.receive(b"AMQP\x00\x00\x09\x01", turn)
    client.expect(Connection.Start)
    turn = broker.node.turn()

    client.session.receive(pamqp.frame.marshal(client.start_ok(), 0), turn)
    turn.finish()
    client.die()
    assert client.session not in broker.node.sessions


def test_who_was_deleted_and_made_anew_between_login_and_open_is_another(broker):
    """A login that stood open let whoever knew the old password in as the new user."""
    bob = half_way_in(broker)
    broker.admin.delete_user("bob")
    broker.admin.add_user("bob", "another")
    broker.admin.set_permissions("bob", ".*", ".*", ".*")
    bob.send(0, Connection.Open("/"))
    bob.expect_closed(530, "NOT_ALLOWED - access to vhost '/' refused for user 'bob'")


def test_who_has_a_new_password_between_login_and_open_stays(broker):
    bob = half_way_in(broker)
    broker.admin.change_password("bob", "another")
    bob.call(0, Connection.Open("/"), Connection.OpenOk)


def half_way_in(broker: Broker) -> Client:
    """Logged in, and in no virtual host."""
    broker.admin.add_user("bob", "bob")
    broker.admin.set_permissions("bob", ".*", ".*", ".*")
    bob = knock(broker, "bob", "bob")
    bob.expect(Connection.Tune)
    bob.send(0, Connection.TuneOk(2047, 131072, 0))
    return bob


def test_a_login_under_way_while_its_user_is_deleted_and_made_anew_fails(broker):
    broker.admin.add_user("bob", "bob")
    client = broker.accept()
    client.send_bytes(b"AMQP\x00\x00\x09\x01")
    client.expect(Connection.Start)
    turn = broker.node.turn()
    client.session.receive(pamqp.frame.marshal(client.start_ok("bob", "bob"), 0), turn)
    turn.finish()
    (asked,) = broker.node.take_checks()
    asked.check.perform()
    broker.admin.delete_user("bob")
    broker.admin.add_user("bob", "another")
    with broker.turn() as turn:
        asked.then(asked.check, turn)
    assert client.expect(Connection.Close, 0).reply_code == 403
