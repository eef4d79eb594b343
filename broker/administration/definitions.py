"""Definitions: all of a node's at once, as RabbitMQ exports and imports them."""

from collections.abc import Mapping
from typing import Any

from broker.administration.verbs import Verbs
from broker.turn import Turn


class DefinitionVerbs(Verbs):
    def export_definitions(self) -> dict[str, Any]:
        """Users with the hashes of their passwords, virtual hosts, permissions, policies, limits, queues, exchanges,
        bindings. No message.
        """
        # Here, as every start would pay for it: 4 ms with what imports take.
        from broker.administration.exporting import exported

        return exported(self._node)

    def import_definitions(self, definitions: Mapping[str, Any], *, vhost: str | None = None) -> list[str]:
        """Put them in beside what there is; a sentence for all that has no counterpart here. Refused where something
        cannot be; what came before it stays, as in RabbitMQ.

        ``vhost`` is where things are that do not say it, as RabbitMQ exports those of one virtual host.
        """
        from broker.administration.importing import Importing

        name = self._vhost(vhost).name if vhost is not None else self._node.config.vhost

        def put(turn: Turn) -> list[str]:
            importing = Importing(self._node, name, turn)
            importing.put(definitions)
            return importing.left_out

        return self._do(put)
