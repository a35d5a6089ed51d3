"""How a model that was left out comes back."""

from __future__ import annotations

from services.router.hedging.probes import Probes
from services.router.hedging.response_times import PlannedModel, ResponseTimes

NET: PlannedModel = (("wine", "net"), "net")
TREE: PlannedModel = (("wine", "tree"), "tree")


class Rig:
    def __init__(self) -> None:
        self.now = 100.0
        self.times = ResponseTimes(30.0, lambda: self.now)
        self.probes = Probes(self.times, lambda: self.now)
        for _ in range(100):
            self.times.add(NET, 1, 9.0)

    def leave_out(self, model: PlannedModel = NET, rows: int = 1) -> None:
        """Let as many tasks do without the model as there must be between two probes."""
        for _ in range(10):
            assert not self.probes.is_due(model, rows)

    def probe(self, fits: bool) -> None:
        self.now += 0.2
        self.leave_out()
        assert self.probes.is_due(NET, 1)
        self.probes.ended(NET, 1, fits)

    @property
    def is_slow(self) -> bool:
        return self.times.quantile(NET, 1, 0.99) is not None


def test_a_model_is_probed_now_and_then_and_each_for_itself() -> None:
    rig = Rig()
    for model, rows in ((NET, 1), (TREE, 1), (NET, 256)):
        rig.leave_out(model, rows)
        assert rig.probes.is_due(model, rows)
    rig.leave_out()
    rig.now += 0.09
    assert not rig.probes.is_due(NET, 1)
    rig.now += 0.02
    assert rig.probes.is_due(NET, 1)


def test_who_comes_seldom_is_not_always_the_probe() -> None:
    rig = Rig()
    probed = 0
    for _ in range(110):
        rig.now += 1.0
        probed += rig.probes.is_due(NET, 1)
    assert probed == 10


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
