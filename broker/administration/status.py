"""Status: what the node is, how much there is in it, and whether publishers wait."""

from typing import Any

import broker
from broker.administration.verbs import Verbs
from broker.node import NAME
from protocol import native


class StatusVerbs(Verbs):
    def status(self) -> dict[str, Any]:
        """Names and versions, ``alarms`` that stand, ``memory`` and ``disk`` in bytes with their limits, ``totals``.

        What is free on the disk is None where nobody has looked.
        """
        node = self._node
        alarms = node.alarms
        vhosts = list(node.vhosts.values())
        return {
            "node": NAME,
            "leveret_version": broker.__version__,
            "compiled": native.COMPILED,
            "rabbitmq_version": node.profile.version,
            "profile": node.config.profile,
            "alarms": [name for name, stands in (("memory", alarms.memory), ("disk", alarms.disk)) if stands],
            "memory": {
                "queues": round(node.gauge.bytes),
                "process": alarms.process_bytes,
                "limit": alarms.memory_limit_bytes,
            },
            "disk": {"free": alarms.disk_free_bytes, "limit": alarms.disk_free_limit_bytes},
            "totals": {
                "vhosts": len(vhosts),
                "users": len(node.access.users),
                "connections": sum(session.vhost is not None for session in node.sessions),
                "channels": sum(len(session.channels) for session in node.sessions),
                "queues": sum(len(vhost.queues) for vhost in vhosts),
                "messages_ready": sum(queue.message_count for vhost in vhosts for queue in vhost.queues.values()),
                "consumers": sum(queue.consumer_count for vhost in vhosts for queue in vhost.queues.values()),
            },
        }
