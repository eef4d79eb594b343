"""What a broker said between two settlings, in the order that brokers promise.

Queues and channels are processes of their own in RabbitMQ. Of what comes on one channel this order is promised:

- replies and closes among each other, in the order of what they answer;
- the deliveries of one consumer among each other, none before its consume-ok and none after its cancel-ok (what breaks
  that is marked);
- the returns among each other. Confirms show as the numbers confirmed, however they were coalesced.

Not promised, and so not compared:

- deliveries, returns and confirms against replies, and against those of other consumers;
- the order in which consumers hear (basic.cancel) that their queue is gone, and whether before the queue.delete-ok;
- what comes on one channel or connection against what comes on another;
- the delivery tags, where several consumers of one channel got deliveries between two settlings.
"""

import re
from collections.abc import Iterable

_LINE = re.compile(r"(?P<place>\w/\d+) < (?P<name>[a-z.-]+)(?: consumer_tag='(?P<tag>[^']*)')?")
_CONFIRM = re.compile(r"delivery_tag=(\d+) multiple=(True|False)")
_DELIVERY_TAG = re.compile(r"delivery_tag=\d+ ")
_APART = {"basic.ack": "confirms", "basic.nack": "confirms", "basic.return": "returns", "basic.cancel": "cancels"}
Confirmed = dict[str, set[int]]


def in_promised_order(lines: Iterable[str], confirmed: Confirmed) -> list[str]:
    """``confirmed`` bears the publishes confirmed before, by channel, and is brought up to date."""
    rest: list[str] = []
    apart: dict[tuple[str, str, str], list[str]] = {}
    over: dict[tuple[str, str], bool] = {}
    for line in lines:
        match = _LINE.match(line)
        place, name, tag = match.group("place", "name", "tag") if match else ("", "", "")
        if name == "basic.deliver":
            late = "after its cancel-ok: " if over.get((place, tag)) else ""
            apart.setdefault((place, "deliveries", tag), []).append(late + line)
        elif name in _APART:
            apart.setdefault((place, _APART[name], tag or ""), []).append(line)
        else:
            early = name == "basic.consume-ok" and (place, tag) not in over and (place, "deliveries", tag) in apart
            rest.append(("after its deliveries: " if early else "") + line)
            if name in ("basic.consume-ok", "basic.cancel-ok"):
                over[place, tag] = name == "basic.cancel-ok"
            elif name == "channel.open-ok":
                confirmed.pop(place, None)
    several = {place for place, kind, _ in apart if sum(key[:2] == (place, "deliveries") for key in apart) > 1}
    for (place, kind, _), those in sorted(apart.items()):
        if kind == "confirms":
            rest += _confirms(place, those, confirmed.setdefault(place, set()))
        elif kind == "deliveries" and place in several:
            rest += [_DELIVERY_TAG.sub("", line) for line in those]
        else:
            rest += those
    return rest


def _confirms(place: str, lines: list[str], before: set[int]) -> list[str]:
    settled: dict[int, str] = {}
    for line in lines:
        match = _CONFIRM.search(line)
        assert match
        number, several = int(match[1]), match[2] == "True"
        name = line.split()[2]
        covered = set(range(1, number + 1)) - before - settled.keys() if several else {number}
        settled |= dict.fromkeys(covered, name if not covered & (before | settled.keys()) else f"{name} again")
    before.update(settled)
    names = sorted(set(settled.values()))
    return [
        f"{place} < {name} for {', '.join(str(n) for n in sorted(settled) if settled[n] == name)}" for name in names
    ]
