"""A conversation written in the steps' own words, to be pasted into conversations/."""

from typing import Any

from interop.conformance.steps import Again, Call, Conversation, Drop, Pause, Publish, Raw, Send, Settle, Step
from interop.conformance.wire import Typed


def spoken(conversation: Conversation, name: str) -> str:
    words = "".join(f"    {_word(step)},\n" for step in conversation.steps)
    return f"conversation(\n    {name!r},\n{words})"


def _word(step: Step) -> str:
    match step:
        case Again(c, ch):
            return f"again({c!r}, {ch})"
        case Settle(queues):
            return f"settle({', '.join(map(repr, queues))})"
        case Pause(seconds):
            return f"pause({seconds})"
        case Drop(c):
            return f"drop({c!r})"
        case Raw(data, label, c):
            return f"raw({data!r}, {c!r}, {label!r})"
        case Send(method, arguments, c, ch):
            return _said("send", [method], arguments, c, ch)
        case Call(method, arguments, c, ch, save):
            return _said("call", [method], ({"save": save} if save else {}) | arguments, c, ch)
        case Publish(arguments, properties, body, c, ch, split):
            named = {bit: True for bit in ("mandatory", "immediate") if arguments[bit]} | properties
            if split:
                named = {"split": split, **named}
            return _said("publish", [arguments["exchange"], arguments["routing_key"], body], named, c, ch)
    return repr(step)


def _said(word: str, values: list[Any], named: dict[str, Any], c: str, ch: int) -> str:
    place = ([f"c={c!r}"] if c != "a" else []) + ([f"ch={ch}"] if ch != 1 else [])
    shown = [*map(_value, values), *place, *(f"{name}={_value(value)}" for name, value in named.items())]
    return f"{word}({', '.join(shown)})"


def _value(value: Any) -> str:
    match value:
        case Typed():
            return f"Typed({value.tag!r}, {value.value!r})"
        case dict():
            return "{" + ", ".join(f"{key!r}: {_value(item)}" for key, item in value.items()) + "}"
        case list():
            return f"[{', '.join(map(_value, value))}]"
    return repr(value)
