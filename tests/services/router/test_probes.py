"""How a model that was left out comes back."""

from __future__ import annotations

from services.router.probes import Probes
from services.router.response_times import Model, ResponseTimes

NET: Model = (("wine", "net"), 0)
TREE: Model = (("wine", "tree"), 0)


class Rig:
    def __init__(self) -> None:
        self.now = 100.0
        self.times = ResponseTimes(30.0, lambda: self.now)
        self.probes = Probes(self.times, lambda: self.now)
        for _ in range(100):
            self.times.add(NET, 1, 9.0)

    def probe(self, fits: bool) -> None:
        self.now += 0.2
        assert self.probes.is_due(NET, 1)
        self.probes.ended(NET, 1, fits)

    @property
    def is_slow(self) -> bool:
        return self.times.quantile(NET, 1, 0.99) is not None


def test_a_model_is_probed_now_and_then_and_each_for_itself() -> None:
    rig = Rig()
    assert rig.probes.is_due(NET, 1)
    assert not rig.probes.is_due(NET, 1)
    assert rig.probes.is_due(TREE, 1)
    assert rig.probes.is_due(NET, 256)
    rig.now += 0.09
    assert not rig.probes.is_due(NET, 1)
    rig.now += 0.02
    assert rig.probes.is_due(NET, 1)


def test_enough_probes_in_a_row_that_fit_have_the_slow_times_forgotten() -> None:
    rig = Rig()
    for _ in range(9):
        rig.probe(fits=True)
    assert rig.is_slow
    rig.probe(fits=True)
    assert not rig.is_slow


def test_one_that_does_not_fit_begins_the_count_again() -> None:
    rig = Rig()
    for fits in [True] * 9 + [False] + [True] * 9:
        rig.probe(fits)
    assert rig.is_slow
    rig.probe(fits=True)
    assert not rig.is_slow
