"""What a service tells of itself to the tools of whoever runs it: traces and metrics."""

from services.common.telemetry.tracing import (
    Attributes,
    Tracing,
    parent_from_metadata,
    parse_traceparent,
)

__all__ = ["Attributes", "Tracing", "parent_from_metadata", "parse_traceparent"]
