"""A wrong answer is seen: the checks of the soak can fail."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hedgerow.data.answers import Answers
from hedgerow.plans.plan import plan_from_yaml
from hedgerow.v1 import scoring_pb2 as pb
from hedgerow.v1.models_pb2 import ModelDescriptor, ModelVersion
from hedgerow.v1.rules_pb2 import REASON_CONSENSUS
from soak.checks import Asked, Unknown, problems
from soak.labels import labels_of
from soak.models import NUMBERS, WINE, Models
from soak.plans import PLANS, WINE_PLAN, numbers_plan

STEP = 2.0**-12
EXAMPLE = Path(__file__).parents[2] / "examples" / "wine"


@pytest.fixture
def models() -> Models:
    """Two models, of which `one` has two versions: pushes 1, 2 and 3."""
    models = Models(with_wine=False)
    for name, version, push in (("one", 1, 1), ("two", 1, 2), ("one", 2, 3)):
        said = ModelDescriptor(data_type=NUMBERS, name=name, description=str(push))
        models.learn(ModelVersion(descriptor=said, version=version))
    return models


def answers(*values: float, version: int = 2, agreed: int = 0b11, twice: bool = False) -> Answers:
    """Return what `one` answered, to which `two` agreed."""
    answered = pb.MODEL_STATE_ANSWERED
    names = ["one", "one" if twice else "two"]
    return Answers(
        pb.Decision(
            numbers=np.array(values, dtype="<f8").tobytes(),
            reasons=[REASON_CONSENSUS] * len(values),
            answered_by=[0] * len(values),
            agreed=[agreed] * len(values),
            models=[pb.ModelReport(name=name, version=version, state=answered) for name in names],
        )
    )


ASKED = Asked(NUMBERS, (10, 11), {(NUMBERS, "one"): 2})


def test_a_right_answer_has_no_problem(models: Models) -> None:
    assert list(problems(models, ASKED, answers(10 + 3 * STEP, 11 + 3 * STEP))) == []


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (answers(10 + 3 * STEP), "1 answers for 2 records"),
        (answers(11 + 3 * STEP, 10 + 3 * STEP), "one@2 said 11.0"),
        (answers(10 + 1 * STEP, 11 + 1 * STEP), "one@2 said 10.0002"),
        (answers(10 + 1 * STEP, 11 + 1 * STEP, version=1), "a newer version had taken over"),
        (answers(10 + 3 * STEP, 11 + 3 * STEP, twice=True), "a model answered twice"),
    ],
    ids=["one is missing", "exchanged", "another version's", "old", "twice"],
)
def test_a_wrong_answer_is_told(models: Models, given: Answers, problem: str) -> None:
    assert problem in next(problems(models, ASKED, given))


def test_a_version_that_nobody_knows_is_told(models: Models) -> None:
    with pytest.raises(Unknown, match="one@3"):
        list(problems(models, ASKED, answers(10.0, 11.0, version=3)))


def test_models_of_wine_are_held_against_what_they_say_beside_the_mesh() -> None:
    models = Models(with_wine=True, labels={"wine-tree": ["1"], "wine-net": ["2"]})

    def said(label: str, agreed: int = 0b01) -> list[str]:
        names = ("wine-tree", "wine-net")
        answered = [
            pb.ModelReport(name=name, version=1, state=pb.MODEL_STATE_ANSWERED) for name in names
        ]
        decision = pb.Decision(
            reasons=[REASON_CONSENSUS], answered_by=[0], agreed=[agreed], models=answered
        )
        decision.labels.classes.append(label)
        decision.labels.indexes.append(0)
        return list(problems(models, Asked(WINE, (0,), {}), Answers(decision)))

    assert said("1") == []
    assert said("0")[0] == "wine-tree@1 said '0' of 0, not '1'"
    assert said("1", agreed=0b11) == ["['wine-net'] never said '1' of 0"]


async def test_what_models_of_wine_say_is_computed_beside_the_mesh() -> None:
    labels = (await labels_of(["wine-tree"]))["wine-tree"]
    truth = (EXAMPLE / "truth.csv").read_text().split()[1:]
    assert len(labels) == len(truth)
    right = sum(label == true for label, true in zip(labels, truth, strict=True))
    assert right / len(truth) == pytest.approx(0.8667, abs=1e-4)  # as its accuracy says


def test_every_plan_is_one() -> None:
    for name in PLANS:
        assert plan_from_yaml(numbers_plan(name, 3)).data_type == NUMBERS
    assert plan_from_yaml(numbers_plan("pinned", 3)).models[0].version == 3
    assert plan_from_yaml(WINE_PLAN).data_type == WINE
