"""Strategies in YAML: read, written, refused; and plans with a request's own in place of theirs."""

from __future__ import annotations

from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.errors import InvalidPlan
from hedgerow.plans.checks import check_plan
from hedgerow.plans.plan import (
    overridden,
    plan_from_yaml,
    plan_to_yaml,
    policy_from_yaml,
    strategy_from_yaml,
)
from hedgerow.v1 import plans_pb2 as pb


def plan(models: str, rest: str = "", policy: str = "{timeout: {}, deadline: 50ms}") -> str:
    return f"data_type: wine\nmodels: {models}\npolicy: {policy}\n{rest}"


def test_a_strategy_is_read_as_it_was_meant() -> None:
    said = plan_from_yaml(
        """
        data_type: wine
        models:
          - name: net@3
          - name: forest
            start_after: 5ms
          - name: tree
            start_after: p99.9
          - name: boosting
            start: on_doubt
          - name: graph
            start: at_once
        parallelism: 2
        replica_hedge: p95
        policy: {timeout: {}}
        """
    ).strategy
    expected = pb.Strategy(parallelism=2, replica_hedge=pb.Delay(quantile=0.95))
    expected.starts["forest"].after.time.FromMilliseconds(5)
    expected.starts["tree"].after.quantile = 0.999
    expected.starts["boosting"].on_doubt = True
    assert said == expected


def test_a_plan_without_one_has_none() -> None:
    assert not plan_from_yaml(plan("[{name: a}, {name: b}]")).HasField("strategy")


def test_a_strategy_by_itself_is_read_like_that_of_a_plan() -> None:
    alone = strategy_from_yaml(
        "{starts: {forest: 5ms, tree: p95, boosting: on_doubt, graph: at_once},"
        " parallelism: 1, replica_hedge: 20ms}"
    )
    expected = pb.Strategy(parallelism=1)
    expected.starts["forest"].after.time.FromMilliseconds(5)
    expected.starts["tree"].after.quantile = 0.95
    expected.starts["boosting"].on_doubt = True
    expected.replica_hedge.time.FromMilliseconds(20)
    assert alone == expected
    assert strategy_from_yaml({"parallelism": 1}) == pb.Strategy(parallelism=1)
    assert strategy_from_yaml("") == strategy_from_yaml({}) == pb.Strategy()
    assert strategy_from_yaml(MappingProxyType({"parallelism": 1})) == pb.Strategy(parallelism=1)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("{starts: [forest]}", "strategy.starts: "),
        (
            "{starts: {forest: soon}}",
            "strategy.starts.forest: 'soon' is not allowed; give at_once,",
        ),
        ("{starts: {forest: 5}}", "strategy.starts.forest: 5 is not allowed; give at_once,"),
        ("{parallelism: 0}", "strategy.parallelism: 0 is not allowed; give how many"),
        ("{replica_hedge: on_doubt}", "strategy.replica_hedge: 'on_doubt' is not allowed"),
        ("{models: {}}", "strategy: there is no key 'models'; allowed are starts, parallelism"),
        ("on_doubt", "strategy: 'on_doubt' is not allowed; give keys with values"),
        ("{", "the strategy is not YAML"),
    ],
)
def test_a_strategy_by_itself_that_makes_no_sense_is_refused(said: str, message: str) -> None:
    with pytest.raises(InvalidPlan) as caught:
        strategy_from_yaml(said)
    assert str(caught.value).startswith(message)


def test_a_strategy_off_the_wire_may_be_stranger_than_yaml_and_is_refused_too() -> None:
    two = plan_from_yaml(plan("[{name: a}, {name: b}]"))
    for delay, advice in (
        (pb.Delay(), "there is no time; give one such as 5ms"),
        (pb.Delay(quantile=float("nan")), "give p50 to p99.9"),
        (pb.Delay(time={"seconds": -1}), "more than 0"),
    ):
        with pytest.raises(InvalidPlan, match=f"^strategy.starts.b: .*{advice}"):
            overridden(two, None, pb.Strategy(starts={"b": pb.Start(after=delay)}))
        with pytest.raises(InvalidPlan, match=f"^strategy.replica_hedge: .*{advice}"):
            overridden(two, None, pb.Strategy(replica_hedge=delay))


@pytest.mark.parametrize(
    ("text", "path", "advice"),
    [
        (plan("[{name: a}, {name: b, start: 5ms}]"), "models[1].start", "start_after"),
        (plan("[{name: a}, {name: b, start: 1}]"), "models[1].start", "at_once or on_doubt"),
        (plan("[{name: a}, {name: b, start_after: 5}]"), "models[1].start_after", "5ms"),
        (plan("[{name: a}, {name: b, start_after: soon}]"), "models[1].start_after", "p95"),
        (plan("[{name: a}, {name: b, start_after: pp}]"), "models[1].start_after", "p95"),
        (plan("[{name: a}, {name: b, start_after: p1e9}]"), "models[1].start_after", "p95"),
        (
            plan("[{name: a}, {name: b, start: on_doubt, start_after: 5ms}]"),
            "models[1]",
            "give one",
        ),
        (plan("[{name: a}]", "parallelism: 0"), "parallelism", "1 or more"),
        (plan("[{name: a}]", "parallelism: all"), "parallelism", "1 or more"),
        (plan("[{name: a}]", "replica_hedge: 5"), "replica_hedge", "p95"),
        (plan("[{name: a}]", "hedge: 5ms"), "the plan", "parallelism, replica_hedge"),
    ],
)
def test_what_is_not_known_is_refused_with_its_path(text: str, path: str, advice: str) -> None:
    with pytest.raises(InvalidPlan) as caught:
        plan_from_yaml(text)
    assert str(caught.value).startswith(f"{path}:")
    assert advice in str(caught.value)


