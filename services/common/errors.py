"""Turns our exceptions into gRPC statuses, in one place.

`ErrorInterceptor` is the innermost interceptor of every server. What is a `HedgerowError` becomes the
status of its class with details (google.rpc); anything else becomes INTERNAL with a fixed text, and the
rest goes to the log.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
import structlog
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from hedgerow import errors

_log = structlog.get_logger()

_CODES: tuple[tuple[type[errors.HedgerowError], grpc.StatusCode], ...] = (
    (errors.InvalidInput, grpc.StatusCode.INVALID_ARGUMENT),
    (errors.NotFound, grpc.StatusCode.NOT_FOUND),
    (errors.Refused, grpc.StatusCode.FAILED_PRECONDITION),
    (errors.Outdated, grpc.StatusCode.ABORTED),
    (errors.LimitExceeded, grpc.StatusCode.RESOURCE_EXHAUSTED),
    (errors.Unavailable, grpc.StatusCode.UNAVAILABLE),
    (errors.Corrupt, grpc.StatusCode.DATA_LOSS),
)

INTERNAL_MESSAGE = "internal error; the log of the service has the details"


def status_of(error: BaseException) -> Status:
    """Return the status, with details, that a client sees for an exception."""
    code: int = code_of(error).value[0]
    message = str(error) if isinstance(error, errors.HedgerowError) else INTERNAL_MESSAGE
    return Status(code=code, message=message, details=_details(error))


def code_of(error: BaseException) -> grpc.StatusCode:
    """Return the status code that a client sees for an exception."""
    if isinstance(error, errors.NoAnswer):
        late = error.deadline_reached
        return grpc.StatusCode.DEADLINE_EXCEEDED if late else grpc.StatusCode.UNAVAILABLE
    for kind, code in _CODES:
        if isinstance(error, kind):
            return code
    return grpc.StatusCode.INTERNAL


def trailers_of(error: BaseException) -> tuple[tuple[str, str | bytes], ...]:
    """Return what is sent beside the status: its details, and whether the call may be sent again.

    Clients that retry what is UNAVAILABLE are to leave alone what has no answer because all models
    failed: that was no fault of the way, it costs a score by every model each time, and records that
    kill a host would kill one with each attempt.
    """
    trailers: tuple[tuple[str, str | bytes], ...] = ()
    status = status_of(error)
    if status.details:
        trailers += (("grpc-status-details-bin", status.SerializeToString()),)
    if isinstance(error, errors.NoAnswer):
        trailers += (("grpc-retry-pushback-ms", "-1"),)  # of gRPC's retry design (gRFC A6): never
    return trailers


def _details(error: BaseException) -> list[AnyMessage]:
    details = []
    if isinstance(error, errors.Overloaded):
        delay = Duration()
        delay.FromTimedelta(error.retry_after)
        details.append(_packed(RetryInfo(retry_delay=delay)))
    if isinstance(error, errors.NoAnswer) and error.decision is not None:
        details.append(_packed(error.decision))
    return details


def _packed(message: Any) -> AnyMessage:
    packed = AnyMessage()
    packed.Pack(message)
    return packed


class ErrorInterceptor(grpc.aio.ServerInterceptor):
    """Maps exceptions of handlers to statuses. Handlers are wrapped once a method, not once a call."""

    def __init__(self) -> None:
        self._wrapped: dict[str, Any] = {}

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        """Return the handler of the method, wrapped."""
        method = handler_call_details.method
        if method in self._wrapped:
            return self._wrapped[method]
        handler = await continuation(handler_call_details)
        if handler is None:  # an unknown method; not kept, so that nobody can fill the table
            return None
        return self._wrapped.setdefault(method, _wrap(handler))


def _wrap(handler: Any) -> Any:
    kind = "_".join(
        "stream" if streams else "unary"
        for streams in (handler.request_streaming, handler.response_streaming)
    )
    behaviour = getattr(handler, kind)
    # A handler that writes to its context by itself is a plain coroutine, also where it streams.
    guard = _guard_stream if inspect.isasyncgenfunction(behaviour) else _guard_call
    make = getattr(grpc, f"{kind}_rpc_method_handler")
    decode = _decoding(handler.request_deserializer, handler.request_streaming)
    return make(guard(behaviour), decode, handler.response_serializer)


class _Malformed:
    """In place of a request that is none."""

    def __init__(self, error: errors.InvalidInput) -> None:
        self.error = error


def _decoding(decode: Callable[[bytes], Any] | None, streams: bool) -> Any:
    """Have bytes that are no request refused as the caller's mistake, and not as a fault of ours.

    Messages of a stream are decoded while the handler reads them, so that it meets the exception. The one
    request of another call is decoded by gRPC, which knows no exceptions there but its own.
    """
    if decode is None:
        return None

    def decoded(raw: bytes) -> Any:
        try:
            return decode(raw)
        except Exception as cause:
            error = errors.InvalidInput(f"the {len(raw)} bytes sent are no message of this call")
            if streams:
                raise error from cause
            return _Malformed(error)

    return decoded


def _check_decoded(request: object) -> None:
    if isinstance(request, _Malformed):
        raise request.error


def _guard_call(behaviour: Callable[[Any, Any], Awaitable[Any]]) -> Any:
    async def guarded(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> Any:
        try:
            _check_decoded(request)
            return await behaviour(request, context)
        except grpc.aio.AbortError:
            raise
        except Exception as error:
            await abort(context, error)

    return guarded


def _guard_stream(behaviour: Callable[[Any, Any], AsyncIterator[Any]]) -> Any:
    async def guarded(
        request: Any, context: grpc.aio.ServicerContext[Any, Any]
    ) -> AsyncIterator[Any]:
        try:
            _check_decoded(request)
            async for response in behaviour(request, context):
                yield response
        except grpc.aio.AbortError:
            raise
        except Exception as error:
            await abort(context, error)

    return guarded


async def abort(context: grpc.aio.ServicerContext[Any, Any], error: Exception) -> None:
    """End a call with the status of an exception."""
    if not isinstance(error, errors.HedgerowError):
        _log.error("a call failed unexpectedly", exc_info=error)
    await context.abort(code_of(error), status_of(error).message, trailers_of(error))
