"""Tasks as they travel to hosts: encoded once, and joined into frames as bytes."""

from __future__ import annotations

from collections.abc import Sequence

from hedgerow.v1 import records_pb2
from hedgerow.v1.execution_pb2 import Task as TaskMessage
from hedgerow.v1.records_pb2 import TraceContext

_TASKS_FIELD = 0x0A  # ExecuteRequest.tasks: field 1, length-delimited


def encode(
    task_id: int,
    deadline: int,
    batch: records_pb2.Batch,
    explain: bool,
    trace: TraceContext | None,
    records: Sequence[int] = (),
    suspect: bool = False,
) -> bytes:
    """Encode a task as one element of ExecuteRequest.tasks; `records` and `suspect` as in Task.

    The elements of a repeated field may simply be joined, so the frames of all models are made of the
    same bytes; the records are not encoded again for each model.
    """
    message = TaskMessage(
        id=task_id,
        deadline_ns=deadline,
        batch=batch,
        explain=explain,
        trace=trace,
        records=records,
        suspect=suspect,
    ).SerializeToString()
    return b"".join((bytes((_TASKS_FIELD,)), _varint(len(message)), message))


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
