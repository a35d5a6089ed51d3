from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hedgerow.durations import InvalidDuration
from hedgerow.errors import InvalidPlan
from hedgerow.plans.checks import MAX_RULES
from hedgerow.plans.plan import (
    check_plan,
    format_duration,
    parse_duration,
    plan_from_yaml,
    plan_to_yaml,
)
from hedgerow.v1 import plans_pb2 as pb

FULL = """
data_type: wine
models:
  - name: wine-net@3
  - name: wine-forest
  - name: wine-tree
    shadow: true
policy:
  deadline: 50ms
  consensus: {quorum: 2.5, tolerance: 5%, weights: {wine-net: 2}}
  otherwise:
    consensus: {quorum: all, tolerance: 0.5}
    otherwise:
      quality: {by: confidence, good_enough: 0.9}
  default: {value: "1"}
"""


def test_a_plan_is_read_as_it_was_meant() -> None:
    plan = plan_from_yaml(FULL)
    assert [(m.name, m.version, m.shadow) for m in plan.models] == [
        ("wine-net", 3, False),
        ("wine-forest", 0, False),
        ("wine-tree", 0, True),
    ]
    policy = plan.policy
    assert policy.deadline.ToTimedelta() == timedelta(milliseconds=50)
    first, second = policy.rule, policy.rule.otherwise
    assert first.consensus.quorum.votes == 2.5
    assert first.consensus.tolerance.relative == 0.05
    assert dict(first.consensus.weights) == {"wine-net": 2}
    assert second.consensus.quorum.all
    assert second.consensus.tolerance.absolute == 0.5
    assert second.otherwise.quality.by == pb.QUALITY_MEASURE_CONFIDENCE
    assert second.otherwise.quality.good_enough == 0.9
    assert policy.default_answer.label == "1"


def test_a_plan_that_is_written_is_read_back_the_same() -> None:
    plan = plan_from_yaml(FULL)
    assert plan_from_yaml(plan_to_yaml(plan)) == plan


def test_the_smallest_plan_needs_no_more_than_a_rule() -> None:
    plan = plan_from_yaml("data_type: wine\nmodels: [{name: a}]\npolicy:\n  timeout:\n")
    assert plan.policy.rule.WhichOneof("kind") == "timeout"
    assert not plan.policy.HasField("deadline")
    assert plan_from_yaml(plan_to_yaml(plan)) == plan


def test_revision_and_time_are_not_written() -> None:
    plan = plan_from_yaml(FULL)
    applied = pb.Plan()
    applied.CopyFrom(plan)
    applied.revision = 7
    applied.applied_at.GetCurrentTime()
    assert plan_to_yaml(applied) == plan_to_yaml(plan)


def wine(policy: str = "{timeout: {}}", models: str = "[{name: a}, {name: b}, {name: c}]") -> str:
    return f"data_type: wine\nmodels: {models}\npolicy: {policy}\n"


@pytest.mark.parametrize(
    ("text", "path", "allowed"),
    [
        ("a: [", "the plan is not YAML", ""),
        ("- 1", "plan", "keys with values"),
        ("pace: 3", "the plan", "allowed are data_type, models, policy"),
        (wine() + "join: keyed", "the plan", "no key 'join'"),
        (wine() + "models: []", "the plan is not YAML", "'models' stands twice"),
        (wine(models="a"), "models", "a list of models"),
        (wine(models="[a]"), "models[0]", "keys with values"),
        (wine(models="[{name: 3}]"), "models[0].name", "a name"),
        (wine(models="[{name: a@champion}]"), "models[0].name", "1, 2, 3"),
        (wine(models="[{name: a, starts: 5ms}]"), "models[0]", "name, shadow, start, start_after"),
        (wine(models="[{name: a, shadow: 1}]"), "models[0].shadow", "true or false"),
        (wine("{}"), "policy", "one of timeout, consensus, quality"),
        (wine("{timeout: {}, quality: {}}"), "policy", "timeout and quality"),
        (wine("{timeout: {}, parallelism: 2}"), "policy", "no key 'parallelism'"),
        (wine("{timeout: {after: 3}}"), "policy.timeout", "nothing is allowed here"),
        (wine("{timeout: {}, deadline: 50}"), "policy.deadline", "50ms"),
        (wine("{timeout: {}, deadline: soon}"), "policy.deadline", "us, ms, s, m or h"),
        (
            wine("{consensus: {quorum: most}}"),
            "policy.consensus.quorum",
            "majority, all or a number",
        ),
        (
            wine("{consensus: {quorum: true}}"),
            "policy.consensus.quorum",
            "majority, all or a number",
        ),
        (wine("{consensus: {tolerance: x%}}"), "policy.consensus.tolerance", "5%"),
        (wine("{consensus: {tolerance: wide}}"), "policy.consensus.tolerance", "5%"),
        (wine("{consensus: {weights: {a: x}}}"), "policy.consensus.weights.a", "number of votes"),
        (wine(f"{{consensus: {{quorum: {'9' * 400}}}}}"), "policy.consensus.quorum", "a number"),
        (wine("{quality: {by: vibes}}"), "policy.quality.by", "registered or confidence"),
        (wine("{quality: {good_enough: yes}}"), "policy.quality.good_enough", "0 to 1"),
        (wine("{timeout: {}, default: {value: true}}"), "policy.default.value", "label in quotes"),
        (wine("{timeout: {}, default: {label: x}}"), "policy.default", "allowed are value"),
        (
            wine("{consensus: {}, otherwise: {consensus: {}, otherwise: {default: 1}}}"),
            "policy.otherwise.otherwise",
            "timeout, consensus, quality, otherwise",
        ),
        (wine("&p {consensus: {}, otherwise: *p}"), "policy", "nests too deep"),
        (
            wine("{consensus: {}, otherwise: &p {consensus: {}, otherwise: *p}}"),
            "policy",
            "nests too deep",
        ),
    ],
)
def test_what_is_not_known_is_refused_with_its_path(text: str, path: str, allowed: str) -> None:
    with pytest.raises(InvalidPlan) as refusal:
        plan_from_yaml(text)
    assert str(refusal.value).startswith(f"{path}:")
    assert allowed in str(refusal.value)
    assert "\n" not in str(refusal.value)


