"""Decisions as tests read them."""

from __future__ import annotations

import numpy as np

from hedgerow.v1.rules_pb2 import Reason
from hedgerow.v1.scoring_pb2 import Decision, ModelReport, ModelState
from services.collector.rules.verdict import Value


def labels(decision: Decision) -> list[str]:
    """The answers, one of each record, where all are labels."""
    return [decision.labels.classes[index] for index in decision.labels.indexes]


def answers(decision: Decision) -> list[Value]:
    """The answers as a client reads them, None where there is none."""
    values: list[Value] = (
        [*labels(decision)]
        if decision.HasField("labels")
        else list(np.frombuffer(decision.numbers))
    )
    none = Reason.Value("REASON_NO_ANSWER")
    if not values:
        return [None] * len(decision.reasons)
    return [
        None if reason == none else value
        for value, reason in zip(values, decision.reasons, strict=True)
    ]


def reasons(decision: Decision) -> list[str]:
    """Why it was these answers."""
    return [Reason.Name(reason).removeprefix("REASON_") for reason in decision.reasons]


def states(decision: Decision) -> dict[str, str]:
    """How each model stood."""
    return {report.name: state(report) for report in decision.models}


def state(report: ModelReport) -> str:
    """How one model stood."""
    return ModelState.Name(report.state).removeprefix("MODEL_STATE_")
