"""Models that are asked about some of the records of a batch."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.collector.rules.verdict import Value
from tests.services.collector.harness import Desk, opening_of, report_of
from tests.services.decisions import answers, states

SURE = "{quality: {by: confidence, good_enough: 0.9}}"
B, C = 0b010, 0b100


async def test_what_a_model_said_of_some_records_is_explained_for_all(desk: Desk) -> None:
    desk.session.take(opening_of(1, rows=4, explain=True, held=C))
    desk.intake.take(report_of("a", {1: ["x", "x", "y", "y"]}))
    desk.intake.take(report_of("b", {1: ["x", "y", "y", "x"]}))
    desk.intake.take(report_of("c", {1: [None, "x"]}, records=[1, 3], confidence=0.5))
    decision = desk.decision().decision
    assert answers(decision) == ["x", "x", "y", "x"]
    said = decision.models[2].predictions
    assert list(said.absent) == [0, 1, 2]
    assert said.labels.classes[said.labels.indexes[3]] == "x"


@pytest.mark.parametrize(
    ("records", "why"),
    [
        ([0], "2 records and named 1"),
        ([1, 0], "named records that the 3 of the task are not"),
        ([1, 1], "named records that the 3 of the task are not"),
        ([1, 3], "named records that the 3 of the task are not"),
        ([], "it answered 2 of 3 records"),
    ],
)
async def test_records_that_make_no_sense_are_the_models_failure(
    desk: Desk, records: list[int], why: str
) -> None:
    desk.session.take(opening_of(1, rows=3))
    desk.intake.take(report_of("c", {1: ["x", "y"]}, records=records))
    for model in "ab":
        desk.intake.take(report_of(model, {1: ["x", "x", "x"]}))
    decision = desk.decision().decision
    assert states(decision)["c"] == "FAILED"
    assert why in decision.models[2].failure


values_ = st.sampled_from(["x", "y", None])


@given(st.data(), st.sampled_from([3, 40]))
async def test_a_part_of_the_records_is_decided_as_if_each_were_alone(
    data: st.DataObject, rows: int
) -> None:
    """In columns and one by one, whatever the third model is asked for."""
    said: dict[str, list[Value]] = {
        model: data.draw(st.lists(values_, min_size=rows, max_size=rows)) for model in "abc"
    }
    desk = Desk()
    desk.session.take(opening_of(1, rows=rows, held=C, progress=True))
    for model in "ab":
        desk.intake.take(report_of(model, {1: said[model]}))
    if not desk.decided:
        (told,) = desk.told()
        left = list(told.undecided) or list(range(rows))
        desk.intake.take(
            report_of("c", {1: [said["c"][row] for row in left]}, records=list(told.undecided))
        )
    together = desk.decision().decision
    for row in range(rows):
        desk.session.take(opening_of(2, held=C))
        for model in "abc":
            desk.intake.take(report_of(model, {2: [said[model][row]]}))
        alone = desk.decision().decision
        assert answers(alone) == [answers(together)[row]]
        assert alone.reasons[0] == together.reasons[row]
        assert alone.answered_by[0] == together.answered_by[row]
    desk.assert_empty()


async def test_a_model_says_nothing_of_records_it_was_not_asked_for() -> None:
    desk = Desk(SURE, "a b")
    desk.session.take(opening_of(1, rows=3, versions=[1, 1], held=B))
    desk.intake.take(report_of("a", {1: ["x", "x", "x"]}, confidence=0.5))
    desk.intake.take(report_of("b", {1: ["y"]}, confidence=0.7, records=[1]))
    (task,) = desk.decided
    answer = task.model_answers[1]
    assert answer is not None
    assert answer.values(3) == [None, "y", None]
    assert answer.confidences_or_zero(3) == [0.0, 0.7, 0.0]
    assert answer.confidence_array(3).tolist() == [0.0, 0.7, 0.0]
    assert answers(desk.decision().decision) == ["x", "y", "x"]
    desk.assert_empty()
