"""A door into a node of ours: Erlang expressions in, their values out, in less than a millisecond each.

rabbitmqctl takes one to four seconds for that, and erl_call, which joins the node anew each time, has to wait for five
seconds now and then. So rabbitmqctl is used once, to have the node listen on a port of its own.
"""

import socket
import struct
import threading
from collections.abc import Callable

from interop.rabbitmq.ports import free_ports

_LISTENER = """
spawn(fun() ->
    {{ok, Listener}} = gen_tcp:listen({port}, [binary, {{packet, 4}}, {{active, false}}, {{ip, {{127, 0, 0, 1}}}}]),
    {{ok, Socket}} = gen_tcp:accept(Listener),
    Serve = fun Serve() ->
        {{ok, Text}} = gen_tcp:recv(Socket, 0),
        Value = try
            {{ok, Tokens, _}} = erl_scan:string(unicode:characters_to_list(Text)),
            {{ok, Expressions}} = erl_parse:parse_exprs(Tokens),
            element(2, erl_eval:exprs(Expressions, []))
        catch
            _:Thrown -> {{error, Thrown}}
        end,
        ok = gen_tcp:send(Socket, unicode:characters_to_binary(io_lib:format("~0tp", [Value]))),
        Serve()
    end,
    Serve()
end).
"""
# Deleting a virtual host with its queues takes longest.
_PATIENCE_S = 60.0
_TRIES = 100


class Evaluator:
    """``ctl`` speaks by rabbitmqctl. May be used by several threads."""

    def __init__(self, ctl: Callable[..., str]) -> None:
        port = free_ports("evaluator")["evaluator"]
        ctl("eval", _LISTENER.format(port=port))
        self._socket = _connected(port)
        self._asking = threading.Lock()

    def __call__(self, expression: str) -> str:
        """The value as text; of what the expression throws, {error,THROWN}."""
        text = f"{expression}.".encode()
        with self._asking:
            self._socket.sendall(struct.pack(">I", len(text)) + text)
            (size,) = struct.unpack(">I", self._receive(4))
            return self._receive(size).decode()

    def close(self) -> None:
        self._socket.close()

    def _receive(self, size: int) -> bytes:
        received = b""
        while len(received) < size:
            data = self._socket.recv(size - len(received))
            if not data:
                raise ConnectionError("the node is gone")
            received += data
        return received


def _connected(port: int) -> socket.socket:
    """The process that listens was spawned a moment ago."""
    for _ in range(_TRIES):
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE_S)
        except ConnectionRefusedError:
            continue
    raise ConnectionError("the node does not listen for expressions")
