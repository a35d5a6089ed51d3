"""The plan of a data type that nobody applied one to: all models, ranked by what was measured of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hedgerow.plans.checks import MAX_MODELS
from hedgerow.plans.strategy_checks import DEFAULT_DEADLINE
from hedgerow.v1.models_pb2 import Metric, ModelVersion
from hedgerow.v1.plans_pb2 import Plan, PlanModel, Policy
from hedgerow.v1.rules_pb2 import QualityRule, Rule, TimeoutRule


def default_plan(data_type: str, newest: Mapping[str, ModelVersion]) -> Plan:
    """Make the plan of models, by the newest version of each, by name. Of none there is an empty plan.

    They are ranked by the first metric that all of them have on the same data set, in the order in which
    the first of them by name says its metrics. Where they share none, they are listed by name, and the
    best-listed that answers wins.
    """
    shared = _shared(newest)
    if shared is None:
        names, rule = sorted(newest), Rule(timeout=TimeoutRule())
    else:
        names = sorted(newest, key=lambda name: (-_rank(newest[name], shared), name))
        rule = Rule(quality=QualityRule(metric=shared.name, data_set=shared.data_set))
    policy = Policy(rule=rule)
    policy.deadline.FromTimedelta(DEFAULT_DEADLINE)
    models = [PlanModel(name=name) for name in names[:MAX_MODELS]]
    return Plan(data_type=data_type, models=models, policy=policy)


def _shared(newest: Mapping[str, ModelVersion]) -> Metric | None:
    if not newest:
        return None
    first = newest[min(newest)].descriptor.metrics
    of_all = [model.descriptor.metrics for model in newest.values()]
    return next((metric for metric in first if all(_has(m, metric) for m in of_all)), None)


def _has(metrics: Iterable[Metric], metric: Metric) -> bool:
    """Tell whether a plan that names a metric finds it: without a data set it must be the only one."""
    if not metric.data_set and sum(other.name == metric.name for other in metrics) > 1:
        return False
    return any(_same(metric, other) for other in metrics)


def _same(one: Metric, other: Metric) -> bool:
    return (one.name, one.data_set, one.lower_is_better) == (
        other.name,
        other.data_set,
        other.lower_is_better,
    )


def _rank(model: ModelVersion, metric: Metric) -> float:
    value = next(m.value for m in model.descriptor.metrics if _same(m, metric))
    return -value if metric.lower_is_better else value
