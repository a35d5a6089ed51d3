"""How calls of the fakes end."""

from __future__ import annotations

import grpc

from services.common.errors import status_of, trailers_of


def abort(context: grpc.ServicerContext, error: Exception) -> None:
    """End a call as our services do."""
    status = status_of(error)
    context.set_trailing_metadata(trailers_of(error))
    code = next(code for code in grpc.StatusCode if code.value[0] == status.code)
    context.abort(code, status.message)
