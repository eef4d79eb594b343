"""A Dramatiq program as its users write one. $BROKER_URL names the broker."""

import os
import time
from pathlib import Path

import dramatiq
from dramatiq.brokers.rabbitmq import RabbitmqBroker

dramatiq.set_broker(RabbitmqBroker(url=os.environ["BROKER_URL"], confirm_delivery=True, max_priority=10))


@dramatiq.actor(queue_name="warren")
def write(path, line):
    with Path(path).open("a", encoding="utf-8") as file:
        print(line, file=file)


@dramatiq.actor(queue_name="warren")
def write_time(path):
    write.fn(path, time.time())


@dramatiq.actor(queue_name="warren", max_retries=5, min_backoff=50, max_backoff=100)
def fragile(path, failures):
    """Fails that many times, each time leaving a line."""
    write.fn(path, "tried")
    if len(Path(path).read_text(encoding="utf-8").splitlines()) <= failures:
        raise RuntimeError("not yet")


@dramatiq.actor(queue_name="warren", max_retries=0)
def hopeless(path):
    write.fn(path, "tried")
    raise RuntimeError("never")
