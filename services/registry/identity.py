"""Who calls, as far as it is known."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import grpc

from hedgerow.v1.models_pb2 import Identity

CALLER = "hedgerow-caller"
"""Metadata in which a caller gives its name. Nobody has proved it."""

_LONGEST = 128


def caller_of(context: grpc.aio.ServicerContext[Any, Any]) -> Identity:
    """Return who makes a call: the name that it gives, and where it comes from."""
    told = dict(context.invocation_metadata() or ()).get(CALLER, "")
    # Metadata is ASCII: other names come percent-encoded.
    name = unquote(told.decode(errors="replace") if isinstance(told, bytes) else told)
    return Identity(name=name[:_LONGEST], address=context.peer()[:_LONGEST])
