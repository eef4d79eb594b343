"""Random conversations as a Hypothesis strategy: a beginning, then actions on two connections, each one settled."""

from collections.abc import Iterable, Iterator
from typing import Any

from hypothesis import strategies as st

from interop.conformance.steps import Call, Conversation, Send, Step, again, conversation, get, settle
from interop.conformance.wandering import declared, messages, wrongs
from interop.conformance.wandering.names import QUEUES, Draw, places

# How often each is said among all.
_ACTIONS: tuple[tuple[int, Any], ...] = (
    (12, messages.publishes),
    (6, messages.gets),
    (7, messages.consumes),
    (3, messages.cancels),
    (8, messages.settles),
    (2, messages.limits),
    (1, messages.recovers),
    (4, messages.modes),
    (5, declared.declares_queue),
    (2, declared.deletes_queue),
    (1, declared.purges),
    (3, declared.declares_exchange),
    (1, declared.deletes_exchange),
    (4, declared.binds_queue),
    (2, declared.binds_exchange),
    (2, wrongs.ends),
    (1, wrongs.wrong_states),
    (1, wrongs.wrong_contents),
    (1, wrongs.wrong_frames),
)
_kinds = st.sampled_from([kind for often, kind in _ACTIONS for _ in range(often)])
_LEFT = 3


@st.composite
def _actions(draw: Draw) -> list[Step]:
    c, ch = draw(places)
    kind = draw(_kinds)
    return [again(c, ch), *draw(kind(c, ch)), settle(*QUEUES)]


@st.composite
def conversations(draw: Draw, name: str) -> Conversation:
    steps = [*draw(declared.beginnings()), *_flat(draw(st.lists(_actions(), min_size=1, max_size=25)))]
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