SIXTY_FIVE = "[" + ", ".join(f"{{name: m{i}}}" for i in range(65)) + "]"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (wine(models="[]"), "models: there are none"),
        (wine(models=SIXTY_FIVE), "models: there are 65; list at most 64"),
        (wine(models="[{name: a}, {name: a}]"), "models[0].name: 'a' stands twice"),
        (wine(models="[{name: a@1}, {name: a}]"), "models[1].name: 'a' stands twice"),
        (wine(models="[{name: a@1}, {name: a@1}]"), "models[1].name: 'a' stands twice"),
        (wine(models="[{name: a, shadow: true}]"), "models: all are shadows"),
        (wine("{consensus: {quorum: 4}}"), "policy.consensus.quorum: 4 of 3 votes"),
        (wine("{consensus: {quorum: 0}}"), "policy.consensus.quorum: 0 is no number of votes"),
        (wine("{consensus: {quorum: .nan}}"), "policy.consensus.quorum: nan is no number"),
        (
            wine("{consensus: {quorum: 3}}", "[{name: a}, {name: b}, {name: c, shadow: true}]"),
            "policy.consensus.quorum: 3 of 2 votes",
        ),
        (
            wine("{consensus: {weights: {z: 1}}}"),
            "policy.consensus.weights: 'z' is not in the plan",
        ),
        (
            wine("{consensus: {weights: {b: 1}}}", "[{name: a}, {name: b, shadow: true}]"),
            "policy.consensus.weights: 'b' is a shadow",
        ),
        (wine("{consensus: {weights: {a: 0}}}"), "policy.consensus.weights.a: 0 is no weight"),
        (wine("{consensus: {weights: {a: .inf}}}"), "policy.consensus.weights.a: inf is no weight"),
        (wine("{consensus: {tolerance: -1}}"), "policy.consensus.tolerance: -1 is no tolerance"),
        (
            wine("{consensus: {tolerance: 101%}}"),
            "policy.consensus.tolerance: 101% is no tolerance",
        ),
        (wine("{timeout: {}, deadline: 0ms}"), "policy.deadline: it must be more than 0"),
        (
            wine("{timeout: {}, deadline: 61m}"),
            "policy.deadline: it must be more than 0 and at most 1h",
        ),
        (wine("{quality: {good_enough: 1.1}}"), "policy.quality.good_enough: 1.1 is no confidence"),
        (wine("{timeout: {}, default: {value: ''}}"), "policy.default.value: there is none"),
        (
            wine("{timeout: {}, default: {value: '\\u2028'}}").replace("'", '"'),
            "policy.default.value: ",
        ),
        (wine("{timeout: {}, default: {value: .nan}}"), "policy.default.value: nan is no answer"),
        (
            wine("{timeout: {}, otherwise: {timeout: {}}}"),
            "policy.otherwise: timeout finds an answer",
        ),
        (
            wine("{consensus: {}, otherwise: {quality: {}, otherwise: {timeout: {}}}}"),
            "policy.otherwise.otherwise: quality finds an answer",
        ),
        (wine().replace("wine", "'../wine'"), "data_type: '../wine' cannot name a data type"),
    ],
)
def test_a_plan_that_contradicts_itself_is_refused(text: str, problem: str) -> None:
    with pytest.raises(InvalidPlan) as refusal:
        plan_from_yaml(text)
    assert str(refusal.value).startswith(problem)


