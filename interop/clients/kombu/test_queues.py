"""What a kombu Queue can ask of the broker: time to live, lengths, priorities, dead letters, bindings; mailboxes."""

import socket
import threading

import pytest

from interop.clients.process import INSTALL, eventually

kombu = pytest.importorskip("kombu", reason=INSTALL)
pidbox = pytest.importorskip("kombu.pidbox", reason=INSTALL)


@pytest.fixture
def declare(connection, unique):
    declared = []

    def declare_one(name, **settings):
        queue = kombu.Queue(unique(name), **settings)(connection.default_channel)
        queue.declare()
        declared.append(queue)
        return queue

    yield declare_one
    for queue in declared:
        queue.delete()


def publish(connection, queue, *bodies, **settings):
    producer = connection.Producer()
    for body in bodies:
        producer.publish(body, exchange="", routing_key=queue.name, **settings)


def drain(queue):
    found = []
    while (message := queue.get(no_ack=True)) is not None:
        found.append(message)
    return found


def test_the_highest_priority_first(connection, declare):
    queue = declare("q", max_priority=10)
    for priority in (0, 9, 3, 200, 5):
        publish(connection, queue, priority, priority=priority)
    assert [message.payload for message in drain(queue)] == [200, 9, 5, 3, 0]


def test_what_is_too_old_becomes_a_dead_letter(connection, declare):
    graves = declare("graves")
    queue = declare("q", message_ttl=0.1, queue_arguments=dead_letters_to(graves))
    publish(connection, queue, "body")
    (dead,) = dead_letters(graves, 1)
    (death,) = dead.headers["x-death"]
    assert (dead.payload, death["reason"], death["queue"]) == ("body", "expired", queue.name)


def test_what_is_too_much_becomes_a_dead_letter(connection, declare):
    graves = declare("graves")
    queue = declare("q", max_length=2, queue_arguments=dead_letters_to(graves))
    publish(connection, queue, *range(5))
    assert [message.payload for message in drain(queue)] == [3, 4]
    dead = dead_letters(graves, 3)
    assert [message.payload for message in dead] == [0, 1, 2]
    assert {message.headers["x-first-death-reason"] for message in dead} == {"maxlen"}


def test_what_is_rejected_becomes_a_dead_letter(connection, declare):
    graves = declare("graves")
    queue = declare("q", queue_arguments=dead_letters_to(graves))
    publish(connection, queue, "body")
    queue.get().reject()
    (dead,) = dead_letters(graves, 1)
    assert dead.headers["x-first-death-reason"] == "rejected"


def test_a_full_queue_refuses(connection, declare):
    queue = declare("q", max_length=1, queue_arguments={"x-overflow": "reject-publish"})
    publish(connection, queue, "first")
    with pytest.raises(connection.connection_errors + connection.channel_errors + (Exception,)) as refused:
        publish(connection, queue, "second")
    assert refused.type.__name__ == "MessageNacked"
    assert [message.payload for message in drain(queue)] == ["first"]


def test_an_unused_queue_expires(connection, declare):
    queue = declare("q", expires=0.3)
    assert exists(connection, queue.name)
    with pytest.raises(socket.timeout):
        connection.drain_events(timeout=1)  # whoever looks makes it wait anew
    assert not exists(connection, queue.name)


def exists(connection, name):
    channel = connection.channel()
    try:
        channel.queue_declare(name, passive=True)
    except connection.channel_errors:
        return False
    channel.close()
    return True


def dead_letters_to(graves):
    return {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": graves.name}


def dead_letters(graves, count):
    """They come in their own time, with RabbitMQ after the answer to what made them."""
    eventually(lambda: graves.queue_declare(passive=True).message_count >= count, f"{count} dead letters")
    return drain(graves)


def test_exchanges_are_bound_to_exchanges(connection, unique, declare):
    source = kombu.Exchange(unique("source"), "fanout", auto_delete=True)(connection.default_channel)
    middle = kombu.Exchange(unique("middle"), "direct", auto_delete=True)(connection.default_channel)
    source.declare()
    middle.declare()
    middle.bind_to(source)
    queue = declare("q", exchange=middle, routing_key="hare")
    source.publish(source.Message("body"), routing_key="hare")
    assert [message.body for message in drain(queue)] == ["body"]


def test_one_active_consumer_takes_over_from_another(connection, declare):
    queue = declare("q", queue_arguments={"x-single-active-consumer": True})
    seen = []
    first, second = (
        kombu.Consumer(
            connection.channel(), queue, no_ack=True, callbacks=[lambda body, _, name=name: seen.append((name, body))]
        )
        for name in ("first", "second")
    )
    first.consume()
    second.consume()
    publish(connection, queue, 1, 2)
    while len(seen) < 2:
        connection.drain_events(timeout=5)
    first.cancel()
    publish(connection, queue, 3)
    while len(seen) < 3:
        connection.drain_events(timeout=5)
    second.cancel()
    assert seen == [("first", 1), ("first", 2), ("second", 3)]


def test_a_mailbox_calls_its_nodes_and_hears_their_replies(url, unique):
    """How Celery's workers are controlled: a fanout exchange, auto-delete queues, replies to a queue of one's own."""
    ended = threading.Event()
    ready = threading.Barrier(3)

    def serve(name):
        with kombu.Connection(url) as connection:
            node = pidbox.Mailbox(unique("box"), type="fanout")(connection).Node(name, state=name)
            node.handlers["name"] = lambda state: state
            node.channel = connection.channel()
            with node.listen(channel=node.channel):
                ready.wait(10)
                while not ended.is_set():
                    try:
                        connection.drain_events(timeout=0.1)
                    except TimeoutError:
                        continue

    threads = [threading.Thread(target=serve, args=(name,)) for name in ("hare", "rabbit")]
    for thread in threads:
        thread.start()
    try:
        ready.wait(10)
        with kombu.Connection(url) as connection:
            mailbox = pidbox.Mailbox(unique("box"), type="fanout")(connection)
            replies = mailbox.call(["hare", "rabbit"], "name", timeout=5)
    finally:
        ended.set()
        for thread in threads:
            thread.join(10)
    assert sorted(next(iter(reply.values())) for reply in replies) == ["hare", "rabbit"]
