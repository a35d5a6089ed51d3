"""Times inside a process, and between processes whose clocks have nothing in common."""

from __future__ import annotations

import asyncio
import time

import pytest

from services.common.clock import Arrival, PeerClock, now_ns
from tests.services.decisions import labels, reasons
from tests.services.router.rig import rigged
from tests.support import wait_until

HOUR_NS = 3600 * 10**9


SENT = 7 * HOUR_NS


def ms(count: float) -> int:
    return int(count * 1e6)


def test_a_moment_of_another_clock_is_as_far_away_here_as_it_was_there() -> None:
    arrival = Arrival(SENT, at=100.0)
    assert arrival.moment(SENT - ms(50)) == pytest.approx(99.95)
    assert arrival.deadline(SENT + ms(50)) == pytest.approx(100.05)


@pytest.mark.parametrize("sent", [0, 1, 2**63])
def test_what_the_clock_of_the_sender_says_does_not_matter(sent: int) -> None:
    assert PeerClock().arrival(sent, at=5.0).deadline(sent + 10**9) == 6.0


class Stream:
    """Frames of a peer whose clock is a week behind ours."""

    def __init__(self) -> None:
        self.clock = PeerClock()

    def frame(self, sent: float, way: float) -> Arrival:
        """One that is sent at a moment of ours and is on its way for so many seconds."""
        return self.clock.arrival(SENT + ms(1e3 * sent), 604_800 + sent + way)

    def due(self, sent: float, way: float, left: float) -> float:
        """How long after its sending a deadline is that was so far away then."""
        arrival = self.frame(sent, way)
        return arrival.deadline(SENT + ms(1e3 * (sent + left))) - 604_800 - sent


def test_a_frame_that_was_held_up_moves_no_deadline() -> None:
    stream = Stream()
    assert stream.due(0.0, way=0.001, left=0.2) == pytest.approx(0.201)
    for way in (0.001, 0.05, 0.09, 0.002):
        assert stream.due(1.0, way, left=0.2) == pytest.approx(0.201)
    assert stream.frame(1.0, 0.05).moment(SENT) == pytest.approx(604_800.001, abs=1e-5)


def test_a_quicker_frame_shows_how_long_those_before_were_on_their_way() -> None:
    stream = Stream()
    assert stream.due(0.0, way=0.08, left=0.2) == pytest.approx(0.28)
    assert stream.due(0.1, way=0.01, left=0.2) == pytest.approx(0.21)
    assert stream.due(0.2, way=0.08, left=0.2) == pytest.approx(0.21)


def test_half_of_the_time_is_always_left() -> None:
    # A peer whose machine stood still for three seconds, and its clock too.
    stream = Stream()
    stream.frame(0.0, 0.0)
    assert stream.due(1.0, way=3.0, left=0.2) == pytest.approx(3.1)
    past = stream.frame(1.0, way=3.0)
    assert past.deadline(SENT) == pytest.approx(past.at - 1.0, abs=1e-5), (
        "there was nothing to halve"
    )


def test_the_ways_of_long_ago_do_not_count() -> None:
    stream = Stream()
    stream.frame(0.0, 0.0)
    assert stream.frame(4.0, way=1.0).held_up == pytest.approx(1.0)
    assert stream.frame(8.0, way=1.0).held_up == pytest.approx(1.0), "within twice the window"
    assert stream.frame(13.0, way=1.0).held_up == pytest.approx(0.0, abs=1e-6)


def test_after_a_long_silence_nothing_is_known_of_the_way() -> None:
    stream = Stream()
    stream.frame(0.0, 0.0)
    assert stream.frame(60.0, way=1.0).held_up == 0.0


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