def test_what_only_rpc_can_say_is_refused_too() -> None:
    plan = pb.Plan(data_type="wine", models=[pb.PlanModel(name="a")])
    with pytest.raises(InvalidPlan, match="policy: there is no rule"):
        check_plan(plan)
    plan.policy.rule.quality.by = 99  # type: ignore[assignment]
    with pytest.raises(InvalidPlan, match="no measure 99"):
        check_plan(plan)
    plan.policy.rule.timeout.SetInParent()
    plan.policy.default_answer.SetInParent()
    with pytest.raises(InvalidPlan, match=r"policy\.default\.value"):
        check_plan(plan)
    plan.policy.ClearField("default_answer")
    rule = plan.policy.rule
    for _ in range(MAX_RULES):
        rule.consensus.SetInParent()
        rule = rule.otherwise
    rule.timeout.SetInParent()
    with pytest.raises(InvalidPlan, match="nests too deep"):
        check_plan(plan)


def test_two_versions_of_a_model_may_stand_side_by_side() -> None:
    plan = plan_from_yaml(wine(models="[{name: a@1}, {name: a@2, shadow: true}]"))
    assert [model.version for model in plan.models] == [1, 2]


def test_weights_add_up_as_they_are_written() -> None:
    # In floating point 0.7 + 0.1 + 0.1 is less than 0.9.
    weights = "{a: 0.7, b: 0.1, c: 0.1}"
    check_plan(plan_from_yaml(wine(f"{{consensus: {{quorum: 0.9, weights: {weights}}}}}")))


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("50ms", timedelta(milliseconds=50)),
        ("1s", timedelta(seconds=1)),
        ("1.5 s", timedelta(milliseconds=1500)),
        ("250us", timedelta(microseconds=250)),
        ("2m", timedelta(minutes=2)),
        ("1h", timedelta(hours=1)),
    ],
)
def test_durations_are_read(text: str, duration: timedelta) -> None:
    assert parse_duration(text) == duration


@pytest.mark.parametrize("text", ["", "50", "ms", "-1s", "1d", "1s2", "1e3s", f"{'9' * 15}h"])
def test_other_texts_are_no_durations(text: str) -> None:
    with pytest.raises(InvalidDuration):
        parse_duration(text)


@pytest.mark.parametrize("text", ["0s", "1us", "50ms", "1500ms", "90s", "2m", "1h"])
def test_durations_are_written_in_the_largest_unit_that_fits(text: str) -> None:
    assert format_duration(parse_duration(text)) == text


@settings(deadline=None)
@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=3)))
def test_durations_round_trip(duration: timedelta) -> None:
    assert parse_duration(format_duration(duration)) == duration


names = st.sampled_from(["a", "b-1", "c.d"])
quorums = st.one_of(
    st.none(),
    st.just(pb.Quorum(majority=True)),
    st.just(pb.Quorum(all=True)),
    st.builds(pb.Quorum, votes=st.floats(0.001, 3)),
)
tolerances = st.one_of(
    st.none(),
    st.builds(pb.Tolerance, absolute=st.floats(0, 1e300)),
    st.builds(pb.Tolerance, relative=st.floats(0, 1)),
)
consensus_rules = st.builds(
    pb.ConsensusRule,
    quorum=quorums,
    tolerance=tolerances,
    weights=st.dictionaries(names, st.floats(1, 1e12), max_size=3),
)
measures = st.sampled_from([pb.QUALITY_MEASURE_REGISTERED, pb.QUALITY_MEASURE_CONFIDENCE])
quality_rules = st.builds(
    pb.QualityRule, by=measures, good_enough=st.one_of(st.none(), st.floats(0, 1))
)
last_rules = st.one_of(
    st.just(pb.Rule(timeout=pb.TimeoutRule())), st.builds(pb.Rule, quality=quality_rules)
)
rules = st.recursive(
    st.one_of(last_rules, st.builds(pb.Rule, consensus=consensus_rules)),
    lambda inner: st.builds(pb.Rule, consensus=consensus_rules, otherwise=inner),
    max_leaves=4,
)
defaults = st.one_of(
    st.none(),
    st.builds(pb.DefaultAnswer, label=st.text(min_size=1).filter(str.isprintable)),
    st.builds(pb.DefaultAnswer, number=st.floats(allow_nan=False, allow_infinity=False)),
)


@settings(deadline=None)
@given(rules, defaults, st.one_of(st.none(), st.integers(1, 3_600_000_000)))
def test_every_plan_round_trips(
    rule: pb.Rule, default: pb.DefaultAnswer | None, microseconds: int | None
) -> None:
    models = [pb.PlanModel(name=name) for name in ("a", "b-1", "c.d")]
    plan = pb.Plan(data_type="wine", models=models, policy=pb.Policy(rule=rule))
    if default is not None:
        plan.policy.default_answer.CopyFrom(default)
    if microseconds is not None:
        plan.policy.deadline.FromMicroseconds(microseconds)
    check_plan(plan)
    assert plan_from_yaml(plan_to_yaml(plan)) == plan
