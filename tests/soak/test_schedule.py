"""The schedule of faults."""

from __future__ import annotations

from collections import Counter
from itertools import islice

import pytest

from soak.faults import KINDS, PARTS, Act, Kind, may_meet
from soak.schedule import schedule


def test_the_same_seed_gives_the_same_faults_and_another_one_others() -> None:
    one, same, other = (list(islice(schedule(seed), 50)) for seed in (7, 7, 8))
    assert one == same
    assert one != other


def test_every_kind_comes_once_before_any_comes_again() -> None:
    faults = [fault for step in islice(schedule(3), 200) for fault in step.faults]
    for start in range(0, len(faults) - len(KINDS), len(KINDS)):
        assert set(KINDS) == {fault.kind for fault in faults[start : start + len(KINDS)]}


def test_all_there_may_be_two_of_is_struck_on_both_sides_and_in_pairs() -> None:
    steps = list(islice(schedule(5), 600))
    struck = Counter((f.kind.part, f.number) for step in steps for f in step.faults)
    for part, count in PARTS.items():
        assert {number for found, number in struck if found == part} == set(range(1, count + 1))
    assert {len(step.faults) for step in steps} == {1, 2}


def test_a_pair_leaves_one_of_each_part_whole() -> None:
    pairs = [step.faults for step in islice(schedule(9), 600) if len(step.faults) == 2]
    assert pairs
    assert all(may_meet(one.kind, other.kind) for one, other in pairs)


@pytest.mark.parametrize(
    ("one", "other", "may"),
    [
        (Kind(Act.KILL, "router"), Kind(Act.STOP, "router"), False),
        (Kind(Act.KILL, "host"), Kind(Act.KILL, "executor"), False),
        (Kind(Act.CUT, "network"), Kind(Act.STOP, "collector"), False),
        (Kind(Act.FILL, "space"), Kind(Act.KILL, "log"), False),
        (Kind(Act.KILL, "router"), Kind(Act.STOP, "collector"), True),
        (Kind(Act.CHANGE, "model"), Kind(Act.KILL, "log"), True),
    ],
)
def test_what_may_come_together(one: Kind, other: Kind, may: bool) -> None:
    assert may_meet(one, other) is may
    assert may_meet(other, one) is may
