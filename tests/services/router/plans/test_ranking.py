"""What models are ranked by, and policies of requests that they cannot be ranked by."""

from __future__ import annotations

from datetime import timedelta
from math import inf

import pytest

from hedgerow.data.records import Batch
from hedgerow.errors import InvalidPlan
from hedgerow.metrics import parse_metric
from hedgerow.plans.plan import plan_from_yaml, policy_from_yaml
from hedgerow.v1.events_pb2 import ModelEvent, ModelPushed
from hedgerow.v1.models_pb2 import Metric, ModelDescriptor, ModelVersion
from hedgerow.v1.plans_pb2 import Policy
from hedgerow.v1.rules_pb2 import QualityRule
from hedgerow.v1.scoring_pb2 import ScoreRequest
from services.common.catalog import Catalog
from services.router.plans.prepared import Plan, PreparedPlans
from services.router.plans.ranking import Served, qualities

ACCURACY = QualityRule(metric="accuracy")
HELD_OUT = QualityRule(metric="accuracy", data_set="held-out")
LISTED = "policy: {timeout: {}}"


def version(number: int, *metrics: str | Metric, name: str = "tree") -> ModelVersion:
    said = [parse_metric(metric) if isinstance(metric, str) else metric for metric in metrics]
    descriptor = ModelDescriptor(data_type="wine", name=name, metrics=said)
    return ModelVersion(descriptor=descriptor, version=number)


def lower(text: str) -> Metric:
    return parse_metric(text, lower_is_better=True)


TREE = [version(1, "accuracy=0.8"), version(2), version(3, "accuracy=0.9"), version(5)]


@pytest.mark.parametrize(
    ("served", "quality"), [(1, 0.8), (2, 0.8), (3, 0.9), (4, 0.9), (5, 0.9), (0, -inf)]
)
def test_a_version_without_the_metric_has_that_of_the_nearest_before_it(
    served: int, quality: float
) -> None:
    assert qualities(ACCURACY, [Served(TREE, served)]) == [quality]


def test_a_metric_of_a_later_version_says_nothing_of_an_earlier_one() -> None:
    later = [version(1), version(2, "accuracy=0.9")]
    assert qualities(ACCURACY, [Served(later, 1), Served([], 0)]) == [-inf, -inf]


def test_the_metric_of_the_data_set_counts() -> None:
    both = [
        version(1, "accuracy=0.7@held-out"),
        version(2, "accuracy=0.9@a", "accuracy=0.8@held-out"),
    ]
    assert qualities(HELD_OUT, [Served(both, 2)]) == [0.8]
    assert qualities(QualityRule(metric="accuracy", data_set="b"), [Served(both, 2)]) == [-inf]
    assert qualities(ACCURACY, [Served(both, 2)]) == [0.7]  # which of the two, nobody says


def test_of_a_metric_that_is_better_when_lower_the_lowest_ranks_first() -> None:
    error, other = [version(1, lower("rmse=0.3"))], [version(1, lower("rmse=0.2"))]
    wrong = [version(1, "rmse=7")]
    models = [Served(error, 1), Served(other, 1), Served(wrong, 1)]
    assert qualities(QualityRule(metric="rmse"), models) == [-0.3, -0.2, -inf]


class Mesh:
    """A router's plans over a catalog of models; which versions serve is told."""

    def __init__(self, *versions: ModelVersion, plan: str = LISTED) -> None:
        self.catalog = Catalog()
        self.serving: dict[str, int] = {}
        for model in versions:
            self.catalog.apply("wine", ModelEvent(pushed=ModelPushed(model=model)))
        names = dict.fromkeys(model.descriptor.name for model in versions)
        models = ", ".join(f"{{name: {name}}}" for name in names)
        self.apply(f"models: [{models}]\n{plan}")
        self.plans = PreparedPlans(
            self.catalog, lambda model, _: self.serving.get(model[1], 0), timedelta(seconds=1)
        )

    def apply(self, yaml: str) -> None:
        plan = plan_from_yaml(f"data_type: wine\n{yaml}")
        self.catalog.apply("wine", ModelEvent(plan_applied=plan))

    def plan(self) -> Plan:
        self.plans.changed()
        return self.plans.plan("wine")

    def asked(self, policy: Policy | str | None) -> Plan:
        """The plan of a request with a policy of its own."""
        said = policy_from_yaml(policy) if isinstance(policy, str) else policy
        batch = Batch.from_records("wine", [{"ash": 1.0}]).to_proto()
        return self.plans.plan_for(ScoreRequest(batch=batch, policy=said))


