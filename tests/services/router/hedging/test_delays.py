"""How long models wait that start later: told, or learnt within bounds."""

from __future__ import annotations

from services.router.hedging.delays import Bounds, Delays, resolve
from services.router.plans.strategy import Delay, Start, Strategy, When

BOUNDS = Bounds(at_least=0.001, at_most=0.100)
AT_ONCE, ON_DOUBT = When.AT_ONCE, When.ON_DOUBT
P95 = Delay(0.0, 0.95)


def delays(
    *starts: Start,
    times: tuple[float | None, ...] = (),
    hedge: Delay | None = None,
    shadows: int = 0,
    allowed: float = 10.0,
) -> Delays:
    """Resolve; `times` are the p95 of each model, and everything else is unknown."""

    def learnt(place: int, quantile: float) -> float | None:
        return times[place] if quantile == 0.95 and place < len(times) else None

    strategy = Strategy((1 << len(starts)) - 1 & ~shadows, starts, 64, hedge)
    return resolve(strategy, learnt, BOUNDS, allowed)


def test_a_time_that_is_told_is_kept_whatever_the_bounds() -> None:
    assert delays(AT_ONCE, Delay(0.5), ON_DOUBT).starts == (None, 0.5, None)


def test_a_learnt_time_is_that_of_the_models_before() -> None:
    assert delays(AT_ONCE, P95, times=(0.020, 0.090)).starts == (None, 0.020)


def test_of_several_models_before_the_slowest_counts() -> None:
    assert delays(AT_ONCE, AT_ONCE, P95, times=(0.020, 0.030)).starts[2] == 0.030


def test_hedges_in_a_chain_wait_for_each_other() -> None:
    chain = delays(AT_ONCE, P95, P95, times=(0.020, 0.005)).starts
    assert chain == (None, 0.020, 0.025)


def test_shadows_and_models_that_wait_for_doubt_are_not_waited_for() -> None:
    assert delays(AT_ONCE, AT_ONCE, P95, times=(0.020, 0.090), shadows=0b010).starts[2] == 0.020
    assert delays(AT_ONCE, ON_DOUBT, P95, times=(0.020, 0.090)).starts[2] == 0.020


def test_what_is_learnt_stays_within_its_bounds() -> None:
    assert delays(AT_ONCE, P95, times=(0.0001,)).starts[1] == 0.001
    assert delays(AT_ONCE, P95, times=(0.9,)).starts[1] == 0.100


def test_who_knows_nothing_waits_as_long_as_may_be() -> None:
    assert delays(AT_ONCE, P95).starts[1] == 0.100


def test_nothing_that_is_learnt_waits_longer_than_half_of_the_time() -> None:
    assert delays(AT_ONCE, P95, allowed=0.050).starts[1] == 0.025
    assert delays(AT_ONCE, hedge=P95, allowed=0.050).replicas == (0.025,)


def test_a_second_host_is_asked_after_what_the_model_itself_takes() -> None:
    times = (0.020, 0.040)
    assert delays(AT_ONCE, AT_ONCE, times=times, hedge=P95).replicas == times
    assert delays(AT_ONCE, AT_ONCE, times=times, hedge=Delay(0.5)).replicas == (0.5, 0.5)
    assert delays(AT_ONCE, AT_ONCE, times=times, hedge=P95, shadows=0b01).replicas == (None, 0.040)
    assert delays(AT_ONCE, AT_ONCE, times=times).replicas == (None, None)
