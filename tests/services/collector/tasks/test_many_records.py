"""Batches: each record is decided as if it were alone, by columns or not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hedgerow.v1 import plans_pb2
from hedgerow.v1.collection_pb2 import ReportRequest
from services.collector.rules.columns import Verdicts
from services.collector.rules.consensus import ConsensusRule
from services.collector.rules.policy import Policy, compile_policy
from services.collector.rules.rule import Rule
from services.collector.rules.timeout import TimeoutRule
from services.collector.rules.verdict import Value
from services.collector.tasks import many_records
from services.collector.tasks.lineup import Lineup
from services.collector.tasks.many_records import ManyRecords
from services.collector.tasks.model_answer import ModelAnswer
from services.collector.tasks.one_record import OneRecord
from services.collector.tasks.reports import Report
from services.collector.tasks.statistics import Statistics
from services.collector.tasks.task import Task
from tests.services.collector.harness import plan_of, predictions_of
from tests.services.collector.rules.strategies import CONFIDENCES, kinds, plans, qualities

ROWS = many_records._WORTH_COLUMNS + 4


def task_of(kind: type[Task], lineup: Lineup, rows: int) -> Task:
    return kind(7, lineup, rows, 0.0, 0.0, False, None, lambda task: None)


def lineup_of(plan: plans_pb2.Plan, measured: list[float]) -> Lineup:
    policy = compile_policy(plan, measured)
    return Lineup(plan, policy, [1] * len(plan.models), Statistics())


def report_of(values: list[Value], confidences: list[float]) -> Report:
    message = ReportRequest(predictions=predictions_of(values, confidences))
    return Report(message, Statistics().of("wine", "a", 1), 0.0)


Event = tuple[int, Report | None, list[int] | None]
"""A model's place, what it says (None: it failed), and about which records (None: all)."""


@st.composite
def answers(draw: st.DrawFn, values: tuple[str | float, ...], place: int) -> Report:
    """What one model says about a batch: of one kind, and of some records nothing."""
    kind = draw(st.sampled_from(sorted({type(value).__name__ for value in values})))
    of_kind = [value for value in values if type(value).__name__ == kind]
    seed = draw(st.integers(0, 2**32 - 1))
    generator = np.random.default_rng([seed, place])  # no two models say the same
    said: list[Value] = [of_kind[i] for i in generator.integers(0, len(of_kind), ROWS)]
    for row in np.flatnonzero(generator.uniform(size=ROWS) < draw(st.sampled_from([0, 0.3]))):
        said[row] = None
    confidences = [CONFIDENCES[i] for i in generator.integers(0, len(CONFIDENCES), ROWS)]
    return report_of(said, confidences)


@st.composite
def records(draw: st.DrawFn) -> list[int] | None:
    """Which records a model is asked for."""
    if draw(st.booleans()):
        return None
    some = draw(st.sets(st.integers(0, ROWS - 1), min_size=1))
    return None if len(some) == ROWS else sorted(some)


@st.composite
def histories(draw: st.DrawFn) -> tuple[Lineup, list[Event], bool]:
    """A plan, what comes of its models one after the other, and the deadline at the end."""
    plan = draw(plans())
    values = draw(kinds)
    places = draw(st.permutations(range(len(plan.models))))
    reporting = places[: draw(st.integers(0, len(places)))]
    lineup = lineup_of(plan, draw(qualities))
    events = [
        (place, draw(answers(values, place)) if draw(st.integers(0, 4)) else None, draw(records()))
        for place in reporting
    ]
    return lineup, events, draw(st.booleans())


def play(task: Task, events: list[Event], row: int | None, late: bool) -> None:
    """Let a task hear of its models, and judge after each, as long as it is undecided.

    The task is the whole batch, or one record alone, of which a model that was not asked has no answer.
    """
    for place, report, some in events:
        if report is None or (row is not None and some is not None and row not in some):
            task.fail(place, "it broke")
        elif row is None:
            task.take(place, ModelAnswer(report, 0, 0.0, some))
        else:
            task.take(place, ModelAnswer(report, row if some is None else some.index(row), 0.0))
        if task.judge(False):
            return
    if late:
        task.judge(True)


@given(histories())
@settings(max_examples=75, deadline=None)
def test_each_record_of_a_batch_is_decided_as_if_it_were_alone(
    history: tuple[Lineup, list[Event], bool],
) -> None:
    lineup, events, late = history
    batch = ManyRecords(7, lineup, ROWS, 0.0, 0.0, False, None, lambda task: None)
    play(batch, events, None, late)
    for row in range(ROWS):
        alone = OneRecord(7, lineup, 1, 0.0, 0.0, False, None, lambda task: None)
        play(alone, events, row, late)
        assert batch._verdicts[row] == alone._verdict


