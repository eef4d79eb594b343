"""Virtual hosts: which there are, and what is set of them as such."""

from collections.abc import Sequence
from typing import Any

from broker.administration.refused import Refused
from broker.administration.verbs import Verbs
from broker.queues.arguments import SUPPORTED_TYPES
from broker.turn import Turn

_NAME_MAX_BYTES = 255


class VhostVerbs(Verbs):
    def add_vhost(
        self,
        name: str,
        *,
        description: str | None = None,
        tags: Sequence[str] | None = None,
        default_queue_type: str | None = None,
    ) -> None:
        """Nobody may enter it yet. ``default_queue_type``: classic, quorum or stream; None leaves it to the node.

        As with RabbitMQ one that is there already stays as it is.
        """
        if name in self._node.vhosts:
            return
        if len(name.encode(errors="surrogateescape")) > _NAME_MAX_BYTES:
            raise Refused(f"a virtual host's name has {_NAME_MAX_BYTES} bytes at most")
        metadata = _metadata(description, tags, default_queue_type)

        def add(_turn: Turn) -> None:
            self._node.add_vhost(name, **metadata)

        self._do(add)

    def update_vhost_metadata(
        self,
        name: str,
        *,
        description: str | None = None,
        tags: Sequence[str] | None = None,
        default_queue_type: str | None = None,
    ) -> None:
        """What is None stays as it is."""
        vhost = self._vhost(name)
        given = _metadata(description, tags, default_queue_type)
        self._do(lambda _: vhost.set_metadata(**{key: value for key, value in given.items() if value is not None}))

    def delete_vhost(self, name: str) -> None:
        """With all that is in it; the connections of those who use it are closed (320)."""
        self._vhost(name)
        self._do(lambda turn: self._node.delete_vhost(name, turn))

    def list_vhosts(self) -> list[dict[str, Any]]:
        """``name``, ``tracing``, ``default_queue_type`` and what else was set of each."""
        return [
            {
                "description": "",
                "tags": [],
                **vhost.metadata,
                "name": vhost.name,
                "default_queue_type": vhost.default_queue_type,
                "tracing": vhost.firehose is not None,
            }
            for vhost in self._node.vhosts.values()
        ]

    def trace_on(self, *, vhost: str | None = None) -> None:
        """Copies of all messages go to ``amq.rabbitmq.trace``, until ``trace_off`` or a restart."""
        name = self._vhost(vhost).name
        self._do(lambda _: self._node.set_tracing(name, True))

    def trace_off(self, *, vhost: str | None = None) -> None:
        """And no more."""
        name = self._vhost(vhost).name
        self._do(lambda _: self._node.set_tracing(name, False))

    def list_queues(self, *, vhost: str | None = None) -> list[dict[str, Any]]:
        """Names, types and properties, and how many messages are ready and consumers are there."""
        return [
            {
                "name": queue.name,
                "type": queue.kind,
                "durable": queue.durable,
                "auto_delete": queue.auto_delete,
                "exclusive": queue.exclusive_owner is not None,
                "messages_ready": queue.message_count,
                "consumers": queue.consumer_count,
            }
            for queue in self._vhost(vhost).queues.values()
        ]


def _metadata(description: str | None, tags: Sequence[str] | None, kind: str | None) -> dict[str, Any]:
    if kind is not None and kind not in SUPPORTED_TYPES:
        raise Refused(f"Unsupported default queue type '{kind}'; there are {', '.join(SUPPORTED_TYPES)}")
    return {
        "description": description,
        "tags": None if tags is None else list(tags),
        "default_queue_type": kind,
    }
