"""The well-behaved pair, measured in two ways.

*Full*: as fast as the broker goes, with confirms and acks: that is the rate. *Paced*: a fixed rate, one message a
write, an ack for each: that is the latency, from the write to the delivery.
"""

import gc
import time
import uuid

from pamqp import commands

from interop.bench import wire
from interop.bench.client import Client
from interop.bench.ends import ConfirmedPublisher, Consumer, Publisher
from interop.bench.flow import Flow, paced
from interop.bench.process import cpu_seconds
from interop.bench.result import Figures, percentiles

_BODY_BYTES = 16
_WINDOW = 1_000
_BLOCK = 100
_PREFETCH = 1_000
_TAPE = wire.AckTape(ready=100_000)


class Pair:
    """A publisher and a consumer on connections of their own, with a queue between them, for as long as the block.

    The same connections are measured quiet and under siege.
    """

    def __init__(self, url: str, pid: int, *, pace: int) -> None:
        self._url = url
        self._pid = pid
        self._pace = pace
        self._owner, self._sender = Client(url), Client(url)
        self._clients = [self._owner, self._sender]
        self._flow = self._full_flow(url)
        self._paced = self._paced_ends(url)

    def _client(self, url: str) -> Client:
        client = Client(url)
        self._clients.append(client)
        return client

    def _full_flow(self, url: str) -> Flow:
        queue, block = self._queue(self._owner, self._sender, _BLOCK)
        consumer = Consumer(self._owner, queue, prefetch=_PREFETCH, ack_every=_PREFETCH // 4, tape=_TAPE)
        return Flow(ConfirmedPublisher(self._sender, block, _WINDOW), [consumer])

    def _paced_ends(self, url: str) -> tuple[Publisher, Consumer]:
        owner, sender = self._client(url), self._client(url)
        queue, block = self._queue(owner, sender, 1)
        return Publisher(sender, block), Consumer(owner, queue, prefetch=_PREFETCH, ack_every=1, tape=_TAPE)

    def _queue(self, owner: Client, sender: Client, count: int) -> tuple[str, wire.Block]:
        name = f"pair-{uuid.uuid4().hex[:8]}"
        owner.call(commands.Queue.Declare(queue=name, exclusive=True))
        block = wire.publish_block("", name, _BODY_BYTES, rich=False, frame_max=sender.frame_max, count=count)
        return name, block

    def full(self, seconds: float) -> Figures:
        """``rate`` in messages a second, from publish to ack; ``cpu``: cores the broker took."""
        flow = self._flow
        before, cpu, begun = flow.received, cpu_seconds(self._pid), time.perf_counter()
        flow.run(seconds)
        took = time.perf_counter() - begun
        figures = {"rate": (flow.received - before) / took, "cpu": (cpu_seconds(self._pid) - cpu) / took}
        flow.finish()
        return figures

    def paced(self, seconds: float) -> Figures:
        """``p50_ms``, ``p99_ms``, ``max_ms``; ``pace``: what was delivered a second; ``cpu``: cores the broker took."""
        publisher, consumer = self._paced
        gc.collect()
        cpu, begun = cpu_seconds(self._pid), time.perf_counter()
        taken = paced(publisher, consumer, self._pace, seconds)
        took = time.perf_counter() - begun
        figures = percentiles(taken)
        figures |= {"max_ms": max(taken) * 1000, "pace": len(taken) / took}
        return figures | {"cpu": (cpu_seconds(self._pid) - cpu) / took}

    def newcomer(self) -> Figures:
        """``newcomer_ms``: how long a client needs from its first byte to a queue of its own, the pair being at work.

        Nothing is promised to it; but it must come in.
        """
        self._publish_now_and_then()
        begun = time.perf_counter()
        with Client(self._url) as client:
            client.call(commands.Queue.Declare(queue="", exclusive=True))
            return {"newcomer_ms": (time.perf_counter() - begun) * 1000}

    def _publish_now_and_then(self) -> None:
        """So that messages flow."""
        paced(*self._paced, self._pace, 0.1)

    def close(self) -> None:
        """Take leave."""
        for client in self._clients:
            client.close()
