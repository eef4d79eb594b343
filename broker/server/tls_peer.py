"""TlsPeer: a peer whose bytes come and go in TLS. Before it may say anything the two shake hands.

The time for that is part of the time a client has to open its connection, and it is the session that keeps it.
"""

import logging
import socket
import ssl
from functools import partial
from time import thread_time
from typing import Any

import trio

from broker.certificate import Certificate
from broker.server.peer import Peer
from broker.server.shell import Shell
from broker.server.tls_socket import TlsSocket
from broker.session.secured import Secured

log = logging.getLogger("leveret")

# What the hop to the thread and back takes of the broker's own.
_HOP_S = 0.0002
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
            agreed = await self._shake_hands()
        except OSError:
            await self._piece(self._left_early)
            return
        if agreed:
            self._session.secure(_secured(self._tls.tls))
            await super()._read()

    async def _shake_hands(self) -> bool:
        """Whether the two agree. A thread does it: see ``tls_socket``; what does not look like TLS fails at once."""
        tls = self._tls
        done = False
        while not done:
            if await tls.hear():
                await self._piece(_permission)
                answer, seconds = await trio.to_thread.run_sync(self._answer, limiter=self._threads)
                self._shell.governor.charge(seconds)
                if isinstance(answer, ssl.SSLError):
                    await self._piece(partial(self._refuse, answer))
                    return False
                done = answer
            elif not await self._piece(self._fail):
                return False
            await tls.told()
        tls.agreed()
        return True

    def _answer(self) -> tuple[bool | ssl.SSLError, float]:
        """In the thread: and how long it took, in seconds of CPU."""
        begun = thread_time()
        answer = self._tls.shake_hands()
        return answer, thread_time() - begun + _HOP_S

    def _fail(self) -> bool:
        """Whether it does not."""
        answer = self._tls.shake_hands()
        if isinstance(answer, ssl.SSLError):
            self._refuse(answer)
            return False
        return True

    def _refuse(self, error: ssl.SSLError) -> None:
        self._tls.say_why()
        log.warning("%s: TLS handshake failed: %s", self._session.peer, _reason(error))
        self._disconnect()

    def _left_early(self) -> None:
        if self._tls.begun and not self._session.ending:
            # So do many who do not trust the certificate.
            log.warning("%s: TLS handshake failed: the client left in the midst of it", self._session.peer)
        self._disconnect()


def _permission() -> None:
    """The thread's work is another's."""


def _secured(tls: ssl.SSLObject) -> Secured:
    fields: Any = tls.getpeercert()
    return Secured(tls.version() or "", (tls.cipher() or ("",))[0], Certificate(fields) if fields else None)


def _reason(error: ssl.SSLError) -> str:
    """In OpenSSL's words, which people search for: ``no shared cipher``."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate verify failed: {error.verify_message}"
    reason = (error.reason or str(error)).replace("_", " ").lower()
    return f"{reason}; the client may not speak TLS" if error.reason in _NO_TLS else reason
