"""The plan of a data type that nobody applied one to."""

from __future__ import annotations

from datetime import timedelta

from hedgerow.v1.models_pb2 import VERSION_STATE_FAILED, Metric
from hedgerow.v1.rules_pb2 import QualityRule
from services.common.catalog import Catalog
from tests.services.common.events import pushed, reported


def metric(name: str, value: float, data_set: str = "", lower: bool = False) -> Metric:
    return Metric(name=name, value=value, data_set=data_set, lower_is_better=lower)


def fold(**models: list[Metric]) -> Catalog:
    catalog = Catalog()
    for name, metrics in models.items():
        catalog.apply("wine", pushed(name, metrics=metrics))
    return catalog


def names(catalog: Catalog) -> list[str]:
    return [model.name for model in catalog.plan("wine").models]


def rule(catalog: Catalog) -> QualityRule | None:
    """The rule that ranks; None: the best-listed that answers in time."""
    said = catalog.plan("wine").policy.rule
    return said.quality if said.HasField("quality") else None


def test_it_ranks_by_the_metric_that_all_have() -> None:
    catalog = fold(
        net=[metric("auc", 0.8), metric("accuracy", 0.95)],
        tree=[metric("accuracy", 0.97), metric("f1", 1)],
    )
    plan = catalog.plan("wine")
    assert (plan.revision, plan.data_type) == (0, "wine")
    assert [(model.name, model.version) for model in plan.models] == [("tree", 0), ("net", 0)]
    assert plan.policy.deadline.ToTimedelta() == timedelta(milliseconds=100)
    assert rule(catalog) == QualityRule(metric="accuracy")


def test_of_several_that_all_have_the_first_of_the_first_model_counts() -> None:
    catalog = fold(tree=[metric("a", 2), metric("b", 2)], net=[metric("b", 1), metric("a", 1)])
    assert rule(catalog) == QualityRule(metric="b")


def test_of_an_error_the_lower_is_better() -> None:
    catalog = fold(a=[metric("rmse", 3, lower=True)], b=[metric("rmse", 1, lower=True)])
    assert names(catalog) == ["b", "a"]


def test_what_is_measured_on_other_data_or_the_other_way_round_is_not_shared() -> None:
    for other in (metric("f1", 2, "june"), metric("f1", 2, "may", lower=True), metric("f1", 2)):
        catalog = fold(a=[metric("f1", 1, "may")], b=[other])
        assert (names(catalog), rule(catalog)) == (["a", "b"], None)
    catalog = fold(a=[metric("f1", 1, "may")], b=[metric("f1", 2), metric("f1", 3, "may")])
    assert (names(catalog), rule(catalog)) == (["b", "a"], QualityRule(metric="f1", data_set="may"))


def test_a_metric_without_a_data_set_is_not_shared_where_a_model_has_it_on_others_too() -> None:
    """The plan could not say which: an empty data set stands for the only one there is."""
    catalog = fold(a=[metric("f1", 1)], b=[metric("f1", 2), metric("f1", 3, "may")])
    assert (names(catalog), rule(catalog)) == (["a", "b"], None)


def test_the_newest_version_that_may_serve_counts() -> None:
    catalog = fold(a=[metric("f1", 3)], b=[metric("f1", 2)])
    catalog.apply("wine", pushed("a", 2, metrics=[metric("f1", 1)]))
    assert names(catalog) == ["b", "a"]
    catalog.apply("wine", reported("a@2", VERSION_STATE_FAILED))
    assert names(catalog) == ["a", "b"]
    catalog.apply("wine", pushed("a", 3))
    assert rule(catalog) is None


def test_models_that_cannot_serve_are_left_out_unless_none_can() -> None:
    catalog = fold(a=[], b=[])
    catalog.apply("wine", reported("a@1", VERSION_STATE_FAILED))
    assert names(catalog) == ["b"]
    catalog.apply("wine", reported("b@1", VERSION_STATE_FAILED))
    assert names(catalog) == ["a", "b"]


def test_it_has_at_most_64_models() -> None:
    catalog = fold(**{f"m{number:02}": [] for number in range(70)})
    assert names(catalog) == [f"m{number:02}" for number in range(64)]