def test_the_metric_of_a_rule_that_stands_in_otherwise_counts_too() -> None:
    net = version(1, "accuracy=0.85", name="net")
    nested = (
        "policy: {consensus: {}, otherwise: {consensus: {}, otherwise: {quality: {by: accuracy}}}}"
    )
    mesh = Mesh(*TREE, net, plan=nested)
    mesh.serving = {"tree": 1, "net": 1}
    first = mesh.plan()
    assert first.qualities == [0.8, 0.85]
    mesh.serving["tree"] = 3
    second = mesh.plan()
    assert second.qualities == [0.9, 0.85]
    # A collector tells plans apart by their content.
    assert first.content != second.content
    assert Mesh(*TREE, net).plan().qualities == [-inf, -inf]


def test_a_request_may_rank_by_another_metric_than_the_plan() -> None:
    mesh = Mesh(version(1, "accuracy=0.9@a", "f1=0.5@a"), version(1, "f1=0.6@b", name="net"))
    by_f1, by_order = mesh.asked("quality: {by: f1}"), mesh.asked("quality: {}")
    assert (by_f1.qualities, by_order.qualities) == ([0.5, 0.6], [-inf, -inf])
    assert len({by_f1.content, by_order.content, mesh.plan().content}) == 3


@pytest.mark.parametrize(
    ("policy", "problem"),
    [
        (
            "quality: {by: recall}",
            "no version of model 'tree' has a metric 'recall'; it has accuracy@a, accuracy@b, f1; rank by",
        ),
        (
            "{consensus: {}, otherwise: {quality: {by: f1}}}",
            "no version of model 'net' has a metric 'f1'; it has accuracy@a, rmse; rank by what all models",
        ),
        (
            "quality: {by: accuracy, on: c}",
            "no version of model 'tree' has a metric 'accuracy' on data set 'c'; it has accuracy@a",
        ),
        (
            "quality: {by: accuracy}",
            "model tree@2: metric 'accuracy' was measured on several data sets: a, b; say which one",
        ),
    ],
)
def test_a_request_that_ranks_by_what_a_model_lacks_is_refused(policy: str, problem: str) -> None:
    tree = [version(1, "f1=0.4"), version(2, "accuracy=0.9@a", "accuracy=0.8@b")]
    mesh = Mesh(*tree, version(1, "accuracy=0.7@a", lower("rmse=2"), name="net"))
    with pytest.raises(InvalidPlan) as refusal:
        mesh.asked(policy)
    assert str(refusal.value).startswith(problem)
    assert mesh.asked("quality: {by: accuracy, on: a}").qualities == [0.9, 0.7]


def test_a_metric_that_is_better_when_higher_here_and_when_lower_there_ranks_nobody() -> None:
    mesh = Mesh(version(1, "cost=1"), version(1, lower("cost=2"), name="net"))
    with pytest.raises(
        InvalidPlan, match="better when higher of model 'tree' and when lower of 'net'"
    ):
        mesh.asked("quality: {by: cost}")


def test_a_shadow_may_lack_the_metric_and_so_may_models_of_a_plan_in_force() -> None:
    net = version(1, name="net")
    mesh = Mesh(version(1, "f1=0.5"), net, plan="policy: {quality: {by: f1}}")
    assert mesh.plan().qualities == [0.5, -inf]
    assert mesh.asked(None).qualities == [0.5, -inf]
    mesh.apply(f"models: [{{name: tree}}, {{name: net, shadow: true}}]\n{LISTED}")
    mesh.plans.changed()
    assert mesh.asked("quality: {by: f1}").qualities == [0.5, -inf]
