"""Plans and situations for property tests: small numbers of everything, so that ties are common."""

from __future__ import annotations

import math

from hypothesis import strategies as st

from hedgerow.errors import InvalidPlan
from hedgerow.plans.checks import check_plan
from hedgerow.v1 import plans_pb2 as pb
from hedgerow.v1 import rules_pb2

NAMES = ("a", "b", "c", "d", "e")
CONFIDENCES = (0.0, 0.25, 0.5, 0.9, 1.0)
LABELS: tuple[str | float, ...] = ("x", "y", "z")
NUMBERS: tuple[str | float, ...] = (-1.0, 0.0, -0.0, 1.0, 1.25, 1.5, 2.0, 2.1)

_votes = st.sampled_from([1.0, 1.0, 2.0, 0.1, 0.2, 0.3])
_quorums = st.one_of(
    st.none(),
    st.just(rules_pb2.Quorum(majority=True)),
    st.just(rules_pb2.Quorum(all=True)),
    st.builds(rules_pb2.Quorum, votes=st.sampled_from([0.3, 1.0, 2.0, 3.0])),
)
_tolerances = st.one_of(
    st.none(),
    st.none(),
    st.builds(rules_pb2.Tolerance, absolute=st.sampled_from([0.25, 0.5, 1.0])),
    st.builds(rules_pb2.Tolerance, relative=st.sampled_from([0.05, 0.25, 1.0])),
)
_good_enough = st.sampled_from([None, None, 0.0, 0.5, 0.9])
_qualities = st.one_of(
    st.builds(rules_pb2.QualityRule, metric=st.just("accuracy"), good_enough=_good_enough),
    st.builds(rules_pb2.QualityRule, confidence=st.just(True), good_enough=_good_enough),
    st.builds(rules_pb2.QualityRule, good_enough=_good_enough),
)
_last = st.one_of(
    st.just(rules_pb2.Rule(timeout=rules_pb2.TimeoutRule())),
    st.builds(rules_pb2.Rule, quality=_qualities),
)


@st.composite
def _consensus(draw: st.DrawFn, names: tuple[str, ...]) -> rules_pb2.Rule:
    weights = st.dictionaries(st.sampled_from(names), _votes, max_size=len(names))
    rule = rules_pb2.ConsensusRule(
        quorum=draw(_quorums), tolerance=draw(_tolerances), weights=draw(weights)
    )
    deeper = st.one_of(st.none(), _last, _consensus(names))
    return rules_pb2.Rule(consensus=rule, otherwise=draw(deeper))


@st.composite
def plans(draw: st.DrawFn) -> pb.Plan:
    """A plan that makes sense, of one to five models."""
    size = draw(st.integers(1, len(NAMES)))
    shadows = [draw(st.integers(0, 4)) == 0 for _ in range(size)]
    shadows[draw(st.integers(0, size - 1))] = False
    voters = tuple(name for name, shadow in zip(NAMES, shadows, strict=False) if not shadow)
    plan = pb.Plan(
        data_type="wine",
        models=[
            pb.PlanModel(name=name, shadow=shadow)
            for name, shadow in zip(NAMES, shadows, strict=False)
        ],
        policy=pb.Policy(
            rule=draw(st.one_of(_last, _consensus(voters), _consensus(voters))),
            default_answer=draw(st.sampled_from([None, pb.DefaultAnswer(label="x")])),
        ),
    )
    try:
        check_plan(plan)
    except InvalidPlan:  # more votes than there are
        plan.policy.rule.timeout.SetInParent()
        plan.policy.rule.ClearField("otherwise")
    return plan


qualities = st.lists(
    st.sampled_from([-math.inf, -0.3, 0.5, 0.9]), min_size=len(NAMES), max_size=len(NAMES)
)
kinds = st.sampled_from([LABELS, NUMBERS, LABELS + NUMBERS])
