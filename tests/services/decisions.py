"""Decisions as tests read them."""

from __future__ import annotations

from collections.abc import Sequence

from hedgerow.v1.rules_pb2 import Reason
from hedgerow.v1.scoring_pb2 import Decision, ModelState


def labels(decision: Decision) -> Sequence[str]:
    """The answers."""
    return [decision.labels.classes[index] for index in decision.labels.indexes]


def states(decision: Decision) -> dict[str, str]:
    """How each model stood."""
    return {
        model.name: ModelState.Name(model.state).removeprefix("MODEL_STATE_")
        for model in decision.models
    }


def reasons(decision: Decision) -> list[str]:
    """Why it was these answers."""
    return [Reason.Name(reason).removeprefix("REASON_") for reason in decision.reasons]
