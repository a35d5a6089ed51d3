"""The plans of the scenes."""

from collections.abc import Sequence
from datetime import timedelta

from bench.payload import DATA_TYPE
from hedgerow.plans.plan import strategy_from_yaml
from hedgerow.v1.plans_pb2 import Plan, PlanModel, Policy
from hedgerow.v1.rules_pb2 import (
    ConsensusRule,
    QualityRule,
    Quorum,
    Rule,
    TimeoutRule,
)

# Far beyond any answer, so that a deadline never makes a slow mesh look fast.
_PATIENT = timedelta(seconds=5)


def consensus(models: Sequence[str], *, everybody: bool = False) -> Plan:
    """Return a plan that decides when most of the models agree, or only when all were heard."""
    quorum = Quorum(all=True) if everybody else Quorum(majority=True)
    return _plan(models, Rule(consensus=ConsensusRule(quorum=quorum)), _PATIENT)


def best(models: Sequence[str]) -> Plan:
    """Return a plan that waits for the model of the best accuracy."""
    return _plan(models, Rule(quality=QualityRule(metric="accuracy")), _PATIENT)


def preferred(models: Sequence[str], deadline: timedelta) -> Plan:
    """Return a plan that waits for the first-listed model until the deadline."""
    return _plan(models, Rule(timeout=TimeoutRule()), deadline)


def first(models: Sequence[str], hedge: str = "") -> Plan:
    """Return a plan that takes whichever answer comes first; all but the first start after `hedge`."""
    rule = QualityRule(good_enough=0.0)
    plan = _plan(models, Rule(quality=rule), _PATIENT)
    if hedge:
        starts = dict.fromkeys(models[1:], hedge)
        plan.strategy.CopyFrom(strategy_from_yaml({"starts": starts}))
    return plan


def confident(models: Sequence[str], good_enough: float, *, cascade: bool = False) -> Plan:
    """Return a plan that takes the surest answer, or one that is sure enough.

    In a cascade each model but the first starts for those records alone that are in doubt.
    """
    rule = QualityRule(confidence=True, good_enough=good_enough)
    plan = _plan(models, Rule(quality=rule), _PATIENT)
    if cascade:
        starts = dict.fromkeys(models[1:], "on_doubt")
        plan.strategy.CopyFrom(strategy_from_yaml({"starts": starts}))
    return plan


def alone(model: str, replica_hedge: str = "") -> Plan:
    """Return a plan of one model, which is asked on a second host when the first is late."""
    plan = _plan((model,), Rule(timeout=TimeoutRule()), _PATIENT)
    if replica_hedge:
        plan.strategy.CopyFrom(strategy_from_yaml({"replica_hedge": replica_hedge}))
    return plan


def following(model: str, alias: str, keep_warm: int) -> Plan:
    """Return a plan of one model, of which an alias says the version."""
    plan = _plan((model,), Rule(timeout=TimeoutRule()), _PATIENT)
    plan.models[0].alias = alias
    plan.keep_warm = keep_warm
    return plan


def _plan(models: Sequence[str], rule: Rule, deadline: timedelta) -> Plan:
    policy = Policy(rule=rule)
    policy.deadline.FromTimedelta(deadline)
    return Plan(
        data_type=DATA_TYPE, models=[PlanModel(name=name) for name in models], policy=policy
    )
