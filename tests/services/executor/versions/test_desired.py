"""Which versions an executor runs."""

from __future__ import annotations

from collections.abc import Collection

from hedgerow.v1.events_pb2 import AliasSet, ModelEvent, ModelPushed, VersionReported
from hedgerow.v1.models_pb2 import (
    VERSION_STATE_FAILED,
    VERSION_STATE_LIVE,
    ExecutorReport,
    ModelDescriptor,
    ModelVersion,
    VersionName,
    VersionState,
)
from hedgerow.v1.plans_pb2 import Plan, PlanModel
from services.common.catalog import Catalog, Succession
from services.common.recent_versions import VersionKey
from services.executor.versions.desired import desired
from services.executor.versions.served import Served

WINES = Served(data_types=frozenset({"wine"}))
IRIS = Served(data_types=frozenset({"iris", "unheard-of"}))


def catalog(*models: tuple[str, str, int], pinned: dict[str, int] | None = None) -> Catalog:
    made = Catalog()
    for data_type, name, version in models:
        descriptor = ModelDescriptor(data_type=data_type, name=name)
        model = ModelVersion(descriptor=descriptor, version=version)
        made.apply(data_type, ModelEvent(pushed=ModelPushed(model=model)))
    if pinned:
        plan = Plan(models=[PlanModel(name=n, version=v) for n, v in pinned.items()])
        made.apply(models[0][0], ModelEvent(plan_applied=plan))
    return made


def served(
    made: Catalog, *versions: tuple[str, int], state: VersionState = VERSION_STATE_LIVE
) -> Catalog:
    """Have an executor report versions of wine, as live if nothing else is said."""
    for name, version in versions:
        report = ExecutorReport(executor="one:8402", state=state, reason="broken")
        reported = VersionReported(model=VersionName(name=name, version=version), report=report)
        made.apply("wine", ModelEvent(reported=reported))
    return made


def running(
    made: Catalog,
    who: Served = WINES,
    given_up: Collection[VersionKey] = (),
    held_back: Collection[VersionKey] = (),
    settled: Collection[tuple[str, Succession]] = (),
) -> set[str]:
    """What runs, as `tree@2`."""
    found = desired(made, who, given_up, held_back, settled)
    return {f"{key.name}@{key.version}" for key in found.versions}


WINE = [("wine", "tree", 1), ("wine", "tree", 2), ("wine", "net", 1), ("iris", "tree", 1)]


def test_the_newest_version_of_each_model_runs() -> None:
    assert set(desired(catalog(*WINE), Served()).versions) == {
        VersionKey("wine", "tree", 2),
        VersionKey("wine", "net", 1),
        VersionKey("iris", "tree", 1),
    }


def test_only_models_of_the_executors_data_types_run() -> None:
    assert set(desired(catalog(*WINE), IRIS).versions) == {VersionKey("iris", "tree", 1)}


def test_a_version_that_the_plan_stays_on_runs_beside_the_newest() -> None:
    wanted = desired(catalog(*WINE, pinned={"tree": 1, "net": 0}), WINES)
    assert set(wanted.versions) == {
        VersionKey("wine", "tree", 1),
        VersionKey("wine", "tree", 2),
        VersionKey("wine", "net", 1),
    }


def test_the_version_before_one_that_was_given_up_runs_in_its_place() -> None:
    assert set(desired(catalog(*WINE), WINES, {VersionKey("wine", "tree", 2)}).versions) == {
        VersionKey("wine", "tree", 1),
        VersionKey("wine", "net", 1),
    }


def test_a_model_without_a_usable_version_does_not_run() -> None:
    given_up = {VersionKey("wine", "tree", 1), VersionKey("wine", "tree", 2)}
    assert set(desired(catalog(*WINE), WINES, given_up).versions) == {VersionKey("wine", "net", 1)}


def test_only_versions_of_the_executors_model_types_run() -> None:
    made = catalog()
    for version, model_type in ((1, "pmml"), (2, "saved_model")):
        said = ModelDescriptor(data_type="wine", name="tree", model_type=model_type)
        model = ModelVersion(descriptor=said, version=version)
        made.apply("wine", ModelEvent(pushed=ModelPushed(model=model)))

    def run_by(*model_types: str) -> set[int]:
        served = Served(model_types=frozenset(model_types))
        return {key.version for key in desired(made, served).versions}

    assert run_by("saved_model") == {2}
    assert run_by("pmml", "saved_model") == {2}
    assert run_by("pmml") == {1}, (
        "the newest of its own type, until another executor serves the next"
    )
    assert run_by("tensorflow_graph") == set()


