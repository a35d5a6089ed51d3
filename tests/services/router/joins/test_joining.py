"""Decisions of parts are joined into that of the batch: as if it had not been split."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.data.answers import Answers
from hedgerow.data.predictions import Labels, Predictions
from hedgerow.v1.collection_pb2 import TaskDecision
from hedgerow.v1.rules_pb2 import REASON_NO_ANSWER, REASON_PREFERRED
from hedgerow.v1.scoring_pb2 import Decision, ModelReport, ModelState
from services.router.joins import joining
from services.router.joins.joining import joined
from services.router.joins.splitting import Part
from tests.services.decisions import states

labels = st.one_of(st.none(), st.sampled_from(["x", "y", "z"]))
numbers = st.one_of(st.none(), st.floats(-9, 9))
confidences = st.one_of(st.none(), st.floats(0, 1))


def decision_of(values: Sequence[str | float | None], sure: Sequence[float | None]) -> TaskDecision:
    """A decision as the collector writes it, in which the second model has answered."""
    has = [value is not None for value in values]
    decision = Decision(
        answered_by=[1 if one else -1 for one in has],
        reasons=[REASON_PREFERRED if one else REASON_NO_ANSWER for one in has],
        agreed=[2**63 + row if one else 0 for row, one in enumerate(has)],
        plan_revision=7,
        models=[report("a", "LATE"), report("b", "ANSWERED", records=sum(has))],
    )
    if any(isinstance(value, str) for value in values):
        found = Labels.of([str(value) for value in values])
        decision.labels.CopyFrom(found.to_proto())
    elif any(has):
        decision.numbers = np.array([np.nan if v is None else v for v in values]).tobytes()
    if any(one is not None for one in sure):
        decision.confidences = np.array([np.nan if v is None else v for v in sure]).tobytes()
    decision.elapsed.FromMilliseconds(len(values))
    return TaskDecision(decision=decision)


def report(name: str, state: str, **said: object) -> ModelReport:
    code = ModelState.Value(f"MODEL_STATE_{state}")
    return ModelReport(name=name, version=1, state=code, **said)  # type: ignore[arg-type]


def parts_of(owners: list[int]) -> list[Part]:
    """The parts, by which of them each record is in."""
    found: dict[int, list[int]] = {}
    for record, owner in enumerate(owners):
        found.setdefault(owner, []).append(record)
    return [Part(str(owner), records) for owner, records in found.items()]


@given(
    st.data(),
    st.lists(st.integers(0, 3), min_size=1, max_size=12),
    st.sampled_from([labels, numbers]),
)
def test_it_is_as_if_the_batch_had_not_been_split(
    data: st.DataObject, owners: list[int], kind: st.SearchStrategy[str | float | None]
) -> None:
    size = len(owners)
    values = data.draw(st.lists(kind, min_size=size, max_size=size))
    sure = data.draw(st.lists(confidences, min_size=size, max_size=size))
    sure = [one if value is not None else None for one, value in zip(sure, values, strict=True)]
    parts = parts_of(owners)
    decisions = [
        decision_of([values[r] for r in part.records or ()], [sure[r] for r in part.records or ()])
        for part in parts
    ]
    answers = Answers(joined(decisions, parts).decision)
    assert answers.values == values
    assert answers.confidences == sure
    for answer, value in zip(answers, values, strict=True):
        assert answer.answered_by == ("" if value is None else "b@1")
    agreed = [bits - 2**63 if bits else None for bits in joined(decisions, parts).decision.agreed]
    for part in parts:
        for row, record in enumerate(part.records or ()):
            assert agreed[record] == (None if values[record] is None else row)
    assert answers.plan_revision == 7
    assert answers.elapsed.total_seconds() == max(len(p.records or ()) for p in parts) / 1000
    assert answers.models[1].records == sum(value is not None for value in values)


def test_labels_beside_numbers_are_labels() -> None:
    parts = [Part("a", [1]), Part("b", [0, 2]), Part("c", [3])]
    decisions = [
        decision_of(["x"], [None]),
        decision_of([2.0, 2.5], [None, None]),
        decision_of([None], [None]),
    ]
    assert Answers(joined(decisions, parts).decision).values == ["2", "x", "2.5", None]


def test_the_deadline_of_one_part_is_that_of_the_batch() -> None:
    parts = [Part("a", [0]), Part("b", [1])]
    decisions = [decision_of(["x"], [0.5]), decision_of(["y"], [None])]
    assert not joined(decisions, parts).deadline_reached
    decisions[1].deadline_reached = True
    assert joined(decisions, parts).deadline_reached


@pytest.mark.parametrize(
    ("found", "state", "failure"),
    [
        (("ANSWERED", "ANSWERED"), "ANSWERED", ""),
        (("ANSWERED", "FAILED"), "FAILED", "FAILED of 1"),
        (("FAILED", "FAILED"), "FAILED", "FAILED of 0; FAILED of 1"),
        (("NO_HOST", "LATE"), "NO_HOST", "NO_HOST of 0"),
        (("LATE", "CANCELLED"), "LATE", "LATE of 0"),
        (("CANCELLED", "ANSWERED"), "CANCELLED", "CANCELLED of 0"),
        (("ANSWERED", "NOT_STARTED"), "ANSWERED", ""),
        (("NOT_STARTED", "NOT_STARTED"), "NOT_STARTED", "NOT_STARTED of 0; NOT_STARTED of 1"),
    ],
)
def test_a_model_stands_as_in_its_worst_part(
    found: tuple[str, str], state: str, failure: str
) -> None:
    decisions = [decision_of(["x"], [None]) for _ in found]
    for number, (decision, one) in enumerate(zip(decisions, found, strict=True)):
        model = report("a", one, wanted=number, shadow=True)
        if one == "ANSWERED":
            model.records = 1
            model.elapsed.FromMilliseconds(5 - number)
            model.queued.FromMilliseconds(number)
        else:
            model.failure = f"{one} of {number}"
        decision.decision.models[0].CopyFrom(model)
    whole = joined(decisions, [Part("a", [0]), Part("b", [1])]).decision
    assert states(whole)["a"] == state
    (model, _) = whole.models
    assert (model.failure, model.wanted, model.shadow, model.version) == (failure, 1, True, 1)
    answered = [number for number, one in enumerate(found) if one == "ANSWERED"]
    assert model.records == len(answered)
    assert model.HasField("elapsed") == bool(answered)
    if answered:
        assert model.elapsed.ToMilliseconds() == max(5 - number for number in answered)
        assert model.queued.ToMilliseconds() == max(answered)


def test_what_a_model_said_is_joined_too() -> None:
    first = Predictions(
        Labels.of(["y", "x"]), np.array([0.1, 0.2]), (1,), {"raw": np.array([1.0, 2.0])}
    )
    second = Predictions(Labels.of(["z"]), None, (), {"note": Labels.of(["n"])})
    parts = [Part("a", [3, 1]), Part("b", [0]), Part("c", [2])]
    parts[0] = Part("a", [1, 3])
    decisions = [decision_of(["y", "x"], [None] * 2), *[decision_of(["z"], [None])] * 2]
    decisions = [type(one).FromString(one.SerializeToString()) for one in decisions]
    for decision, said in zip(decisions, (first, second), strict=False):
        decision.decision.models[0].predictions.CopyFrom(said.to_proto())
    (model, other) = Answers(joined(decisions, parts).decision).models
    assert [model.said(record) for record in range(4)] == [
        ("z", None),
        ("y", 0.1),
        (None, None),
        (None, None),
    ]
    assert model.predictions is not None
    assert model.predictions.absent == (2, 3)
    raw, note = model.predictions.outputs["raw"], model.predictions.outputs["note"]
    assert not isinstance(raw, Labels)
    np.testing.assert_array_equal(raw, [np.nan, 1.0, np.nan, 2.0])
    assert isinstance(note, Labels)
    assert note.to_list()[0] == "n"
    assert other.predictions is None


def test_what_is_too_large_together_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = [Part("a", [0]), Part("b", [1])]
    decisions = [decision_of(["x"], [0.5]), decision_of(["y"], [0.5])]
    for decision in decisions:
        said = Predictions(Labels.of(["x" * 1000]))
        decision.decision.models[1].predictions.CopyFrom(said.to_proto())
    assert joined(decisions, parts).decision.models[1].HasField("predictions")
    monkeypatch.setattr(joining, "LARGEST_PART", 1000)
    whole = joined(decisions, parts).decision
    assert not whole.models[1].HasField("predictions")
    assert "is left out" in whole.models[1].failure
    assert Answers(whole).values == ["x", "y"]
