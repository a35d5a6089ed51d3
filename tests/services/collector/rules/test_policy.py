from __future__ import annotations

import pytest

from hedgerow.errors import InvalidPlan
from hedgerow.v1 import plans_pb2 as pb
from hedgerow.v1 import rules_pb2
from services.collector.rules.consensus import ConsensusRule
from services.collector.rules.policy import RULES, compile_policy
from services.collector.rules.quality import QualityRule
from services.collector.rules.timeout import TimeoutRule
from tests.services.collector.harness import policy_of


def consensus_of(policy: str, models: str = "a b c") -> ConsensusRule:
    rule = policy_of(policy, models).rule
    assert isinstance(rule, ConsensusRule)
    return rule


@pytest.mark.parametrize(
    ("settings", "needed", "total"),
    [
        ("", 2, 3),
        ("quorum: majority", 2, 3),
        ("quorum: all", 3, 3),
        ("quorum: 1", 1, 3),
        ("quorum: 1.5", 2, 3),
        ("weights: {a: 2}", 3, 4),
        ("quorum: 2, weights: {a: 2}", 2, 4),
        ("quorum: 0.3, weights: {a: 0.1, b: 0.1, c: 0.1}", 3, 3),
        ("weights: {a: 0.5}", 3, 5),
    ],
)
def test_votes_are_whole_numbers(settings: str, needed: int, total: int) -> None:
    rule = consensus_of(f"{{consensus: {{{settings}}}}}")
    assert (rule.needed, rule.total) == (needed, total)


def test_a_shadow_has_no_vote() -> None:
    rule = consensus_of("{consensus: {quorum: all}}", "a ~b c")
    assert rule.votes == ((0, 1), (2, 1))
    assert policy_of("{consensus: {}}", "a ~b c").voters == 0b101


@pytest.mark.parametrize("tolerance", ["", "tolerance: 0", "tolerance: 0%"])
def test_a_tolerance_of_nothing_is_none(tolerance: str) -> None:
    assert consensus_of(f"{{consensus: {{{tolerance}}}}}").tolerance is None


@pytest.mark.parametrize(
    ("measure", "qualities", "ranks"),
    [
        ("by: accuracy", [0.1, 0.7, -2.0], (1, 2, 0)),
        ("by: accuracy", [0.1, 0.1, 0.7], (0, 0, 1)),
        ("by: accuracy", [float("nan"), -5.0], (0, 1, 0)),  # no number, and none at all: no metric
        ("by: confidence", [0.1, 0.7, 0.2], None),
        ("", [0.1, 0.7, 0.2], (0, -1, -2)),
    ],
)
def test_models_rank_by_their_metric_or_as_they_are_listed(
    measure: str, qualities: list[float], ranks: tuple[float, ...] | None
) -> None:
    rule = policy_of(f"{{quality: {{{measure}}}}}", qualities=qualities).rule
    assert isinstance(rule, QualityRule)
    assert rule.ranks == ranks


def test_otherwise_is_compiled_with_its_rule() -> None:
    rule = consensus_of("{consensus: {}, otherwise: {consensus: {}, otherwise: {timeout: {}}}}")
    assert isinstance(rule.otherwise, ConsensusRule)
    assert isinstance(rule.otherwise.otherwise, TimeoutRule)


@pytest.mark.parametrize(
    ("default", "value"),
    [("", None), (", default: {value: x}", "x"), (", default: {value: 2}", 2.0)],
)
def test_the_default_is_a_label_or_a_number(default: str, value: str | float | None) -> None:
    assert policy_of(f"{{timeout: {{}}{default}}}").default == value


def test_every_rule_of_the_contract_is_judged() -> None:
    assert RULES.keys() == {
        field.name for field in rules_pb2.Rule.DESCRIPTOR.oneofs_by_name["kind"].fields
    }


def test_a_plan_that_contradicts_itself_is_not_compiled() -> None:
    with pytest.raises(InvalidPlan):
        compile_policy(pb.Plan(data_type="wine", models=[pb.PlanModel(name="a")]))
