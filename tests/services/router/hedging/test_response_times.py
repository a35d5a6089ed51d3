"""Running quantiles of response times, over a window of time."""

from __future__ import annotations

import random

from services.router.hedging.response_times import PlannedModel, ResponseTimes

NET: PlannedModel = (("wine", "net"), "net")
TREE: PlannedModel = (("wine", "tree"), "tree")


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_quantile_is_the_value_of_its_rank() -> None:
    times = ResponseTimes(30.0, Clock())
    values = list(range(1, 101))
    random.Random(1).shuffle(values)
    for value in values:
        times.add(NET, 1, float(value))
    assert times.quantile(NET, 1, 0.5) == 50.0
    assert times.quantile(NET, 1, 0.95) == 95.0
    assert times.quantile(NET, 1, 0.99) == 99.0


def test_too_few_values_say_nothing_about_the_rare() -> None:
    clock = Clock()
    times = ResponseTimes(30.0, clock)
    assert times.quantile(NET, 1, 0.5) is None
    for count in range(1, 101):
        times.add(NET, 1, 1.0)
        clock.now += 0.1  # what was sorted is looked at again
        assert (times.quantile(NET, 1, 0.95) is None) == (count < 20)
        assert (times.quantile(NET, 1, 0.99) is None) == (count < 100)


def test_models_and_sizes_of_batches_have_their_own() -> None:
    times = ResponseTimes(30.0, Clock())
    for _ in range(20):
        times.add(NET, 1, 1.0)
        times.add(NET, 256, 5.0)
    assert times.quantile(NET, 1, 0.95) == 1.0
    assert times.quantile(NET, 300, 0.95) == 5.0
    assert times.quantile(NET, 8, 0.95) is None
    assert times.quantile(TREE, 1, 0.95) is None


def test_what_is_older_than_the_window_is_forgotten() -> None:
    clock = Clock()
    times = ResponseTimes(30.0, clock)
    for _ in range(100):
        times.add(NET, 1, 9.0)
    clock.now += 20.0
    assert times.quantile(NET, 1, 0.99) == 9.0
    clock.now += 11.0
    assert times.quantile(NET, 1, 0.99) is None


def test_the_newest_count_when_there_are_many() -> None:
    clock = Clock()
    times = ResponseTimes(30.0, clock)
    for value in (9.0, 1.0):
        for _ in range(1000):
            times.add(NET, 1, value)
    assert times.quantile(NET, 1, 0.99) == 1.0
