"""Values of JSON as Erlang prints them (``~tp``), because RabbitMQ's refusals of policies show them so."""

from collections.abc import Mapping
from typing import Any

from protocol.amqp import erlang


def term(value: Any) -> str:
    """An Erlang term in one line; what is no JSON as Python shows it."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(term, value)) + "]"
    if isinstance(value, Mapping):
        return "#{" + ",".join(f"{term(name)} => {term(value[name])}" for name in sorted(value)) + "}"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float):
        return _float(value)
    return str(value) if isinstance(value, int) else repr(value)


def _text(value: str) -> str:
    if value.isascii():
        return erlang.binary(value.encode())
    return (
        '<<"' + "".join(erlang.binary(part.encode())[3:-3] if part.isascii() else part for part in value) + '"/utf8>>'
    )


def _float(value: float) -> str:
    digits, e, exponent = repr(value).partition("e")
    return f"{digits}{'' if '.' in digits else '.0'}e{int(exponent)}" if e else digits
