"""Spans of a host: how long a traced task waited, and how long it was scored."""

from __future__ import annotations

import time
from collections.abc import Sequence

from hedgerow.v1.models_pb2 import ModelVersion
from services.common.telemetry import Tracing
from services.executor.host.inbox import Waiting
from services.executor.host.scoring import Scored


class HostSpans:
    """Records the queue and score spans of traced tasks."""

    def __init__(self, tracing: Tracing, models: Sequence[ModelVersion]) -> None:
        """`models` are those of the host, by their numbers."""
        self._tracing = tracing
        self._attributes: list[dict[str, str | int]] = [
            {
                "hedgerow.data_type": model.descriptor.data_type,
                "hedgerow.model": model.descriptor.name,
                "hedgerow.version": model.version,
            }
            for model in models
        ]

    def dropped(self, waiting: Waiting) -> None:
        """Record the span of a task that was dead before it was scored."""
        if not self._tracing.enabled or not waiting.task.HasField("trace"):
            return
        now = time.time_ns()
        arrived = now - int((time.monotonic() - waiting.arrived) * 1e9)
        why = {"hedgerow.dropped": "cancelled" if waiting.cancelled else "deadline"}
        context = waiting.task.trace
        for model in waiting.models:
            attributes = {**self._attributes[model], **why}
            self._tracing.record("hedgerow.queue", context, arrived, now, attributes)

    def record(self, scored: Scored) -> None:
        """Record the spans of one call's tasks; costs nothing while tracing is off."""
        if not self._tracing.enabled:
            return
        # Times were taken by the monotonic clock; spans want Unix time.
        offset = time.time_ns() - time.monotonic_ns()
        began, ended = (int(t * 1e9) + offset for t in (scored.began, scored.ended))
        batch = {"hedgerow.tasks_in_batch": len(scored.tasks)}
        model = self._attributes[scored.model]
        for waiting in scored.tasks:
            if not waiting.task.HasField("trace"):
                continue
            context = waiting.task.trace
            arrived = int(waiting.arrived * 1e9) + offset
            self._tracing.record("hedgerow.queue", context, arrived, began, model)
            self._tracing.record(
                "hedgerow.score",
                context,
                began,
                ended,
                {
                    **model,
                    **batch,
                    "hedgerow.records": waiting.rows,
                    "hedgerow.cancelled": not waiting.wants(scored.model),
                },
                scored.failure,
            )
