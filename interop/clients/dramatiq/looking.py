"""What the tests of Dramatiq look at: the lines their actors wrote, and the queues."""

import pika


def lines(path):
    return path.read_text().splitlines() if path.exists() else []


def waiting(url, queue):
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        return connection.channel().queue_declare(queue, passive=True).method.message_count