@given(histories())
@settings(max_examples=75, deadline=None)
def test_columns_decide_as_one_record_after_the_other(
    history: tuple[Lineup, list[Event], bool],
) -> None:
    lineup, events, late = history
    by_columns = ManyRecords(7, lineup, ROWS, 0.0, 0.0, False, None, lambda task: None)
    one_by_one = ManyRecords(7, lineup, ROWS, 0.0, 0.0, False, None, lambda task: None)
    play(by_columns, events, None, late)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(many_records, "_WORTH_COLUMNS", ROWS + 1)
        play(one_by_one, events, None, late)
    assert by_columns._verdicts == one_by_one._verdicts


@settings(deadline=None)
@given(
    st.permutations([0, 1, 2]), st.sampled_from(["{consensus: {}}", "{quality: {by: accuracy}}"])
)
def test_the_order_of_what_came_before_the_decision_does_not_matter(
    order: list[int], policy: str
) -> None:
    lineup = lineup_of(plan_of(policy), [0.5, 0.9, 0.7])
    said: list[Value] = ["x", "y", "y"]
    for kind, rows in ((OneRecord, 1), (ManyRecords, ROWS)):
        task = task_of(kind, lineup, rows)
        for place in order:
            task.take(place, ModelAnswer(report_of([said[place]] * rows, [0.5] * rows), 0, 0.0))
        assert task.judge(False)
        assert {place for place, _, _ in task.verdicts()} == {1}


def test_columns_are_used_where_they_are_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or the properties above would compare a thing with itself."""
    asked: list[int] = []
    judge_columns = ConsensusRule.judge_columns

    def counted(*arguments: Any) -> Verdicts:
        asked.append(1)
        return judge_columns(*arguments)

    monkeypatch.setattr(ConsensusRule, "judge_columns", counted)
    for values in (["x"] * ROWS, [1.0] * ROWS):
        task = task_of(ManyRecords, lineup_of(plan_of("{consensus: {tolerance: 1}}"), []), ROWS)
        task.take(0, ModelAnswer(report_of(list(values), [0.5] * ROWS), 0, 0.0))
        task.take(1, ModelAnswer(report_of(list(values), [0.5] * ROWS), 0, 0.0))
        assert task.judge(False)
    assert len(asked) == 2


def test_votes_too_large_for_columns_are_counted_all_the_same() -> None:
    plan = plan_of("{consensus: {weights: {a: 1000000000000, b: 0.0000000001}}}", "a b")
    task = task_of(ManyRecords, lineup_of(plan, []), ROWS)
    task.take(0, ModelAnswer(report_of(["x"] * ROWS, [0.5] * ROWS), 0, 0.0))
    assert task.judge(False)
    assert {place for place, _, _ in task.verdicts()} == {0}


def test_a_rule_that_knows_no_columns_judges_large_batches_too() -> None:
    class Plain(TimeoutRule):
        judge_columns = Rule.judge_columns

    plan = plan_of("{timeout: {}}")
    policy = Policy(Plain([0, 1, 2]), None)
    task = task_of(ManyRecords, Lineup(plan, policy, [1, 1, 1], Statistics()), ROWS)
    task.take(1, ModelAnswer(report_of(["y"] * ROWS, [0.5] * ROWS), 0, 0.0))
    assert not task.judge(False)
    task.take(0, ModelAnswer(report_of(["x"] * ROWS, [0.5] * ROWS), 0, 0.0))
    assert task.judge(False)
    assert {place for place, _, _ in task.verdicts()} == {0}


def test_labels_and_numbers_in_one_batch_are_decided_one_by_one() -> None:
    task = task_of(ManyRecords, lineup_of(plan_of("{consensus: {}}"), []), ROWS)
    task.take(0, ModelAnswer(report_of(["1"] * ROWS, [0.5] * ROWS), 0, 0.0))
    task.take(1, ModelAnswer(report_of([1.0] * ROWS, [0.5] * ROWS), 0, 0.0))
    assert not task.judge(False)
    task.take(2, ModelAnswer(report_of([1.0] * ROWS, [0.5] * ROWS), 0, 0.0))
    assert task.judge(False)
    assert {verdict[0] for verdict in task.verdicts()} == {1}


def test_with_a_tolerance_labels_in_columns_wait_as_numbers_do() -> None:
    plan = plan_of("{consensus: {quorum: all, tolerance: 1}}", "a b c d")
    task = task_of(ManyRecords, lineup_of(plan, []), ROWS)
    for place in (0, 1):
        task.take(place, ModelAnswer(report_of(["x"] * ROWS, [0.5] * ROWS), 0, 0.0))
    task.fail(2, "it broke")
    assert not task.judge(False)  # two against one that is out, but a number could be anything
    task.fail(3, "it broke")
    assert task.judge(False)
