"""Random conversations as a Hypothesis strategy: a beginning, then scenes and actions alone, settled."""

from collections.abc import Iterable, Iterator
from typing import Any

from hypothesis import strategies as st

from interop.conformance.steps import Call, Conversation, Send, Step, again, conversation, get, settle
from interop.conformance.wandering import declared, messages, scenes, scenes_of_exchanges, wrongs
from interop.conformance.wandering.names import QUEUES, Draw, bits, places

# How often each is said among all.
_SCENES: tuple[tuple[int, Any], ...] = (
    (4, scenes.takes),
    (4, scenes.dies),
    (2, scenes.comes_again),
    (6, scenes.serves),
    (4, scenes.compete),
    (5, scenes.transacts),
    (5, scenes.is_confirmed),
    (3, scenes.loses_its_queue),
    (2, scenes.asks),
    (4, scenes_of_exchanges.goes_through),
    (3, scenes_of_exchanges.falls_through),
    (2, scenes_of_exchanges.reads_a_stream),
)
_ACTIONS: tuple[tuple[int, Any], ...] = (
    (8, messages.publishes),
    (4, messages.gets),
    (4, messages.consumes),
    (2, messages.cancels),
    (3, messages.settles),
    (2, messages.limits),
    (1, messages.recovers),
    (2, messages.modes),
    (3, declared.declares_queue),
    (1, declared.deletes_queue),
    (1, declared.purges),
    (2, declared.declares_exchange),
    (1, declared.deletes_exchange),
    (3, declared.binds_queue),
    (1, declared.binds_exchange),
    (1, wrongs.ends),
    (1, wrongs.wrong_states),
    (1, wrongs.wrong_contents),
    (1, wrongs.wrong_frames),
)
_kinds = st.sampled_from([kind for often, kind in _ACTIONS for _ in range(often)])
_scenes = st.sampled_from([scene for often, scene in _SCENES for _ in range(often)])
_LEFT = 3


@st.composite
def _actions(draw: Draw) -> list[Step]:
    c, ch = draw(places)
    if draw(bits):
        steps = list(scenes.safely(draw(draw(_scenes)(c, ch))))
    else:
        steps = [again(c, ch), *draw(draw(_kinds)(c, ch))]
    return [*steps, settle(*QUEUES)]


@st.composite
def conversations(draw: Draw, name: str) -> Conversation:
    steps = [*draw(declared.beginnings()), *_flat(draw(st.lists(_actions(), min_size=1, max_size=15)))]
    return conversation(name, steps, _end(steps))


def _flat(actions: Iterable[list[Step]]) -> Iterator[Step]:
    for action in actions:
        yield from action


def _end(steps: list[Step]) -> list[Step]:
    """What is left in the queues, told by taking it."""
    declares = [step for step in steps if isinstance(step, Send | Call) and step.method == "queue.declare"]
    names = [queue for queue in QUEUES if any(step.arguments.get("queue") == queue for step in declares)]
    taken = ([again("a", 3), get(queue, ch=3, no_ack=True)] for queue in names for _ in range(_LEFT))
    return list(_flat(taken))
