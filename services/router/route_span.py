"""The router's span around a task."""

from __future__ import annotations

from typing import Any

from hedgerow.errors import HedgerowError
from hedgerow.v1.scoring_pb2 import Decision, ScoreRequest
from services.common.telemetry import Tracing, parent_from_metadata
from services.router.scoring import Scoring


async def traced(
    tracing: Tracing,
    scoring: Scoring,
    request: ScoreRequest,
    time_left: float | None,
    metadata: Any,
    arrived: int,
) -> Decision:
    """Score within a span that is a child of the caller's, if tracing is on."""
    if not tracing.enabled:
        return await scoring.score(request, time_left, None, arrived)
    span = tracing.new_span("hedgerow.route", parent_from_metadata(metadata))
    failure = "cancelled"
    try:
        decision = await scoring.score(request, time_left, span.context, arrived)
        failure = ""
    except HedgerowError as error:
        failure = str(error)
        raise
    finally:
        batch = request.batch
        span.end({"hedgerow.data_type": batch.data_type, "hedgerow.records": batch.rows}, failure)
    return decision
