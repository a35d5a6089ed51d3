"""Which fault comes when: chance, but the same chance for the same seed."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from soak.faults import KINDS, PARTS, Fault, Kind, Step, may_meet

_PAIRS = 0.4
"""The share of steps in which a second fault comes before the first is over."""
_LASTS = (0.5, 4.0)
_LOG_LASTS = (0.5, 9.0)  # longer than the leases in it, too
_GAP = (0.0, 2.0)
_CALM = (0.5, 2.5)


def schedule(seed: int) -> Iterator[Step]:
    """Yield steps without an end; of every kind one, in any order, before any comes again."""
    random = Random(seed)
    while True:
        deck = list(KINDS)
        random.shuffle(deck)
        while deck:
            kinds = [deck.pop()]
            others = [kind for kind in deck if may_meet(kinds[0], kind)]
            if others and random.random() < _PAIRS:
                kinds.append(others[-1])
                deck.remove(others[-1])
            faults = tuple(_fault(kind, random) for kind in kinds)
            yield Step(faults, random.uniform(*_GAP), random.uniform(*_CALM))


def _fault(kind: Kind, random: Random) -> Fault:
    lasts = _LOG_LASTS if kind.part in ("log", "space") else _LASTS
    number = random.randint(1, PARTS.get(kind.part, 1))
    return Fault(kind, number, random.uniform(*lasts), random.random())
