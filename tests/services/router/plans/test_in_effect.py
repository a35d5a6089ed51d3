"""Which revision of a plan a router scores by, and with which versions."""

from __future__ import annotations

from datetime import timedelta

from hedgerow.v1.events_pb2 import (
    AliasSet,
    ChangeAbandoned,
    ModelEvent,
    ModelPushed,
    VersionReported,
)
from hedgerow.v1.models_pb2 import (
    VERSION_STATE_FAILED,
    VERSION_STATE_LIVE,
    ExecutorReport,
    ModelDescriptor,
    ModelVersion,
    VersionName,
)
from hedgerow.v1.plans_pb2 import Plan, PlanModel
from services.common.catalog import Catalog
from services.router.plans.in_effect import InEffect, ModelName


class World:
    """A catalog, and the versions that hosts are reached of."""

    def __init__(self) -> None:
        self.catalog = Catalog()
        self.reached: set[tuple[str, int]] = set()
        self.now = 0.0
        self.in_effect = self.router()
        self._revision = 0

    def router(self) -> InEffect:
        return InEffect(self.catalog, self._choose, timedelta(seconds=60), lambda: self.now)

    def push(self, *references: tuple[str, int]) -> None:
        for name, number in references:
            said = ModelDescriptor(data_type="wine", name=name)
            model = ModelVersion(descriptor=said, version=number)
            self.tell(ModelEvent(pushed=ModelPushed(model=model)))

    def live(self, *references: tuple[str, int]) -> None:
        """Have hosts of versions be reached, and the log know."""
        for name, number in references:
            self.reached.add((name, number))
            self.report(name, number, ExecutorReport(executor="e", state=VERSION_STATE_LIVE))

    def report(self, name: str, number: int, report: ExecutorReport) -> None:
        version = VersionName(name=name, version=number)
        self.tell(ModelEvent(reported=VersionReported(model=version, report=report)))

    def apply(self, *models: PlanModel) -> None:
        self._revision += 1
        plan = Plan(data_type="wine", models=models, revision=self._revision)
        self.tell(ModelEvent(plan_applied=plan))

    def alias(self, name: str, number: int) -> None:
        version = VersionName(name=name, version=number)
        self.tell(ModelEvent(alias_set=AliasSet(model=version, alias="champion")))

    def tell(self, event: ModelEvent) -> None:
        self.catalog.apply("wine", event)

    @property
    def revision(self) -> int:
        return self.in_effect.plan("wine").revision

    def answering(self, router: InEffect | None = None) -> list[str]:
        """What answers for each model of the plan in effect, `tree@2`."""
        router = router or self.in_effect
        entries = router.entries(router.plan("wine"))
        return [f"{e.model[1]}@{self._choose(e.model, e.versions)}" for e in entries]

    def _choose(self, model: ModelName, versions: tuple[int, ...]) -> int:
        return next((v for v in versions if (model[1], v) in self.reached), 0)


def tree(version: int = 0, alias: str = "") -> PlanModel:
    return PlanModel(name="tree", version=version, alias=alias)


NET = PlanModel(name="net")


def test_the_version_before_answers_until_a_host_of_the_new_one_is_reached() -> None:
    world = World()
    world.push(("tree", 1))
    world.live(("tree", 1))
    world.push(("tree", 2))
    assert world.answering() == ["tree@1"]
    world.reached.add(("tree", 2))
    assert world.answering() == ["tree@2"]


def test_a_plan_that_pins_another_version_moves_when_that_serves_and_by_no_third_one() -> None:
    world = World()
    world.push(("tree", 1), ("tree", 2), ("tree", 3))
    world.live(("tree", 1), ("tree", 2), ("tree", 3))
    world.apply(tree())
    assert world.answering() == ["tree@3"]
    world.reached -= {("tree", 1)}
    world.apply(tree(1))
    assert world.answering() == ["tree@3"]
    world.reached -= {("tree", 3)}
    assert world.answering() == ["tree@0"], "tree@2 is asked for by nobody"
    world.reached |= {("tree", 1), ("tree", 3)}
    assert world.answering() == ["tree@1"]


