"""Is an answer right? Each is held against what the model it names must have said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hedgerow.data.answers import Answer, Answers
from soak.models import NUMBERS, Model, Models


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked, and when."""

    data_type: str
    numbers: tuple[int, ...]
    """Of `numbers`: the records themselves. Of `wine`: their places in the file."""
    floors: Mapping[Model, int]
    """Of each model the version that all hosts had when it was asked; no older one may answer."""


class Unknown(Exception):
    """A version answered that the registry has not told of yet: its push was never acknowledged."""


def problems(models: Models, asked: Asked, answers: Answers) -> Iterator[str]:
    """Yield what is wrong with the answers. Raises Unknown."""
    if len(answers) != len(asked.numbers):
        yield f"{len(answers)} answers for {len(asked.numbers)} records"
        return
    voted = [model.name for model in answers.models if model.state == "answered"]
    if len(set(voted)) < len(voted):
        yield f"a model answered twice: {voted}"
    for number, answer in zip(asked.numbers, answers, strict=True):
        if answer.model is None or answer.version is None:
            yield f"nobody answered {number}: {answer}"
            continue
        if answer.model not in voted or not set(answer.agreed) <= set(voted):
            yield f"{answer.answered_by} or {answer.agreed} of {number} are not among {voted}"
        if answer.version < asked.floors.get((asked.data_type, answer.model), 0):
            yield f"{answer.answered_by} answered {number} though a newer version had taken over"
        said = _said(models, asked.data_type, number, answer)
        if answer.value != said:
            yield f"{answer.answered_by} said {answer.value!r} of {number}, not {said!r}"
        if asked.data_type != NUMBERS:
            wrong = [m for m in answer.agreed if models.labels[m][number] != answer.value]
            if wrong:
                yield f"{wrong} never said {answer.value!r} of {number}"


def _said(models: Models, data_type: str, number: int, answer: Answer) -> float | str:
    """Return what the model that is named as the one that answered must have said."""
    assert answer.model is not None
    assert answer.version is not None
    if data_type != NUMBERS:
        return models.labels[answer.model][number]
    added = models.added(answer.model, answer.version)
    if added is None:
        raise Unknown(answer.answered_by)
    return number + added