TREES = [("wine", "tree", number) for number in (1, 2, 3, 4)]


def test_what_a_version_takes_over_from_runs_until_that_is_settled() -> None:
    made = served(catalog(*TREES), ("tree", 3))
    assert running(made) == {"tree@4", "tree@3"}
    succession = Succession("tree", 4, 3)
    assert desired(made, WINES).successions == {("wine", succession)}
    assert running(made, settled=[("wine", succession)]) == {"tree@4"}


def test_a_version_that_cannot_be_had_now_keeps_the_one_before_it_though_that_was_settled() -> None:
    made = served(catalog(*TREES), ("tree", 3), ("tree", 4))
    settled = [("wine", Succession("tree", 4, 3))]
    four = VersionKey("wine", "tree", 4)
    assert running(made, settled=settled) == {"tree@4"}
    assert running(made, settled=settled, held_back=[four]) == {"tree@4", "tree@3"}
    assert running(made, settled=settled, given_up=[four]) == {"tree@3"}


def test_a_pinned_version_that_has_gone_runs_beside_the_one_that_answers_until_then() -> None:
    made = served(catalog(*TREES), ("tree", 4))
    made.apply("wine", ModelEvent(plan_applied=Plan(models=[PlanModel(name="tree", version=2)])))
    assert running(made) == {"tree@2", "tree@4"}


def test_an_alias_brings_the_version_that_it_points_to() -> None:
    made = catalog(*TREES)
    champion = AliasSet(model=VersionName(name="tree", version=2), alias="champion")
    made.apply("wine", ModelEvent(alias_set=champion))
    assert running(made) == {"tree@4"}, "an alias that no plan follows needs no host"
    plan = Plan(models=[PlanModel(name="tree", alias="champion")])
    made.apply("wine", ModelEvent(plan_applied=plan))
    assert running(made) == {"tree@4", "tree@2"}


def test_former_versions_are_kept_warm_as_many_as_the_plan_says() -> None:
    made = served(catalog(*TREES), ("tree", 1), ("tree", 2), ("tree", 3), ("tree", 4))
    plan = Plan(models=[PlanModel(name="tree")], keep_warm=2)
    made.apply("wine", ModelEvent(plan_applied=plan))
    settled = [("wine", Succession("tree", 4, 3))]
    found = desired(made, WINES, settled=settled)
    assert {key.version for key in found.versions} == {4, 3, 2}
    assert {key.version for key in found.warm} == {3, 2}


def test_a_version_that_failed_everywhere_runs_nowhere_until_it_is_to_be_tried_again() -> None:
    made = served(catalog(*TREES), ("tree", 3))
    served(made, ("tree", 4), state=VERSION_STATE_FAILED)
    assert running(made) == {"tree@3"}
    made.apply("wine", ModelEvent(retried=VersionName(name="tree", version=4)))
    assert running(made) == {"tree@4", "tree@3"}


def test_a_retired_version_runs_nowhere() -> None:
    made = served(catalog(*TREES), ("tree", 3), ("tree", 4))
    made.apply("wine", ModelEvent(retired=VersionName(name="tree", version=4)))
    assert running(made) == {"tree@3"}


def test_a_revision_that_cannot_answer_yet_leaves_what_the_one_before_needs() -> None:
    made = catalog(*TREES, ("wine", "net", 1), ("wine", "net", 2))
    served(made, ("tree", 2), ("tree", 4))
    before = Plan(models=[PlanModel(name="tree", version=2)], revision=1)
    made.apply("wine", ModelEvent(plan_applied=before))
    after = Plan(models=[PlanModel(name="net", version=1)], revision=2)
    made.apply("wine", ModelEvent(plan_applied=after))
    assert running(made) == {"tree@4", "tree@2", "net@2", "net@1"}
    served(made, ("net", 1))
    assert running(made) == {"tree@4", "net@2", "net@1"}
