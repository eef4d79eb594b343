"""Connections: who is there, and sending them away."""

from typing import Any

from broker.administration.refused import Refused
from broker.administration.verbs import Verbs
from broker.session.session import Session
from broker.turn import Turn
from protocol.amqp.errors import connection_forced


class Connections(Verbs):
    def list_connections(self) -> list[dict[str, Any]]:
        """``pid`` (which tells them apart), ``name``, ``user``, ``vhost``, ``peer``, whether by ``ssl``, and how many
        ``channels`` of each that is open.
        """
        return [self._shown(session) for session in self._node.sessions if session.vhost is not None]

    def close_connection(self, pid: str, reason: str) -> None:
        """The client is told 320, with the reason."""
        found = [session for session in self._node.sessions if pid in (self._pid(session), session.connection_name)]
        if not found:
            raise Refused(f"Connection '{pid}' does not exist")
        self._close(found, reason)

    def close_all_connections(self, reason: str, *, vhost: str | None = None, user: str | None = None) -> int:
        """Those of a virtual host, of a user, or all; how many they were."""
        found = [
            session
            for session in self._node.sessions
            if session.vhost is not None
            and (vhost is None or session.vhost.name == vhost)
            and (user is None or session.user == user)
        ]
        self._close(found, reason)
        return len(found)

    def _close(self, sessions: list[Session], reason: str) -> None:
        def close(turn: Turn) -> None:
            for session in sessions:
                session.fail(connection_forced(reason), turn)

        self._do(close)

    def _pid(self, session: Session) -> str:
        return self._node.events.connection_pid(session)

    def _shown(self, session: Session) -> dict[str, Any]:
        return {
            "pid": self._pid(session),
            "name": session.connection_name,
            "user": session.user,
            "vhost": session.vhost.name if session.vhost is not None else "",
            "peer": session.peer,
            "ssl": session.secured is not None,
            "channels": len(session.channels),
        }
