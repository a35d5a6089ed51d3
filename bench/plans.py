"""The plans of the scenes."""

from collections.abc import Sequence
from datetime import timedelta

from bench.payload import DATA_TYPE
from hedgerow.v1.plans_pb2 import (
    QUALITY_MEASURE_REGISTERED,
    ConsensusRule,
    Plan,
    PlanModel,
    Policy,
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
    """Return a plan that waits for the model of the best registered quality."""
    return _plan(models, Rule(quality=QualityRule(by=QUALITY_MEASURE_REGISTERED)), _PATIENT)


def preferred(models: Sequence[str], deadline: timedelta) -> Plan:
    """Return a plan that waits for the first-listed model until the deadline."""
    return _plan(models, Rule(timeout=TimeoutRule()), deadline)


def _plan(models: Sequence[str], rule: Rule, deadline: timedelta) -> Plan:
    policy = Policy(rule=rule)
    policy.deadline.FromTimedelta(deadline)
    return Plan(
        data_type=DATA_TYPE, models=[PlanModel(name=name) for name in models], policy=policy
    )
