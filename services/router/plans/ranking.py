"""What a plan's metric says of the versions that are served."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from hedgerow.errors import InvalidInput
from hedgerow.metrics import find_metric
from hedgerow.v1.models_pb2 import Metric, ModelVersion
from hedgerow.v1.rules_pb2 import QualityRule


class Served(NamedTuple):
    """A model of a plan."""

    versions: Sequence[ModelVersion]
    """All there are, oldest first."""
    version: int
    """The one that is served; 0: none is."""


def qualities(rule: QualityRule | None, models: Sequence[Served]) -> list[float]:
    """Return what a rule's metric says of models: higher is better, -infinity where there is none.

    A metric that is better when lower is negated. Where models say both of it, the first that has it is
    believed, and those that say otherwise have none. Without a rule there is no metric.
    """
    if rule is None:
        return [-math.inf] * len(models)
    found = [metric_of(rule, served.versions, served.version) for served in models]
    lower = next((metric.lower_is_better for metric in found if metric is not None), False)
    return [_quality(metric, lower) for metric in found]


def metric_of(rule: QualityRule, versions: Sequence[ModelVersion], served: int) -> Metric | None:
    """Return the metric of the served version, else that of the nearest version before it that has it.

    A version that was measured on several data sets, of which the rule says none, does not have it.
    """
    before = (version for version in reversed(versions) if version.version <= served)
    found = (_find(rule, version) for version in before)
    return next((metric for metric in found if metric is not None), None)


def _find(rule: QualityRule, version: ModelVersion) -> Metric | None:
    try:
        return find_metric(version.descriptor.metrics, rule.metric, rule.data_set)
    except InvalidInput:
        return None


def _quality(metric: Metric | None, lower: bool) -> float:
    if metric is None or metric.lower_is_better != lower or not math.isfinite(metric.value):
        return -math.inf
    return -metric.value if lower else metric.value
