"""Answers: what was decided for the records of one batch, and what became of each model.

A decision travels as columns. `Answers` decodes each once and makes an `Answer` when one is looked at;
a thousand records that go straight into a DataFrame never become a thousand objects.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from hedgerow.data.predictions import Labels, Predictions
from hedgerow.plans.rules.reasons import Reason, reason_of
from hedgerow.v1 import scoring_pb2 as pb
from hedgerow.v1.rules_pb2 import REASON_NO_ANSWER

if TYPE_CHECKING:
    import pandas as pd

Value = str | float | None

# Model, version, reason and who agreed, as an `Answer` has them.
_Origin = tuple[str | None, int | None, Reason, tuple[str, ...]]

_DOUBLES = np.dtype("<f8")


class ModelState(StrEnum):
    """How a model stood when the task ended."""

    ANSWERED = "answered"
    """Its result was there."""
    LATE = "late"
    """Still out at the deadline."""
    FAILED = "failed"
    """It said it could not, or its host died."""
    CANCELLED = "cancelled"
    """Still out when the decision fell without it."""
    NO_HOST = "no_host"
    """No host serves it."""
    NOT_STARTED = "not_started"
    """It was not needed, or had no time."""
    UNKNOWN = "unknown"
    """A state that a newer mesh has and this client does not know."""


@dataclass(frozen=True, slots=True, init=False)
class Answer:
    """The answer for one record.

    `value` is a label (str) or a number (float); None with reason `no_answer`. `confidence` is the
    probability of a label, None where the model gives none. `model` and `version` name the model that
    gave the answer; None if none did (the plan's default). `agreed` names all that gave this answer.
    """

    value: Value
    confidence: float | None
    model: str | None
    version: int | None
    reason: Reason
    agreed: tuple[str, ...]

    def __init__(
        self,
        value: Value,
        confidence: float | None,
        model: str | None,
        version: int | None,
        reason: Reason,
        agreed: tuple[str, ...],
    ) -> None:
        # A frozen dataclass's own one looks each field up by its name and takes twice as long.
        _set_value(self, value)
        _set_confidence(self, confidence)
        _set_model(self, model)
        _set_version(self, version)
        _set_reason(self, reason)
        _set_agreed(self, agreed)

    @property
    def answered_by(self) -> str:
        """`wine-tree@2`, or "" if no model answered."""
        return f"{self.model}@{self.version}" if self.model else ""


_set_value, _set_confidence, _set_model, _set_version, _set_reason, _set_agreed = (
    getattr(Answer, name).__set__
    for name in ("value", "confidence", "model", "version", "reason", "agreed")
)


@dataclass(frozen=True, slots=True)
class Report:
    """What became of one model of the plan in one task.

    `elapsed` runs from the router's admission, however late it was started, until the collector had the
    result; of that, `queued` is waiting in the model's host and `scoring` the scoring. They are None
    without a result. `records` is how many records it answered: less than the batch has where it was
    started for the doubtful ones alone. `predictions` is what the model said, a row a record; only with
    `explain`. `failure` also says why it was not started. `wanted` is the version that the plan points to,
    where another one answers until it serves; else 0.
    """

    name: str
    version: int
    state: ModelState
    elapsed: timedelta | None
    queued: timedelta | None
    scoring: timedelta | None
    failure: str
    shadow: bool
    records: int
    predictions: Predictions | None
    wanted: int = 0

    def said(self, row: int) -> tuple[Value, float | None]:
        """Return value and confidence that the model gave a record; None where it gave none."""
        predictions = self.predictions
        if predictions is None or row in predictions.absent:
            return None, None
        values, confidences = predictions.values, predictions.confidences
        value: Value = (
            values.classes[values.indexes[row]]
            if isinstance(values, Labels)
            else float(values[row])
        )
        if confidences is None or np.isnan(confidences[row]):
            return value, None
        return value, float(confidences[row])

    @classmethod
    def from_proto(cls, message: pb.ModelReport) -> Report:
        """Read a report off the wire."""
        return cls(
            name=message.name,
            version=message.version,
            state=_state(message.state),
            elapsed=message.elapsed.ToTimedelta() if message.HasField("elapsed") else None,
            queued=message.queued.ToTimedelta() if message.HasField("queued") else None,
            scoring=message.scoring.ToTimedelta() if message.HasField("scoring") else None,
            failure=message.failure,
            shadow=message.shadow,
            records=message.records,
            predictions=(
                Predictions.from_proto(message.predictions)
                if message.HasField("predictions")
                else None
            ),
            wanted=message.wanted,
        )


class Answers(Sequence[Answer]):
    """The answers for one batch, in the order of its records."""

    def __init__(self, decision: pb.Decision, index: Any = None) -> None:
        self._decision = decision
        self._index = index

    @property
    def plan_revision(self) -> int:
        """The revision of the plan that judged; 0 is the default plan."""
        return self._decision.plan_revision

    @property
    def elapsed(self) -> timedelta:
        """From the router's admission until the last record was decided."""
        return self._decision.elapsed.ToTimedelta()

    @cached_property
    def models(self) -> tuple[Report, ...]:
        """What became of each model of the plan, in its order."""
        return tuple(Report.from_proto(model) for model in self._decision.models)

    @cached_property
    def values(self) -> list[Value]:
        """The value of each record."""
        decision = self._decision
        values: list[Value]
        match decision.WhichOneof("values"):
            case "labels":
                classes = list(decision.labels.classes)
                values = [classes[i] for i in decision.labels.indexes]
            case "numbers":
                values = np.frombuffer(decision.numbers, _DOUBLES).tolist()
            case _:  # not one record has an answer
                return [None] * len(self)
        none = REASON_NO_ANSWER
        return [
            None if reason == none else value
            for value, reason in zip(values, decision.reasons, strict=True)
        ]

    @cached_property
    def confidences(self) -> list[float | None]:
        """The confidence of each answer; None where there is none."""
        if not self._decision.confidences:
            return [None] * len(self)
        found = np.frombuffer(self._decision.confidences, _DOUBLES).tolist()
        return [None if value != value else value for value in found]

    def __len__(self) -> int:
        return len(self._decision.reasons)

    @overload
    def __getitem__(self, position: int) -> Answer: ...

    @overload
    def __getitem__(self, position: slice) -> list[Answer]: ...

    def __getitem__(self, position: int | slice) -> Answer | list[Answer]:
        if isinstance(position, slice):
            origins = self._origins[position]
            parts = zip(self.values[position], self.confidences[position], origins, strict=True)
            return [Answer(value, confidence, *origin) for value, confidence, origin in parts]
        return Answer(self.values[position], self.confidences[position], *self._origins[position])

    def __iter__(self) -> Iterator[Answer]:
        for value, confidence, origin in zip(
            self.values, self.confidences, self._origins, strict=True
        ):
            yield Answer(value, confidence, *origin)

    def __repr__(self) -> str:
        return f"<Answers {len(self)} records, plan revision {self.plan_revision}>"

    def to_dataframe(self) -> pd.DataFrame:
        """Return a row a record; where a DataFrame was scored, under its index.

        Raises ImportError if pandas is not installed.
        """
        import pandas as pd

        origins = self._origins
        columns = {
            "value": self.values,
            "confidence": self.confidences,
            "model": [model for model, _, _, _ in origins],
            "version": [version for _, version, _, _ in origins],
            "reason": [str(reason) for _, _, reason, _ in origins],
            "agreed": [agreed for _, _, _, agreed in origins],
        }
        return pd.DataFrame(columns, index=self._index)

    @cached_property
    def _origins(self) -> list[_Origin]:
        """Who gave each answer, and why: the same few for all records of a batch, made once each."""
        decision = self._decision
        made: dict[tuple[int, int, int], _Origin] = {}
        origins = []
        for key in zip(decision.answered_by, decision.reasons, decision.agreed, strict=True):
            origin = made.get(key)
            if origin is None:
                origin = made[key] = self._origin(*key)
            origins.append(origin)
        return origins

    def _origin(self, by: int, reason: int, agreed: int) -> _Origin:
        models = self._decision.models
        model = models[by] if by >= 0 else None
        return (
            model.name if model else None,
            model.version if model else None,
            reason_of(reason),
            tuple([model.name for i, model in enumerate(models) if agreed >> i & 1]),
        )


_STATES: dict[int, ModelState] = {
    number: ModelState(name.removeprefix("MODEL_STATE_").lower())
    for name, number in pb.ModelState.items()
    if number
}


def _state(number: int) -> ModelState:
    return _STATES.get(number, ModelState.UNKNOWN)
