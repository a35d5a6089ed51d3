"""Checks a plan against the models there are; that it does not contradict itself was checked before."""

from __future__ import annotations

from collections.abc import Sequence

from hedgerow.errors import InvalidInput, Refused
from hedgerow.metrics import find_metric
from hedgerow.plans.ranking import check_ranked, metric_rule
from hedgerow.plans.streams import MAX_PARTITIONS, StreamSettings
from hedgerow.references import Reference
from hedgerow.v1.models_pb2 import ModelVersion
from hedgerow.v1.plans_pb2 import Plan
from services.common.catalog import Catalog, Version
from services.registry.aliases import check_usable


def check_models(catalog: Catalog, plan: Plan) -> None:
    """Raise NotFound, Refused or InvalidPlan if a plan cannot be carried out with the models there are."""
    ranked = []
    for model in plan.models:
        version = catalog.version(plan.data_type, model.name, model.version, model.alias)
        if model.version or model.alias:
            check_usable(version)
        if not model.shadow:
            ranked.append((str(Reference.of(model)), _up_to(catalog, version)))
    check_ranked(plan.policy.rule, ranked)


def check_partitions(current: Plan, plan: Plan) -> None:
    """Raise Refused if a plan has fewer partitions than the one in force, or no multiple of them.

    By a multiple each partition is split into others of its own, and no two share what was one: a key's
    records stay in their order while some of them wait where they used to be.
    """
    said, now = plan.stream.partitions, StreamSettings.of(current).partitions
    if not said or said % now == 0:
        return
    how = "fewer" if said < now else "no multiple of that"
    more = f"give a multiple, as {2 * now}, or " if 2 * now <= MAX_PARTITIONS else ""
    raise Refused(
        f"stream.partitions: {plan.data_type} has {now}, and {said} are {how}; {more}leave it out to keep"
        f" {now}"
    )


def lacks_metric(catalog: Catalog, model: ModelVersion) -> str:
    """Return the metric that the plan in force ranks by, if it is the model's plan and this lacks it."""
    said = model.descriptor
    plan = catalog.plan(said.data_type)
    rule = metric_rule(plan.policy.rule)
    if rule is None or said.name not in {m.name for m in plan.models if not m.shadow}:
        return ""
    try:
        found = find_metric(said.metrics, rule.metric, rule.data_set)
    except InvalidInput:  # it has several, of which the plan does not say one
        found = None
    return "" if found else rule.metric


def _up_to(catalog: Catalog, version: Version) -> Sequence[ModelVersion]:
    """Return the versions of a model up to one: one without a metric has that of one before it."""
    said = version.model.descriptor
    versions = catalog.model(said.data_type, said.name).versions.values()
    return [known.model for known in versions if known.model.version <= version.model.version]
