"""Answers: columns off the wire, looked at as objects."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import struct
from datetime import timedelta

import pandas as pd
import pytest

from hedgerow.data.answers import Answer, Answers, ModelState
from hedgerow.plans.rules.reasons import Reason
from hedgerow.v1 import rules_pb2
from hedgerow.v1 import scoring_pb2 as pb
from tests.hedgerow.fakes.answers import decision


def test_an_answer_says_value_confidence_model_version_and_reason() -> None:
    answers = Answers(decision(2))

    assert len(answers) == 2
    assert answers[1] == Answer(
        value="red",
        confidence=0.75,
        model="wine-tree",
        version=2,
        reason=Reason.CONSENSUS,
        agreed=("wine-net", "wine-tree"),
    )
    assert answers[1].answered_by == "wine-tree@2"
    assert answers[1].reason == "consensus"
    assert answers[-1] == answers[1]
    assert answers[0:2] == list(answers)
    with pytest.raises(IndexError):
        answers[2]


def test_answers_say_what_became_of_each_model() -> None:
    answers = Answers(decision(1, explain=True))

    assert answers.plan_revision == 7
    assert answers.elapsed == timedelta(milliseconds=2.5)
    net, tree, boosting = answers.models
    assert (tree.name, tree.version, tree.state) == ("wine-tree", 2, ModelState.ANSWERED)
    assert tree.elapsed == timedelta(milliseconds=2)
    assert tree.queued is None
    assert net.said(0) == ("red", 0.75)
    assert net.predictions is not None
    assert list(net.predictions.outputs) == ["probability(red)"]
    assert boosting.state == "late"
    assert boosting.elapsed is None
    assert boosting.said(0) == (None, None)


def test_a_model_that_was_not_started_says_why_and_one_that_was_asked_less_says_how_much() -> None:
    said = decision(3)
    said.models[0].records = 2
    said.models[2].state = pb.MODEL_STATE_NOT_STARTED
    said.models[2].failure = "no time"
    net, _, boosting = Answers(said).models
    assert (net.state, net.records) == (ModelState.ANSWERED, 2)
    assert (boosting.state, boosting.failure) == (ModelState.NOT_STARTED, "no time")
    assert boosting.state == "not_started"


def test_every_state_and_every_reason_of_the_contract_has_a_name() -> None:
    for state, number in pb.ModelState.items():
        (report,) = Answers(pb.Decision(models=[pb.ModelReport(state=state)])).models
        assert (report.state is ModelState.UNKNOWN) == (number == 0)
    for reason, number in rules_pb2.Reason.items():
        answer = Answers(pb.Decision(reasons=[reason], answered_by=[-1], agreed=[0]))[0]
        assert (answer.reason is Reason.UNKNOWN) == (number == 0)


def test_a_number_without_confidence_and_a_default() -> None:
    answers = Answers(
        pb.Decision(
            numbers=struct.pack("<2d", 1.5, 4.0),
            answered_by=[0, -1],
            reasons=[rules_pb2.REASON_BEST_QUALITY, rules_pb2.REASON_DEFAULT],
            agreed=[1, 0],
            models=[pb.ModelReport(name="forest", version=1)],
        )
    )
    assert answers[0] == Answer(1.5, None, "forest", 1, Reason.BEST_QUALITY, ("forest",))
    assert answers[1] == Answer(4.0, None, None, None, Reason.DEFAULT, ())
    assert answers[1].answered_by == ""


def test_a_record_without_an_answer_has_no_value() -> None:
    partly = decision(2)
    partly.reasons[1] = rules_pb2.REASON_NO_ANSWER
    partly.answered_by[1] = -1
    partly.confidences = struct.pack("<2d", 0.5, float("nan"))

    answers = Answers(partly)

    assert [answer.value for answer in answers] == ["red", None]
    assert answers.confidences == [0.5, None]


def test_a_decision_without_any_answer_tells_of_the_models() -> None:
    nothing = decision(1)
    nothing.ClearField("labels")
    nothing.reasons[0] = rules_pb2.REASON_NO_ANSWER
    nothing.answered_by[0] = -1
    answers = Answers(nothing)
    assert (answers[0].value, answers[0].answered_by) == (None, "")
    assert len(answers.models) == 3


def test_a_reason_of_a_newer_mesh_is_unknown() -> None:
    newer = decision(1)
    newer.reasons[0] = 99  # type: ignore[call-overload]
    assert Answers(newer)[0].reason is Reason.UNKNOWN


def test_a_dataframe_of_answers_keeps_the_index() -> None:
    frame = Answers(decision(2), pd.Index(["a", "b"])).to_dataframe()
    assert list(frame.index) == ["a", "b"]
    assert frame.loc["b", "model"] == "wine-tree"
    assert list(frame.columns) == ["value", "confidence", "model", "version", "reason", "agreed"]


def test_an_answer_is_a_frozen_dataclass() -> None:
    answer, other = Answers(decision(2))
    fields = {field.name: getattr(answer, field.name) for field in dataclasses.fields(Answer)}

    assert dataclasses.asdict(answer) == fields
    assert answer == other == Answer(**fields) == dataclasses.replace(answer)
    assert hash(answer) == hash(other)
    assert dataclasses.replace(answer, version=3) != answer
    assert (
        pickle.loads(pickle.dumps(answer)) == copy.deepcopy(answer) == copy.copy(answer) == answer
    )
    assert repr(answer).startswith(
        "Answer(value='red', confidence=0.75, model='wine-tree', version=2,"
    )
    with pytest.raises(dataclasses.FrozenInstanceError):
        answer.value = "white"  # type: ignore[misc]


def test_each_answer_has_what_its_own_record_has() -> None:
    answers = Answers(
        pb.Decision(
            numbers=struct.pack("<4d", 1, 2, 3, 4),
            confidences=struct.pack("<4d", 0.1, 0.2, float("nan"), 0.4),
            answered_by=[0, 1, -1, 0],
            reasons=[rules_pb2.REASON_CONSENSUS] * 2 + [rules_pb2.REASON_DEFAULT] * 2,
            agreed=[3, 2, 0, 1],
            models=[pb.ModelReport(name="a", version=1), pb.ModelReport(name="b", version=2)],
        )
    )
    expected = [
        Answer(1.0, 0.1, "a", 1, Reason.CONSENSUS, ("a", "b")),
        Answer(2.0, 0.2, "b", 2, Reason.CONSENSUS, ("b",)),
        Answer(3.0, None, None, None, Reason.DEFAULT, ()),
        Answer(4.0, 0.4, "a", 1, Reason.DEFAULT, ("a",)),
    ]
    assert list(answers) == [answers[row] for row in range(4)] == answers[:] == expected
    assert answers[::-2] == expected[::-2]
    assert answers.to_dataframe()["agreed"].tolist() == [answer.agreed for answer in expected]
