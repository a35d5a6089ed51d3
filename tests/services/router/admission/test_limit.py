"""The limit of a data type, against a mesh that is a rate and a queue."""

from __future__ import annotations

from collections import deque

import pytest

from services.router.admission.limit import Limit


def test_until_something_is_lost_there_is_no_limit() -> None:
    limit = Limit()
    for _ in range(1000):
        limit.answered(under_way=5000)
    assert limit.tasks == float("inf")


def test_a_deadline_nobody_kept_cuts_it_to_less_than_what_was_under_way() -> None:
    limit = Limit()
    limit.missed(0.2, under_way=1000, now=1.0)
    assert limit.tasks == pytest.approx(500)


def test_what_was_under_way_before_a_cut_does_not_cut_again() -> None:
    limit = Limit()
    for task in range(100):
        limit.missed(0.2, under_way=1000, now=1.0 + task / 1000)
    assert limit.tasks == pytest.approx(500)


def test_it_never_falls_so_low_that_hosts_have_nothing_to_do() -> None:
    limit = Limit()
    for moment in range(100):
        limit.missed(0.2, under_way=3, now=float(moment))
    assert limit.tasks == 8


def test_it_grows_again_once_there_is_more_to_have() -> None:
    limit = Limit()
    limit.missed(0.2, under_way=40, now=0.0)
    low = limit.tasks
    for _ in range(2000):
        limit.answered(under_way=int(limit.tasks))
    assert limit.tasks > 2 * low


def test_what_is_not_used_does_not_grow() -> None:
    limit = Limit()
    limit.missed(0.2, under_way=160, now=0.0)
    for _ in range(500):
        limit.answered(under_way=1)
    assert limit.tasks == pytest.approx(80)


@pytest.mark.parametrize("overload", [1.5, 2, 4])
def test_under_overload_nearly_all_that_a_mesh_can_do_is_answered_in_time(overload: float) -> None:
    """270 batches a second, 200 ms each: without a limit the queue alone takes all of the time."""
    served, answered, refused = _simulate(Limit(), rate=270, overload=overload, seconds=10)
    assert answered / served > 0.9
    assert served > 0.95 * 270 * 10
    assert refused > (overload - 1) * 270 * 10 * 0.8


def _simulate(limit: Limit, rate: int, overload: float, seconds: int) -> tuple[int, int, int]:
    """Serve one after the other, first come first served; count the last seconds but two."""
    queue: deque[float] = deque()
    served = answered = refused = 0
    arrivals = 0.0
    steps = rate * (seconds + 2)
    for step in range(steps):
        now = step / rate
        counts = now >= 2
        arrivals += overload
        while arrivals >= 1:
            arrivals -= 1
            if len(queue) < limit.tasks:
                queue.append(now)
            else:
                refused += counts
        if not queue:
            continue
        took = now - queue.popleft() + 0.01
        served += counts
        if took < 0.2:
            answered += counts
            limit.answered(len(queue))
        else:
            limit.missed(took, len(queue), now)
    return served, answered, refused