@pytest.mark.parametrize(
    ("text", "path", "advice"),
    [
        (
            plan("[{name: a, start: on_doubt}]"),
            "strategy",
            "let at least one model that votes start at once",
        ),
        (
            plan("[{name: a, start_after: 5ms}, {name: b, shadow: true}]"),
            "strategy",
            "let at least one model that votes start at once",
        ),
        (
            plan("[{name: a}, {name: b, shadow: true, start: on_doubt}]"),
            "strategy.starts.b",
            "shadows start at once",
        ),
        (
            plan("[{name: a}, {name: b, start_after: 50ms}]"),
            "strategy.starts.b",
            "never start within the deadline of 50ms",
        ),
        (
            plan("[{name: a}, {name: b, start_after: 100ms}]", policy="{timeout: {}}"),
            "strategy.starts.b",
            "never start within the deadline of 100ms",
        ),
        (plan("[{name: a}, {name: b, start_after: 0ms}]"), "strategy.starts.b", "more than 0"),
        (plan("[{name: a}, {name: b, start_after: p30}]"), "strategy.starts.b", "p50 to p99.9"),
        (plan("[{name: a}]", "replica_hedge: p100"), "strategy.replica_hedge", "p50 to p99.9"),
        (plan("[{name: a}]", "replica_hedge: 2h"), "strategy.replica_hedge", "at most 1h"),
        (
            plan("[{name: b, start_after: p95}, {name: a}]"),
            "strategy.starts.b",
            "give a time such as 5ms",
        ),
        (
            plan("[{name: s, shadow: true}, {name: d, start: on_doubt},"
                 " {name: b, start_after: p95}, {name: a}]"),
            "strategy.starts.b",
            "give a time such as 5ms",
        ),
    ],
)  # fmt: skip
def test_a_strategy_that_contradicts_the_plan_is_refused(text: str, path: str, advice: str) -> None:
    with pytest.raises(InvalidPlan) as caught:
        plan_from_yaml(text)
    assert str(caught.value).startswith(f"{path}:")
    assert advice in str(caught.value)


def test_a_start_of_a_model_that_is_not_there_is_refused() -> None:
    two = plan_from_yaml(plan("[{name: a}, {name: b@2}]"))
    with pytest.raises(InvalidPlan, match=r"strategy.starts.c: 'c' is not in the plan.* a, b@2"):
        overridden(two, None, strategy_from_yaml("starts: {c: on_doubt}"))
    fitting = overridden(two, None, strategy_from_yaml("starts: {b@2: on_doubt}"))
    assert fitting.strategy.starts["b@2"].on_doubt


def test_a_policy_of_a_request_stands_in_place_of_the_plans() -> None:
    two = plan_from_yaml(plan("[{name: a}, {name: b}]", policy="{timeout: {}, deadline: 70ms}"))
    two.revision = 3
    other = overridden(two, policy_from_yaml("consensus: {quorum: all}"), None)
    assert other.policy.rule.consensus.quorum.all
    assert other.policy.deadline.ToMilliseconds() == 70
    assert other.revision == 3
    quick = overridden(two, policy_from_yaml({"timeout": {}, "deadline": "5ms"}), None)
    assert quick.policy.deadline.ToMilliseconds() == 5
    assert two.policy.rule.HasField("timeout")  # the plan itself is as it was
    assert two.policy.deadline.ToMilliseconds() == 70


def test_a_policy_that_does_not_fit_the_plan_is_refused() -> None:
    two = plan_from_yaml(plan("[{name: a}, {name: b}]"))
    with pytest.raises(InvalidPlan, match=r"policy.consensus.quorum: 3 of 2"):
        overridden(two, policy_from_yaml("consensus: {quorum: 3}"), None)
    with pytest.raises(InvalidPlan, match="policy: there is no rule"):
        overridden(two, pb.Policy(), None)
    with pytest.raises(InvalidPlan, match="the policy is not YAML"):
        policy_from_yaml("{timeout: {}")


def test_an_empty_strategy_starts_everything_at_once() -> None:
    cascade = plan_from_yaml(plan("[{name: a}, {name: b, start: on_doubt}]"))
    assert not overridden(cascade, None, strategy_from_yaml({})).strategy.starts


_delays = st.one_of(
    st.integers(1, 49_999).map(lambda us: pb.Delay(time={"nanos": us * 1000})),
    st.integers(500, 999).map(lambda share: pb.Delay(quantile=share / 1000)),
    st.floats(0.5, 0.999).map(lambda share: pb.Delay(quantile=share)),
)
_starts = st.one_of(
    st.none(), st.just(pb.Start(on_doubt=True)), st.builds(lambda d: pb.Start(after=d), _delays)
)


@given(
    st.lists(_starts, max_size=4),
    st.integers(0, 5),
    st.one_of(st.none(), _delays),
)
def test_every_strategy_round_trips(
    starts: list[pb.Start | None], parallelism: int, hedge: pb.Delay | None
) -> None:
    written = plan_from_yaml(plan("[" + "{name: a}, " + "".join(
        f"{{name: m{i}}}, " for i in range(len(starts))) + "]"))  # fmt: skip
    strategy = pb.Strategy(parallelism=parallelism, replica_hedge=hedge)
    for i, start in enumerate(starts):
        if start is not None:
            strategy.starts[f"m{i}"].CopyFrom(start)
    if strategy.ByteSize():
        written.strategy.CopyFrom(strategy)
    check_plan(written)
    assert plan_from_yaml(plan_to_yaml(written)) == written