def test_an_alias_that_goes_back_does_so_when_that_version_serves() -> None:
    world = World()
    world.push(("tree", 1), ("tree", 2), ("tree", 3))
    world.live(("tree", 1), ("tree", 3))
    world.alias("tree", 1)
    world.apply(tree(alias="champion"))
    assert world.answering() == ["tree@1"]
    world.alias("tree", 3)
    assert world.answering() == ["tree@3"]
    world.reached -= {("tree", 1)}
    world.alias("tree", 1)
    assert world.answering() == ["tree@3"]
    world.reached |= {("tree", 1)}
    assert world.answering() == ["tree@1"]


def test_a_version_that_failed_never_takes_over_and_it_is_said_why() -> None:
    world = World()
    world.push(("tree", 1))
    world.live(("tree", 1))
    world.push(("tree", 2))
    failed = ExecutorReport(executor="e", state=VERSION_STATE_FAILED, reason="no such layer")
    world.report("tree", 2, failed)
    world.reached |= {("tree", 2)}  # a host that has not gone yet
    assert world.answering() == ["tree@1"]
    (entry,) = world.in_effect.entries(world.in_effect.plan("wine"))
    assert (entry.wanted, entry.versions, entry.reason) == (2, (1,), "no such layer")


def test_a_change_that_was_given_up_leaves_what_was_before_until_somebody_asks_anew() -> None:
    world = World()
    world.push(("tree", 1), ("tree", 2))
    world.live(("tree", 2))
    world.apply(tree())
    world.apply(tree(1))
    given_up = ChangeAbandoned(reference="tree@1", version=1, reason="no executor serves it")
    world.tell(ModelEvent(abandoned=given_up))
    world.live(("tree", 1))
    assert world.answering() == ["tree@2"]
    (entry,) = world.in_effect.entries(world.in_effect.plan("wine"))
    assert (entry.wanted, entry.reason) == (1, "given up: no executor serves it")
    world.apply(tree(1))
    assert world.answering() == ["tree@1"]


def test_a_revision_takes_effect_when_all_its_voters_can_answer() -> None:
    world = World()
    world.push(("tree", 1), ("net", 1))
    world.live(("tree", 1))
    world.apply(tree())
    assert world.revision == 1
    world.apply(tree(), NET)
    assert world.revision == 1
    assert world.in_effect.waiting == {"wine"}
    world.live(("net", 1))
    assert world.revision == 2
    assert not world.in_effect.waiting
    world.reached.clear()
    assert world.revision == 2, "what took effect stays, though hosts die"


def test_a_shadow_is_not_waited_for() -> None:
    world = World()
    world.push(("tree", 1), ("net", 1))
    world.live(("tree", 1))
    world.apply(tree())
    assert world.revision == 1
    world.apply(tree(), PlanModel(name="net", shadow=True))
    assert world.revision == 2


def test_a_model_that_cannot_answer_is_waited_for_in_vain_only_so_long() -> None:
    world = World()
    world.push(("tree", 1), ("net", 1))
    world.live(("tree", 1))
    world.apply(tree())
    assert world.revision == 1
    world.apply(tree(), NET)
    world.now = 59
    assert world.revision == 1
    world.now = 119
    assert world.revision == 2
    world.apply(NET)
    world.now = 10_000
    assert world.revision == 2, "of a plan that nobody can answer for there is no use"


def test_a_model_that_failed_is_not_waited_for() -> None:
    world = World()
    world.push(("tree", 1), ("net", 1))
    world.live(("tree", 1))
    world.apply(tree())
    assert world.revision == 1
    world.apply(tree(), NET)
    assert world.revision == 1
    failed = ExecutorReport(executor="e", state=VERSION_STATE_FAILED, reason="broken")
    world.report("net", 1, failed)
    assert world.revision == 2


def test_a_router_that_starts_in_the_middle_begins_with_the_revision_that_has_served() -> None:
    world = World()
    world.push(("tree", 1), ("net", 1))
    world.live(("tree", 1))
    world.apply(tree())
    world.apply(tree(), NET)
    late = world.router()
    assert late.plan("wine").revision == 1
    assert world.answering(late) == ["tree@1"]
    world.live(("net", 1))
    assert late.plan("wine").revision == 2
    assert world.router().plan("wine").revision == 2


def test_a_router_that_starts_where_nothing_ever_served_takes_the_newest_revision() -> None:
    world = World()
    world.push(("tree", 1), ("net", 1))
    world.apply(tree())
    world.apply(NET)
    assert world.revision == 2
