"""What becomes of messages: dead letters, expiry, quorum queues, a broker that is restarted."""

from __future__ import annotations

import threading
import time

import kombu
from kombu.mixins import ConsumerMixin

from interop.clients.kombu.story.doors import a_queue, connected, consuming, drained, send, until, waited_for
from interop.clients.story.telling import restart_the_broker

_DEAD = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "story.dead"}
_PATIENCE_S = 60.0


def _death(message: kombu.Message) -> tuple[str, int, str]:
    death = message.headers["x-death"][0]
    return death["reason"], death["count"], death["queue"]


def dead_letter(url: str) -> None:
    with connected(url) as connection:
        dead = a_queue(connection, "story.dead", durable=True)
        living = a_queue(connection, "story.living", queue_arguments=_DEAD)
        with consuming(connection, dead) as (_, came):
            send(connection, "story.living", "poison")
            living.get().reject()
            until(connection, lambda: came, "the dead letter")
        (found,) = came
        assert found.payload == "poison"
        assert _death(found) == ("rejected", 1, "story.living")
        assert found.headers["x-first-death-queue"] == "story.living"


def message_ttl(url: str) -> None:
    with connected(url) as connection:
        for name, settings, options in (
            ("story.brief", {"message_ttl": 0.1}, {}),
            ("story.patient", {}, {"expiration": 0.1}),
        ):
            dead = a_queue(connection, "story.dead")
            queue = a_queue(connection, name, queue_arguments=_DEAD, **settings)
            began = time.monotonic()
            send(connection, name, "late", **options)
            found = waited_for(connection, dead)  # and with its consumer the queue goes
            assert found.payload == "late"
            assert _death(found) == ("expired", 1, name)
            assert time.monotonic() - began >= 0.1
            assert drained(queue) == []


def quorum(url: str) -> None:
    with connected(url, confirm_publish=True) as connection:
        arguments = {"x-queue-type": "quorum", "x-delivery-limit": 2}
        queue = kombu.Queue("story.quorum", queue_arguments=arguments)(connection.default_channel)
        queue.declare()
        try:
            send(connection, "story.quorum", "heavy")
            counts = []
            with consuming(connection, queue) as (_, came):
                for _ in range(3):
                    until(connection, lambda: came, f"more than {counts}")
                    message = came.pop()
                    assert message.payload == "heavy"
                    counts.append(message.headers.get("x-delivery-count", 0))
                    message.requeue()
            assert counts == [0, 1, 2]
            assert drained(queue) == []
        finally:
            queue.delete()


class _Worker(ConsumerMixin):
    """As kombu's own examples have it: it connects again, declares again and goes on."""

    def __init__(self, connection: kombu.Connection, queue: kombu.Queue) -> None:
        self.connection = connection
        self.came: list[object] = []
        self.times_connected = 0
        self._queue = queue
        self._changed = threading.Condition()

    def get_consumers(self, consumer: type[kombu.Consumer], channel: object) -> list[kombu.Consumer]:
        return [consumer([self._queue], callbacks=[self.on_task], prefetch_count=1)]

    def on_connection_revived(self) -> None:
        self.times_connected += 1

    def on_task(self, body: object, message: kombu.Message) -> None:
        with self._changed:
            self.came.append(body)
            self._changed.notify()
        # The one that is at work while the broker stops is done twice.
        if body != "too" or self.times_connected > 1:
            message.ack()

    def wait_for(self, body: object) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: body in self.came, _PATIENCE_S), f"only {self.came} came"


def restart(url: str) -> None:
    """kombu recovers by itself: a ConsumerMixin at the one end, retries of a publish at the other.

    Its log is not compared: whether it names RabbitMQ's 320 or the reset right behind that is a race.
    """
    queue = kombu.Queue("story.restart", durable=True)
    with connected(url, confirm_publish=True) as connection:
        worker = _Worker(kombu.Connection(url), queue)
        producer = connection.Producer()
        # A consumer's connection ends with its thread's loop, which looks every second whether it should.
        thread = threading.Thread(target=worker.run, daemon=True)
        thread.start()
        producer.publish("kept", routing_key=queue.name, declare=[queue])
        worker.wait_for("kept")
        producer.publish("too", routing_key=queue.name)
        worker.wait_for("too")
        restart_the_broker()
        policy = {"max_retries": 100, "interval_max": 0.5}
        producer.publish("new", routing_key=queue.name, retry=True, retry_policy=policy)
        worker.wait_for("new")
        worker.should_stop = True
        thread.join(_PATIENCE_S)
        assert worker.came == ["kept", "too", "too", "new"]
        assert worker.times_connected == 2
        queue(connection.default_channel).delete()
        worker.connection.release()
