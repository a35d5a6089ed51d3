"""What the fakes answer: decisions and predictions."""

from __future__ import annotations

import struct
from collections.abc import Collection

from google.protobuf.duration_pb2 import Duration

from hedgerow.v1 import rules_pb2, scoring_pb2
from hedgerow.v1.records_pb2 import Labels, Output, Predictions

MODELS = ("wine-net", "wine-tree", "wine-boosting")


def decision(
    rows: int, explain: bool = False, without_host: Collection[str] = ()
) -> scoring_pb2.Decision:
    """All say 'red' by consensus; the second model answered, the third did not come in time."""
    reports = [
        scoring_pb2.ModelReport(
            name=name,
            version=i + 1,
            state=scoring_pb2.MODEL_STATE_LATE if i == 2 else scoring_pb2.MODEL_STATE_ANSWERED,
            elapsed=None if i == 2 else Duration(nanos=2_000_000),
        )
        for i, name in enumerate(MODELS)
    ]
    for report in reports:
        if report.name in without_host:
            report.state = scoring_pb2.MODEL_STATE_NO_HOST
    if explain:
        for report in reports[:2]:
            report.predictions.CopyFrom(predictions(rows))
    return scoring_pb2.Decision(
        labels=Labels(classes=["white", "red"], indexes=[1] * rows),
        confidences=struct.pack("<d", 0.75) * rows,
        answered_by=[1] * rows,
        reasons=[rules_pb2.REASON_CONSENSUS] * rows,
        agreed=[0b011] * rows,
        models=reports,
        plan_revision=7,
        elapsed=Duration(nanos=2_500_000),
    )


def predictions(rows: int) -> Predictions:
    """What a model says of some rows."""
    return Predictions(
        labels=Labels(classes=["red"], indexes=[0] * rows),
        confidences=struct.pack("<d", 0.75) * rows,
        outputs=[Output(name="probability(red)", numbers=struct.pack("<d", 0.75) * rows)],
    )
