"""Plans are prepared once a change of what they depend on."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hedgerow.plans.plan import policy_from_yaml
from hedgerow.v1.events_pb2 import ModelEvent, ModelPushed
from hedgerow.v1.models_pb2 import ModelDescriptor, ModelVersion
from hedgerow.v1.plans_pb2 import Plan as PlanMessage
from hedgerow.v1.plans_pb2 import PlanModel
from hedgerow.v1.records_pb2 import Batch
from hedgerow.v1.scoring_pb2 import ScoreRequest
from services.common.catalog import Catalog
from services.router.plans.in_effect import ModelName
from services.router.plans.prepared import PreparedPlans

TYPES = ("ale", "beer", "wine")


class World:
    """Three data types with a model each."""

    def __init__(self) -> None:
        self.catalog = Catalog()
        self.serving: set[ModelName] = set()
        for data_type in TYPES:
            self.push(data_type, "net")
        self.plans = PreparedPlans(self.catalog, self._choose, timedelta(minutes=1))

    def push(self, data_type: str, name: str) -> None:
        descriptor = ModelDescriptor(data_type=data_type, name=name)
        pushed = ModelPushed(model=ModelVersion(descriptor=descriptor, version=1))
        self.catalog.apply(data_type, ModelEvent(pushed=pushed))
        self.serving.add((data_type, name))

    def _choose(self, model: ModelName, versions: tuple[int, ...]) -> int:
        return versions[0] if versions and model in self.serving else 0

    def all(self) -> list[object]:
        """The plans, and one that a caller has changed, of each data type."""
        policy = policy_from_yaml("{timeout: {}}")
        requests = [ScoreRequest(batch=Batch(data_type=t), policy=policy) for t in TYPES]
        return [*map(self.plans.plan, TYPES), *map(self.plans.plan_for, requests)]


@pytest.fixture
def world() -> World:
    return World()


def is_same(one: list[object], other: list[object]) -> list[bool]:
    return [a is b for a, b in zip(one, other, strict=True)]


def test_a_change_of_a_data_type_costs_the_others_nothing(world: World) -> None:
    before = world.all()
    assert all(is_same(before, world.all()))
    world.plans.changed(("beer",))
    assert is_same(before, world.all()) == [True, False, True] * 2


def test_where_any_may_have_changed_all_are_prepared_anew(world: World) -> None:
    before = world.all()
    world.plans.changed()
    assert not any(is_same(before, world.all()))


def test_only_plans_that_wait_are_looked_at_again(world: World) -> None:
    before = world.all()
    world.plans.look()
    assert all(is_same(before, world.all()))
    world.push("beer", "late")
    world.serving.discard(("beer", "late"))
    plan = PlanMessage(data_type="beer", revision=1, models=[PlanModel(name="late")])
    world.catalog.apply("beer", ModelEvent(plan_applied=plan))
    world.plans.changed(("beer",))
    waiting = world.all()
    assert world.plans.plan("beer").message.revision == 0
    world.plans.look()
    assert is_same(waiting, world.all()) == [True, False, True] * 2


def test_one_data_type_is_told_of_alone(world: World) -> None:
    assert [plan.data_type for plan in world.plans.plans("beer")] == ["beer"]
    assert [state.data_type for state in world.plans.states("beer")] == ["beer"]
    assert [plan.data_type for plan in world.plans.plans()] == list(TYPES)
    assert world.plans.plans("gone") == world.plans.states("gone") == []
