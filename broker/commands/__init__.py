"""The commands of an administrator. Here is only what `leveret --help` says of them: each has a module of its name,
which is imported when it is run, so that the broker's own start stays short.
"""

from collections.abc import Mapping

COMMANDS: Mapping[str, str] = {
    "alarm": "Limits of memory and disk, from which publishers wait.",
    "connection": "Who is connected; close connections.",
    "definitions": "Export and import all there is but messages, as RabbitMQ's JSON.",
    "hash-password": "The hash of a password, as definitions hold it.",
    "permission": "What users may do in virtual hosts, and with topics.",
    "policy": "Policies and operators' policies.",
    "queue": "The queues of a virtual host.",
    "status": "What the broker is, and how much there is in it.",
    "trace": "Copies of all messages to amq.rabbitmq.trace.",
    "user": "Users: passwords, tags, limits.",
    "vhost": "Virtual hosts.",
}
