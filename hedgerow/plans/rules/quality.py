"""`quality: {by: accuracy, on: held-out, good_enough: 0.9}` - the best answer by a measure of quality.

`by` is a metric that the models were pushed with, or `confidence`; without it the models' order counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hedgerow.metrics import data_set_problem, name_problem
from hedgerow.plans.yaml_values import mapping, number, refusal, text
from hedgerow.v1 import rules_pb2 as pb
from hedgerow.v1.plans_pb2 import PlanModel

MAY_FIND_NOTHING = False

_CONFIDENCE = "confidence"
_REGISTERED = "registered"
"""What `by` said of models pushed with a quality, before they were pushed with metrics."""


def read(path: str, item: object) -> pb.QualityRule:
    """Read the rule. Raises InvalidPlan."""
    fields = mapping(path, item, ("by", "on", "good_enough"))
    rule = pb.QualityRule()
    if "by" in fields:
        by = text(f"{path}.by", fields["by"], "the name of a metric, or confidence")
        _refuse_registered(path, by)
        if by == _CONFIDENCE:
            rule.confidence = True
        else:
            rule.metric = by
    if "on" in fields:
        allowed = "the name of a data set, in quotes if it is a number or a date"
        rule.data_set = text(f"{path}.on", fields["on"], allowed)
    if "good_enough" in fields:
        allowed = "a confidence from 0 to 1"
        rule.good_enough = number(f"{path}.good_enough", fields["good_enough"], allowed)
    return rule


def write(rule: pb.QualityRule) -> dict[str, Any]:
    """Write the rule."""
    fields: dict[str, Any] = {}
    if measure := rule.WhichOneof("measure"):
        fields["by"] = rule.metric if measure == "metric" else _CONFIDENCE
    if rule.data_set:
        fields["on"] = rule.data_set
    if rule.HasField("good_enough"):
        fields["good_enough"] = rule.good_enough
    return fields


def check(path: str, rule: pb.QualityRule, models: Sequence[PlanModel]) -> None:
    """Raise InvalidPlan if nothing can be measured so, or no answer could be good enough."""
    measure = rule.WhichOneof("measure")
    if measure == "metric":
        _refuse_registered(path, rule.metric)
        _refuse(f"{path}.by", name_problem(rule.metric))
        _refuse(f"{path}.on", data_set_problem(rule.data_set))
    elif rule.data_set:
        raise refusal(f"{path}.on", "only a metric has a data set; name the metric in 'by'")
    if measure == "confidence" and not rule.confidence:
        raise refusal(f"{path}.by", "confidence is false; leave it out, or give true")
    if rule.HasField("good_enough") and not 0 <= rule.good_enough <= 1:
        raise refusal(f"{path}.good_enough", f"{rule.good_enough:g} is no confidence; give 0 to 1")


def _refuse(path: str, problem: str | None) -> None:
    if problem is not None:
        raise refusal(path, problem)


def _refuse_registered(path: str, by: str) -> None:
    if by == _REGISTERED:
        raise refusal(
            f"{path}.by",
            "'registered' is no more; give a metric that the models were pushed with (accuracy, say), "
            "or confidence, or leave 'by' out to go by the order in the plan",
        )
