"""Times inside a process, and between processes whose clocks have nothing in common."""

from __future__ import annotations

import asyncio
import time

import pytest

from services.common.clock import here, now_ns
from tests.services.decisions import labels, reasons
from tests.services.router.rig import rigged
from tests.support import wait_until

HOUR_NS = 3600 * 10**9


def test_a_moment_of_another_clock_is_as_far_away_here_as_it_was_there() -> None:
    sent = 7 * HOUR_NS
    assert here(sent + 50_000_000, sent, arrived=100.0) == pytest.approx(100.05)
    assert here(sent - 50_000_000, sent, arrived=100.0) == pytest.approx(99.95)


@pytest.mark.parametrize("sent", [0, 1, 2**63])
def test_what_the_clock_of_the_sender_says_does_not_matter(sent: int) -> None:
    assert here(sent + 10**9, sent, arrived=5.0) == 6.0


def test_the_clock_does_not_follow_the_wall(monkeypatch: pytest.MonkeyPatch) -> None:
    before = now_ns()
    monkeypatch.setattr(time, "time", lambda: 0.0)
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    assert before <= now_ns() < before + HOUR_NS


def set_the_wall_clock(monkeypatch: pytest.MonkeyPatch, by_ns: int) -> None:
    """Move it for all who ask Python: the router, the collector and the hosts of a rig."""
    real = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real() + by_ns)
    monkeypatch.setattr(time, "time", lambda: (real() + by_ns) * 1e-9)


PLAN = "models: [{name: a}, {name: b, start_after: 200ms}]\npolicy: {deadline: 1s, timeout: {}}"


async def test_a_wall_clock_that_is_set_back_puts_off_neither_hedge_nor_deadline(
    log_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with rigged(log_url) as rig:
        late = await rig.host("a", "x", held=True)
        await rig.host("b", "y")
        rig.plan(PLAN)
        task = asyncio.create_task(rig.score(1.0))
        await wait_until(lambda: late.servicer.waiting, "it is on its way")
        set_the_wall_clock(monkeypatch, -HOUR_NS)
        async with asyncio.timeout(20):
            decision = await task
        assert (labels(decision), reasons(decision)) == (["y"], ["BEST_AVAILABLE"])
        late.release()
        await rig.is_empty()
