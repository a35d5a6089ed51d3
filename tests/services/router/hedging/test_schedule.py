"""When the next model of a task starts: pure, so time is a number here."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.router.hedging.delays import Delays
from services.router.hedging.schedule import Schedule
from services.router.plans.strategy import Delay, Start, Strategy, When

AT_ONCE, ON_DOUBT = When.AT_ONCE, When.ON_DOUBT


def schedule(
    *starts: Start,
    parallelism: int = 64,
    replicas: float | None = None,
    shadows: int = 0,
    startable: int | None = None,
) -> Schedule:
    everything = (1 << len(starts)) - 1
    hedge = None if replicas is None else Delay(replicas)
    strategy = Strategy(everything & ~shadows, starts, parallelism, hedge)
    delays = Delays(
        tuple(start.seconds if isinstance(start, Delay) else None for start in starts),
        tuple(replicas for _ in starts),
    )
    return Schedule(strategy, delays, everything if startable is None else startable)


def test_what_starts_at_once_starts_together() -> None:
    of_three = schedule(AT_ONCE, ON_DOUBT, AT_ONCE)
    assert of_three.start(0.0) == [0, 2]
    assert of_three.held == 0b010


def test_a_hedge_starts_when_its_time_has_come_and_once() -> None:
    hedged = schedule(AT_ONCE, Delay(0.005), Delay(0.010))
    assert hedged.start(0.0) == [0]
    assert hedged.wakes_at() == 0.005
    assert hedged.start(0.004) == []
    assert hedged.start(0.005) == [1]
    assert hedged.start(0.006) == []
    assert hedged.wakes_at() == 0.010
    assert hedged.start(0.010) == [2]
    assert hedged.wakes_at() is None


def test_a_hedge_whose_time_has_passed_in_the_queue_starts_with_the_others() -> None:
    assert schedule(AT_ONCE, Delay(0.005)).start(0.007) == [0, 1]


def test_nobody_waits_for_a_hedge_when_nothing_runs_any_more() -> None:
    hedged = schedule(AT_ONCE, Delay(0.5))
    hedged.start(0.0)
    hedged.end(0b01)
    assert hedged.start(0.001) == [1]


def test_a_cascade_starts_one_after_the_other_in_the_listed_order() -> None:
    cascade = schedule(AT_ONCE, ON_DOUBT, ON_DOUBT)
    assert cascade.start(0.0) == [0]
    assert cascade.start(9.0) == []  # no time makes it start, only doubt does
    assert cascade.wakes_at() is None
    cascade.end(0b001)
    assert cascade.start(9.0) == [1]
    assert cascade.start(9.0) == []
    cascade.end(0b011)
    assert cascade.start(9.0) == [2]


def test_a_model_that_does_not_vote_keeps_no_doubt_away() -> None:
    cascade = schedule(AT_ONCE, AT_ONCE, ON_DOUBT, shadows=0b001)
    assert cascade.start(0.0) == [1]  # the shadow is not its business
    cascade.end(0b010)
    assert cascade.start(0.0) == [2]


def test_no_more_run_than_may_and_the_next_listed_starts_as_one_ends() -> None:
    two_at_a_time = schedule(AT_ONCE, AT_ONCE, AT_ONCE, AT_ONCE, parallelism=2)
    assert two_at_a_time.start(0.0) == [0, 1]
    assert two_at_a_time.start(1.0) == []
    two_at_a_time.end(0b0010)
    assert two_at_a_time.start(1.0) == [2]
    two_at_a_time.end(0b0111)
    assert two_at_a_time.start(1.0) == [3]


def test_a_hedge_that_may_not_run_yet_wakes_nobody() -> None:
    hedged = schedule(AT_ONCE, Delay(0.005), parallelism=1)
    hedged.start(0.0)
    assert hedged.wakes_at() is None
    assert hedged.start(0.006) == []
    hedged.end(0b01)
    assert hedged.start(0.006) == [1]


def test_a_model_without_a_host_is_passed_over() -> None:
    cascade = schedule(AT_ONCE, ON_DOUBT, ON_DOUBT, startable=0b100)
    assert cascade.start(0.0) == [2]


def test_a_late_model_starts_once_more_and_not_if_it_has_ended() -> None:
    replicated = schedule(AT_ONCE, AT_ONCE, replicas=0.010)
    replicated.start(0.002)
    assert replicated.wakes_at() == 0.012
    assert replicated.replicate(0.011) == []
    replicated.end(0b10)
    assert replicated.replicate(0.012) == [0]
    assert replicated.replicate(1.0) == []
    assert replicated.wakes_at() is None


def test_a_model_that_started_late_is_late_later() -> None:
    replicated = schedule(AT_ONCE, Delay(0.005), replicas=0.010)
    replicated.start(0.0)
    replicated.start(0.005)
    assert replicated.replicate(0.010) == [0]
    assert replicated.wakes_at() == 0.015
    assert replicated.replicate(0.015) == [1]


def test_only_what_had_not_ended_is_news() -> None:
    some = schedule(AT_ONCE, AT_ONCE)
    assert some.end(0b01) == 0b01
    assert some.end(0b11) == 0b10


_starts = st.one_of(
    st.just(AT_ONCE),
    st.just(ON_DOUBT),
    st.sampled_from([0.001, 0.002, 0.003]).map(lambda seconds: Delay(seconds)),
)


@given(st.lists(_starts, min_size=1, max_size=5), st.integers(1, 5), st.data())
def test_every_model_starts_once_and_never_too_many_run(
    starts: list[Start], parallelism: int, data: st.DataObject
) -> None:
    """Whatever ends when: until all have ended something runs, and nothing starts twice."""
    some = schedule(*starts, parallelism=parallelism)
    started: list[int] = []
    now, ended = 0.0, 0
    for _ in range(50):
        started += some.start(now)
        running = [place for place in started if not ended >> place & 1]
        assert len(running) <= parallelism
        if not running:
            break
        wakes_at = some.wakes_at()
        if wakes_at is not None and data.draw(st.booleans()):
            now = max(now, wakes_at)
        else:
            ended |= 1 << data.draw(st.sampled_from(running))
            some.end(ended)
    assert sorted(started) == list(range(len(starts)))
