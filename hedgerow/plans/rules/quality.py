"""`quality: {by: confidence, good_enough: 0.9}` - the best answer by a measure of quality."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hedgerow.plans.yaml_values import mapping, number, refusal, wrong
from hedgerow.v1 import rules_pb2 as pb
from hedgerow.v1.plans_pb2 import PlanModel

MAY_FIND_NOTHING = False

_MEASURES = {
    "registered": pb.QUALITY_MEASURE_REGISTERED,
    "confidence": pb.QUALITY_MEASURE_CONFIDENCE,
}


def read(path: str, item: object) -> pb.QualityRule:
    """Read the rule. Raises InvalidPlan."""
    fields = mapping(path, item, ("by", "good_enough"))
    rule = pb.QualityRule()
    if "by" in fields:
        by = fields["by"]
        if not isinstance(by, str) or by not in _MEASURES:
            raise wrong(f"{path}.by", by, " or ".join(_MEASURES))
        rule.by = _MEASURES[by]
    if "good_enough" in fields:
        allowed = "a confidence from 0 to 1"
        rule.good_enough = number(f"{path}.good_enough", fields["good_enough"], allowed)
    return rule


def write(rule: pb.QualityRule) -> dict[str, Any]:
    """Write the rule."""
    names = {measure: name for name, measure in _MEASURES.items()}
    fields: dict[str, Any] = {"by": names[rule.by]} if rule.by in names else {}
    if rule.HasField("good_enough"):
        fields["good_enough"] = rule.good_enough
    return fields


def check(path: str, rule: pb.QualityRule, models: Sequence[PlanModel]) -> None:
    """Raise InvalidPlan if there is no such measure, or no answer could be good enough."""
    if rule.by not in pb.QualityMeasure.values():
        raise refusal(f"{path}.by", f"there is no measure {rule.by}; give {' or '.join(_MEASURES)}")
    if rule.HasField("good_enough") and not 0 <= rule.good_enough <= 1:
        raise refusal(f"{path}.good_enough", f"{rule.good_enough:g} is no confidence; give 0 to 1")
