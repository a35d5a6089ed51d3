"""What became of a model in the parts of a batch, told as of one task."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from google.protobuf.duration_pb2 import Duration

from hedgerow.v1.records_pb2 import Output, Predictions
from hedgerow.v1.scoring_pb2 import ModelReport, ModelState
from services.router.joins.columns import Order

_WORST_FIRST = (
    ModelState.MODEL_STATE_FAILED,
    ModelState.MODEL_STATE_NO_HOST,
    ModelState.MODEL_STATE_LATE,
    ModelState.MODEL_STATE_CANCELLED,
    # Started for the doubtful records alone, it has answered: so it is of a batch that is not split.
    ModelState.MODEL_STATE_ANSWERED,
    ModelState.MODEL_STATE_NOT_STARTED,
    ModelState.MODEL_STATE_UNSPECIFIED,
)
_RANK = {state: rank for rank, state in enumerate(_WORST_FIRST)}
_TIMES = ("elapsed", "queued", "scoring")


def joined_report(target: ModelReport, parts: Sequence[ModelReport], order: Order) -> None:
    """Write what became of one model into `target`: its worst state and its longest times.

    How many records it answered is the sum. Were parts answered by different versions, as may be when the
    version changed while one of them was started again, the newest is told.
    """
    first = parts[0]
    target.name, target.shadow = first.name, first.shadow
    target.version = max(part.version for part in parts)
    target.wanted = max(part.wanted for part in parts)
    target.records = sum(part.records for part in parts)
    target.state = min((part.state for part in parts), key=lambda state: _RANK.get(state, 0))
    failures = [part.failure for part in parts if part.failure and part.state == target.state]
    target.failure = "; ".join(dict.fromkeys(failures))
    for name in _TIMES:
        longest(getattr(target, name), [getattr(p, name) for p in parts if p.HasField(name)])
    if any(part.HasField("predictions") for part in parts):
        said = [part.predictions if part.HasField("predictions") else None for part in parts]
        _join_predictions(target.predictions, said, order)


def longest(target: Duration, times: Iterable[Duration]) -> None:
    """Write the longest of some times into `target`; without any it stays unset."""
    found = max(times, key=lambda time: (time.seconds, time.nanos), default=None)
    if found is not None:
        target.CopyFrom(found)


def _join_predictions(
    target: Predictions, parts: Sequence[Predictions | None], order: Order
) -> None:
    order.join_values(target, parts)
    target.confidences = order.join_doubles([part.confidences if part else b"" for part in parts])
    absent: list[int] = []
    for part, records in zip(parts, order.records, strict=True):
        absent += records if part is None else [records[row] for row in part.absent]
    target.absent.extend(sorted(absent))
    outputs = [{output.name: output for output in part.outputs} if part else {} for part in parts]
    for name in dict.fromkeys(name for found in outputs for name in found):
        column: list[Output | None] = [found.get(name) for found in outputs]
        order.join_values(target.outputs.add(name=name), column)
