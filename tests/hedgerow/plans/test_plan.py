"""Plans in YAML: read and written."""

from __future__ import annotations

from datetime import timedelta

from hedgerow.plans.plan import plan_from_yaml, plan_to_yaml, policy_from_yaml
from hedgerow.v1 import plans_pb2 as pb
from hedgerow.v1 import rules_pb2
from tests.hedgerow.plans.texts import wine

FULL = """
data_type: wine
models:
  - name: wine-net@3
  - name: wine-forest
  - name: wine-tree
    shadow: true
policy:
  deadline: 50ms
  consensus: {quorum: 2.5, tolerance: 5%, weights: {wine-net: 2}}
  otherwise:
    consensus: {quorum: all, tolerance: 0.5}
    otherwise:
      quality: {by: confidence, good_enough: 0.9}
  default: {value: "1"}
"""


def test_a_plan_is_read_as_it_was_meant() -> None:
    plan = plan_from_yaml(FULL)
    assert [(m.name, m.version, m.shadow) for m in plan.models] == [
        ("wine-net", 3, False),
        ("wine-forest", 0, False),
        ("wine-tree", 0, True),
    ]
    policy = plan.policy
    assert policy.deadline.ToTimedelta() == timedelta(milliseconds=50)
    first, second = policy.rule, policy.rule.otherwise
    assert first.consensus.quorum.votes == 2.5
    assert first.consensus.tolerance.relative == 0.05
    assert dict(first.consensus.weights) == {"wine-net": 2}
    assert second.consensus.quorum.all
    assert second.consensus.tolerance.absolute == 0.5
    assert second.otherwise.quality.confidence
    assert second.otherwise.quality.good_enough == 0.9
    assert policy.default_answer.label == "1"


def test_a_plan_that_is_written_is_read_back_the_same() -> None:
    plan = plan_from_yaml(FULL)
    assert plan_from_yaml(plan_to_yaml(plan)) == plan


def test_the_smallest_plan_needs_no_more_than_a_rule() -> None:
    plan = plan_from_yaml("data_type: wine\nmodels: [{name: a}]\npolicy:\n  timeout:\n")
    assert plan.policy.rule.WhichOneof("kind") == "timeout"
    assert not plan.policy.HasField("deadline")
    assert plan_from_yaml(plan_to_yaml(plan)) == plan


def test_revision_and_time_are_not_written() -> None:
    plan = plan_from_yaml(FULL)
    applied = pb.Plan()
    applied.CopyFrom(plan)
    applied.revision = 7
    applied.applied_at.GetCurrentTime()
    assert plan_to_yaml(applied) == plan_to_yaml(plan)


def test_two_versions_of_a_model_may_stand_side_by_side() -> None:
    plan = plan_from_yaml(wine(models="[{name: a@1}, {name: a@2, shadow: true}]"))
    assert [model.version for model in plan.models] == [1, 2]


def test_the_data_set_of_a_metric_is_read_though_yaml_takes_its_key_for_true() -> None:
    policy = policy_from_yaml("quality: {by: accuracy, on: held-out, good_enough: 0.9}")
    said = rules_pb2.QualityRule(metric="accuracy", data_set="held-out", good_enough=0.9)
    assert policy.rule.quality == said
    mapping = {"by": "accuracy", "on": "held-out", "good_enough": 0.9}
    assert policy_from_yaml({"quality": mapping}) == policy


def test_a_quality_rule_goes_by_confidence_or_by_the_order_in_the_plan_too() -> None:
    assert policy_from_yaml("quality: {by: confidence}").rule.quality.confidence
    assert policy_from_yaml("quality: {}").rule.quality == rules_pb2.QualityRule()
