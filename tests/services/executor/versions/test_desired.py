"""Which versions an executor runs."""

from hedgerow.v1.models_pb2 import ModelDescriptor, ModelEvent, ModelPushed, ModelVersion
from hedgerow.v1.plans_pb2 import Plan, PlanModel
from services.common.catalog import Catalog
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


WINE = [("wine", "tree", 1), ("wine", "tree", 2), ("wine", "net", 1), ("iris", "tree", 1)]


def test_the_newest_version_of_each_model_runs() -> None:
    assert set(desired(catalog(*WINE), Served(), set())) == {
        VersionKey("wine", "tree", 2),
        VersionKey("wine", "net", 1),
        VersionKey("iris", "tree", 1),
    }


def test_only_models_of_the_executors_data_types_run() -> None:
    assert set(desired(catalog(*WINE), IRIS, set())) == {VersionKey("iris", "tree", 1)}


def test_a_version_that_the_plan_stays_on_runs_beside_the_newest() -> None:
    wanted = desired(catalog(*WINE, pinned={"tree": 1, "net": 0}), WINES, set())
    assert set(wanted) == {
        VersionKey("wine", "tree", 1),
        VersionKey("wine", "tree", 2),
        VersionKey("wine", "net", 1),
    }


def test_the_version_before_one_that_was_given_up_runs_in_its_place() -> None:
    assert set(desired(catalog(*WINE), WINES, {VersionKey("wine", "tree", 2)})) == {
        VersionKey("wine", "tree", 1),
        VersionKey("wine", "net", 1),
    }


def test_a_model_without_a_usable_version_does_not_run() -> None:
    given_up = {VersionKey("wine", "tree", 1), VersionKey("wine", "tree", 2)}
    assert set(desired(catalog(*WINE), WINES, given_up)) == {VersionKey("wine", "net", 1)}


def test_only_versions_of_the_executors_model_types_run() -> None:
    made = catalog()
    for version, model_type in ((1, "pmml"), (2, "saved_model")):
        said = ModelDescriptor(data_type="wine", name="tree", model_type=model_type)
        model = ModelVersion(descriptor=said, version=version)
        made.apply("wine", ModelEvent(pushed=ModelPushed(model=model)))

    def run_by(*model_types: str) -> set[int]:
        served = Served(model_types=frozenset(model_types))
        return {key.version for key in desired(made, served, set())}

    assert run_by("saved_model") == {2}
    assert run_by("pmml", "saved_model") == {2}
    assert run_by("pmml") == {1}, (
        "the newest of its own type, until another executor serves the next"
    )
    assert run_by("tensorflow_graph") == set()
