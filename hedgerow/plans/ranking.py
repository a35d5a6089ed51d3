"""The metric by which a plan ranks its models, and whether they have it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from hedgerow.errors import InvalidInput, InvalidPlan
from hedgerow.metrics import find_metric
from hedgerow.v1 import rules_pb2 as pb
from hedgerow.v1.models_pb2 import Metric, ModelVersion
from hedgerow.v1.plans_pb2 import Plan


def metric_rule(rule: pb.Rule) -> pb.QualityRule | None:
    """Return the rule that ranks by a metric, itself or in its chain of `otherwise`; None: none does."""
    while rule.WhichOneof("kind") != "quality" and rule.HasField("otherwise"):
        rule = rule.otherwise
    return rule.quality if rule.quality.WhichOneof("measure") == "metric" else None


def check_ranking(plan: Plan, models: Mapping[str, Sequence[ModelVersion]]) -> None:
    """Raise InvalidPlan, naming model and metric, if models of a plan cannot be ranked by its metric.

    `models` are all versions of each model, by name. Shadows are not ranked, and models that are not
    there are for others to miss.
    """
    voting = [model.name for model in plan.models if not model.shadow and models.get(model.name)]
    check_ranked(plan.policy.rule, [(name, models[name]) for name in voting])


def check_ranked(rule: pb.Rule, ranked: Iterable[tuple[str, Sequence[ModelVersion]]]) -> None:
    """Raise InvalidPlan, naming model and metric, if models cannot be ranked by the metric of a rule.

    `ranked` are the models, as they are to be named, with the versions that count: that of the newest which
    has it is the model's.
    """
    quality = metric_rule(rule)
    if quality is None:
        return
    first: tuple[str, Metric] | None = None
    for model, versions in ranked:
        metric = _metric(quality, model, versions)
        first = first or (model, metric)
        name, other = first
        if metric.lower_is_better != other.lower_is_better:
            raise InvalidPlan(
                f"metric {quality.metric!r} is better {_when(other)} of model {name!r} and {_when(metric)}"
                f" of {model!r}; rank by another one, or push one of the two anew"
            )


def _metric(rule: pb.QualityRule, name: str, versions: Sequence[ModelVersion]) -> Metric:
    """Return the metric of the newest version that has it. Raises InvalidPlan if none has."""
    for version in reversed(versions):
        try:
            found = find_metric(version.descriptor.metrics, rule.metric, rule.data_set)
        except InvalidInput as error:
            which = f"{version.descriptor.name}@{version.version}"
            raise InvalidPlan(f"model {which}: {error} in 'on'") from error
        if found is not None:
            return found
    on = f" on data set {rule.data_set!r}" if rule.data_set else ""
    raise InvalidPlan(
        f"no version of model {name!r} has a metric {rule.metric!r}{on}; {_known(versions)}; rank by what "
        f"all models have, or push {name!r} with it"
    )


def _known(versions: Iterable[ModelVersion]) -> str:
    metrics = [metric for version in versions for metric in version.descriptor.metrics]
    names = {f"{m.name}@{m.data_set}" if m.data_set else m.name for m in metrics}
    return f"it has {', '.join(sorted(names))}" if names else "it has none"


def _when(metric: Metric) -> str:
    return "when lower" if metric.lower_is_better else "when higher"
