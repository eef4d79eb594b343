"""TlsPeer: a peer whose bytes come and go in TLS. Before it may say anything the two shake hands.

The time for that is part of the time a client has to open its connection, and it is the session that keeps it.
"""

import logging
import socket
import ssl
from typing import Any

import trio

from broker.certificate import Certificate
from broker.server.peer import Peer
from broker.server.shell import Shell
from broker.server.tls_socket import TlsSocket
from broker.session.secured import Secured

log = logging.getLogger("leveret")

# What OpenSSL says of AMQP's header, and of browsers.
_NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST"})


class TlsPeer(Peer):
    """``context`` says which certificates the server shows, and whose it takes; ``threads`` how many peers at most
    shake hands at the same time.
    """

    __slots__ = ("_threads", "_tls")

    def __init__(
        self,
        sock: socket.socket,
        shell: Shell,
        tasks: trio.Nursery,
        context: ssl.SSLContext,
        threads: trio.CapacityLimiter,
    ) -> None:
        self._threads = threads
        self._tls = TlsSocket(sock, context)
        super().__init__(sock, shell, tasks, self._tls)

    async def _read(self) -> None:
        try:
            await self._tls.handshake(self._threads)
        except ssl.SSLError as error:
            log.warning("%s: TLS handshake failed: %s", self._session.peer, _reason(error))
            return
        except OSError:
            if self._tls.begun and not self._session.ending:
                # So do many who do not trust the certificate.
                log.warning("%s: TLS handshake failed: the client left in the midst of it", self._session.peer)
            return
        self._session.secure(_secured(self._tls.tls))
        await super()._read()


def _secured(tls: ssl.SSLObject) -> Secured:
    fields: Any = tls.getpeercert()
    return Secured(tls.version() or "", (tls.cipher() or ("",))[0], Certificate(fields) if fields else None)


def _reason(error: ssl.SSLError) -> str:
    """In OpenSSL's words, which people search for: ``no shared cipher``."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate verify failed: {error.verify_message}"
    reason = (error.reason or str(error)).replace("_", " ").lower()
    return f"{reason}; the client may not speak TLS" if error.reason in _NO_TLS else reason
