"""Which versions an executor runs."""

from hedgerow.v1.models_pb2 import ModelDescriptor, ModelEvent, ModelPushed, ModelVersion
from hedgerow.v1.plans_pb2 import Plan, PlanModel
from services.common.catalog import Catalog
from services.common.recent_versions import VersionKey
from services.executor.desired import desired


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


WINE = [("wine", "tree", 1), ("wine", "tree", 2), ("wine", "net", 1), ("iris", "tree", 1)]


def test_the_newest_version_of_each_model_runs() -> None:
    assert set(desired(catalog(*WINE), {"*"}, set())) == {
        VersionKey("wine", "tree", 2),
        VersionKey("wine", "net", 1),
        VersionKey("iris", "tree", 1),
    }


def test_only_models_of_the_executors_data_types_run() -> None:
    assert set(desired(catalog(*WINE), {"iris", "unheard-of"}, set())) == {
        VersionKey("iris", "tree", 1)
    }


def test_a_version_that_the_plan_stays_on_runs_beside_the_newest() -> None:
    wanted = desired(catalog(*WINE, pinned={"tree": 1, "net": 0}), {"wine"}, set())
    assert set(wanted) == {
        VersionKey("wine", "tree", 1),
        VersionKey("wine", "tree", 2),
        VersionKey("wine", "net", 1),
    }


def test_the_version_before_one_that_was_given_up_runs_in_its_place() -> None:
    assert set(desired(catalog(*WINE), {"wine"}, {VersionKey("wine", "tree", 2)})) == {
        VersionKey("wine", "tree", 1),
        VersionKey("wine", "net", 1),
    }


def test_a_model_without_a_usable_version_does_not_run() -> None:
    given_up = {VersionKey("wine", "tree", 1), VersionKey("wine", "tree", 2)}
    assert set(desired(catalog(*WINE), {"wine"}, given_up)) == {VersionKey("wine", "net", 1)}
