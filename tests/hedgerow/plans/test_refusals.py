"""Plans that are refused, each in words that say where and why; and what only just is none of them."""

from __future__ import annotations

import pytest

from hedgerow.errors import InvalidPlan
from hedgerow.plans.checks import check_plan
from hedgerow.plans.plan import plan_from_yaml
from hedgerow.plans.rules.rule import MAX_RULES
from hedgerow.v1 import plans_pb2 as pb
from tests.hedgerow.plans.texts import wine


@pytest.mark.parametrize(
    ("text", "path", "allowed"),
    [
        ("a: [", "the plan is not YAML", ""),
        ("- 1", "plan", "keys with values"),
        ("pace: 3", "the plan", "allowed are data_type, models, policy"),
        (wine() + "joins: keyed", "the plan", "no key 'joins'"),
        (wine() + "models: []", "the plan is not YAML", "'models' stands twice"),
        (wine(models="a"), "models", "a list of models"),
        (wine(models="[a]"), "models[0]", "keys with values"),
        (wine(models="[{name: 3}]"), "models[0].name", "a name"),
        (wine(models="[{name: a@-1}]"), "models[0].name", "after '@' comes a version"),
        (wine(models="[{name: a, starts: 5ms}]"), "models[0]", "name, shadow, start, start_after"),
        (wine(models="[{name: a, shadow: 1}]"), "models[0].shadow", "true or false"),
        (wine() + "packing: always", "packing", "auto or never"),
        (wine() + "packing: [never]", "packing", "auto or never"),
        (wine() + "packing: false", "packing", "auto or never"),
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
        (wine("{quality: {by: 3}}"), "policy.quality.by", "the name of a metric, or confidence"),
        (wine("{quality: {by: registered}}"), "policy.quality.by", "the order in the plan"),
        (wine("{quality: {by: a, on: 2026-06-01}}"), "policy.quality.on", "in quotes if it is a"),
        (wine("{quality: {by: a, yes: held-out}}"), "policy.quality", "by, on, good_enough"),
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
        (
            wine("{quality: {by: 7up}}"),
            "policy.quality.by: '7up' cannot name a metric; use letters",
        ),
        (wine('{quality: {by: a, on: "\\t"}}'), "policy.quality.on: '\\t' cannot name a data set"),
        (wine("{quality: {on: held-out}}"), "policy.quality.on: only a metric has a data set"),
        (
            wine("{quality: {by: confidence, on: held-out}}"),
            "policy.quality.on: only a metric has a data set",
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
    plan.policy.rule.quality.confidence = False
    with pytest.raises(InvalidPlan, match=r"policy\.quality\.by: confidence is false"):
        check_plan(plan)
    plan.policy.rule.quality.metric = "registered"
    with pytest.raises(InvalidPlan, match=r"policy\.quality\.by: 'registered' is no more"):
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


def test_weights_add_up_as_they_are_written() -> None:
    # In floating point 0.7 + 0.1 + 0.1 is less than 0.9.
    weights = "{a: 0.7, b: 0.1, c: 0.1}"
    plan = plan_from_yaml(wine(f"{{consensus: {{quorum: 0.9, weights: {weights}}}}}"))
    assert plan.policy.rule.consensus.quorum.votes == 0.9
    with pytest.raises(InvalidPlan, match=r"policy\.consensus\.quorum: 0\.90001 of 0\.9 votes"):
        plan_from_yaml(wine(f"{{consensus: {{quorum: 0.90001, weights: {weights}}}}}"))
