"""What a caller is told of a decision: the answer, or why there is none."""

from __future__ import annotations

from hedgerow.errors import NoAnswer
from hedgerow.v1.collection_pb2 import TaskDecision
from hedgerow.v1.rules_pb2 import REASON_NO_ANSWER
from hedgerow.v1.scoring_pb2 import Decision, ModelReport, ModelState


def has_answer(decided: TaskDecision) -> bool:
    """Tell whether any record has an answer."""
    return any(reason != REASON_NO_ANSWER for reason in decided.decision.reasons)


def answer_of(decided: TaskDecision) -> Decision:
    """Return the decision, or raise NoAnswer if no record has an answer."""
    decision = decided.decision
    if has_answer(decided):
        return decision
    states = "; ".join(
        f"{model.name}{f'@{model.version}' if model.version else ''} {_state_text(model)}"
        for model in decision.models
    )
    why = "in time" if decided.deadline_reached else "at all"
    raise NoAnswer(
        f"no model answered {why}: {states}",
        deadline_reached=decided.deadline_reached,
        decision=decision,
    )


def _state_text(model: ModelReport) -> str:
    if model.state == ModelState.MODEL_STATE_ANSWERED:
        return "ANSWERED (that it has no answer)"
    name = ModelState.Name(model.state).removeprefix("MODEL_STATE_")
    return f"{name} ({model.failure})" if model.failure else name
