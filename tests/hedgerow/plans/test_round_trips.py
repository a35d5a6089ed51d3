"""Every plan is written and read back the same."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from hedgerow.plans.checks import check_plan
from hedgerow.plans.plan import plan_from_yaml, plan_to_yaml
from hedgerow.v1 import plans_pb2 as pb
from hedgerow.v1 import rules_pb2

names = st.sampled_from(["a", "b-1", "c.d"])
quorums = st.one_of(
    st.none(),
    st.just(rules_pb2.Quorum(majority=True)),
    st.just(rules_pb2.Quorum(all=True)),
    st.builds(rules_pb2.Quorum, votes=st.floats(0.001, 3)),
)
tolerances = st.one_of(
    st.none(),
    st.builds(rules_pb2.Tolerance, absolute=st.floats(0, 1e300)),
    st.builds(rules_pb2.Tolerance, relative=st.floats(0, 1)),
)
consensus_rules = st.builds(
    rules_pb2.ConsensusRule,
    quorum=quorums,
    tolerance=tolerances,
    weights=st.dictionaries(names, st.floats(1, 1e12), max_size=3),
)
good_enough = st.one_of(st.none(), st.floats(0, 1))
quality_rules = st.one_of(
    st.builds(
        rules_pb2.QualityRule,
        metric=st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,63}", fullmatch=True).filter(
            lambda name: name not in ("confidence", "registered")
        ),
        data_set=st.text(max_size=128).filter(str.isprintable),
        good_enough=good_enough,
    ),
    st.builds(rules_pb2.QualityRule, confidence=st.just(True), good_enough=good_enough),
    st.builds(rules_pb2.QualityRule, good_enough=good_enough),
)
last_rules = st.one_of(
    st.just(rules_pb2.Rule(timeout=rules_pb2.TimeoutRule())),
    st.builds(rules_pb2.Rule, quality=quality_rules),
)
rules = st.recursive(
    st.one_of(last_rules, st.builds(rules_pb2.Rule, consensus=consensus_rules)),
    lambda inner: st.builds(rules_pb2.Rule, consensus=consensus_rules, otherwise=inner),
    max_leaves=4,
)
defaults = st.one_of(
    st.none(),
    st.builds(pb.DefaultAnswer, label=st.text(min_size=1).filter(str.isprintable)),
    st.builds(pb.DefaultAnswer, number=st.floats(allow_nan=False, allow_infinity=False)),
)


microsecond = timedelta(microseconds=1)
retentions = st.builds(
    pb.Retention,
    age=st.one_of(st.none(), st.timedeltas(microsecond, timedelta(days=1000))),
    length=st.integers(0, 2**63 - 1),
).map(lambda kept: kept if kept.ByteSize() else None)
streams = st.builds(
    pb.StreamPlan,
    partitions=st.integers(0, 256),
    max_age=st.one_of(st.none(), st.timedeltas(microsecond, timedelta(days=1000))),
    tries=st.integers(0, 100),
    deduplicate=st.one_of(st.none(), st.timedeltas(timedelta(0), timedelta(hours=24))),
    records=retentions,
    scores=retentions,
    unread=st.sampled_from(pb.Unread.values()),
).map(lambda stream: stream if stream.ByteSize() else None)
joins = st.sampled_from(pb.Join.values())
packings = st.sampled_from(pb.Packing.values())


@settings(deadline=None)
@given(joins, packings, streams)
def test_every_join_packing_and_stream_round_trips(
    join: pb.Join, packing: pb.Packing, stream: pb.StreamPlan | None
) -> None:
    rule = rules_pb2.Rule(timeout=rules_pb2.TimeoutRule())
    models = [pb.PlanModel(name="a")]
    plan = pb.Plan(
        data_type="wine",
        models=models,
        policy=pb.Policy(rule=rule),
        join=join,
        packing=packing,
        stream=stream,
    )
    check_plan(plan)
    assert plan_from_yaml(plan_to_yaml(plan)) == plan


@settings(deadline=None)
@given(rules, defaults, st.one_of(st.none(), st.integers(1, 3_600_000_000)))
def test_every_plan_round_trips(
    rule: rules_pb2.Rule, default: pb.DefaultAnswer | None, microseconds: int | None
) -> None:
    models = [pb.PlanModel(name=name) for name in ("a", "b-1", "c.d")]
    plan = pb.Plan(data_type="wine", models=models, policy=pb.Policy(rule=rule))
    if default is not None:
        plan.policy.default_answer.CopyFrom(default)
    if microseconds is not None:
        plan.policy.deadline.FromMicroseconds(microseconds)
    check_plan(plan)
    assert plan_from_yaml(plan_to_yaml(plan)) == plan
