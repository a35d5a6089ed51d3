"""Turns gRPC statuses back into the exceptions that the services raised.

The other half of `services.common.errors`. A status that no service of ours sends (the connection broke,
nobody listens, the address is that of something else) becomes `Unavailable` and names the address.
"""

from __future__ import annotations

import re
from datetime import timedelta

import grpc
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from hedgerow import errors
from hedgerow.v1.scoring_pb2 import Decision, ScoreError

_DETAILS_KEY = "grpc-status-details-bin"

# How gRPC begins when it never reached anybody; what comes after that is of no use to a user.
_NOBODY_THERE = (
    "failed to connect",
    "connections to all backends failing",
    "errors resolving",
    "DNS resolution failed",
)

# What is wrong with the policy or the strategy of a request names its path; of a record, the model@version.
_OF_A_PLAN = re.compile(r"(policy|strategy)[.:]")

# What is left of a call that gRPC's core refused at a router, before anything of ours saw it: its number.
_REFUSED_BY_CORE = "CANCELLED"

_DEFAULT_DELAY = timedelta(milliseconds=100)

_PLAIN: dict[grpc.StatusCode, type[errors.HedgerowError]] = {
    grpc.StatusCode.NOT_FOUND: errors.NotFound,
    grpc.StatusCode.FAILED_PRECONDITION: errors.Refused,
    grpc.StatusCode.ABORTED: errors.Outdated,
    grpc.StatusCode.DATA_LOSS: errors.Corrupt,
}
"""What needs no more than the message."""

InvalidKind = type[errors.InvalidInput]


def error_from_call(
    error: grpc.aio.AioRpcError, target: str, invalid: InvalidKind = errors.InvalidInput
) -> errors.HedgerowError:
    """Return the exception that a failed call to `target` stands for.

    `invalid` is the class for INVALID_ARGUMENT: what the call sends is a record, a model or a plan.
    """
    status = _status_of(error)
    message = status.message or error.details() or ""
    return _error(error.code(), message, target, invalid, status)


def error_from_stream(error: ScoreError, target: str) -> errors.HedgerowError:
    """Return the exception for a batch of a stream that has no answer."""
    code = _CODES.get(error.code, grpc.StatusCode.UNKNOWN)
    return _error(code, error.message, target, errors.InvalidRecord, Status())


_CODES: dict[int, grpc.StatusCode] = {code.value[0]: code for code in grpc.StatusCode}


def _error(
    code: grpc.StatusCode, message: str, target: str, invalid: InvalidKind, status: Status
) -> errors.HedgerowError:
    if code in _PLAIN:
        return _PLAIN[code](message)
    match code:
        case grpc.StatusCode.INVALID_ARGUMENT:
            return errors.InvalidPlan(message) if _OF_A_PLAN.match(message) else invalid(message)
        case grpc.StatusCode.RESOURCE_EXHAUSTED:
            return _limit_exceeded(message, status)
        case grpc.StatusCode.DEADLINE_EXCEEDED:
            return _too_late(message, target, status)
        case grpc.StatusCode.CANCELLED if message == _REFUSED_BY_CORE:
            return errors.Overloaded(
                f"{target} is handed more calls than it can even refuse; send less or try again later",
                _DEFAULT_DELAY,
            )
        case grpc.StatusCode.UNAVAILABLE | grpc.StatusCode.CANCELLED:
            return _unavailable(message, target, status)
        case grpc.StatusCode.UNIMPLEMENTED:
            return errors.Unavailable(
                f"what listens at {target} does not know this call; is it the right address?"
            )
        case _:
            return errors.Internal(f"{target}: {message or code.name}")


def _limit_exceeded(message: str, status: Status) -> errors.LimitExceeded:
    retry = RetryInfo()
    if _unpack(status, retry):
        delay = retry.retry_delay.ToTimedelta()
        return errors.Overloaded(message, delay or _DEFAULT_DELAY)
    return errors.LimitExceeded(message)


def _too_late(message: str, target: str, status: Status) -> errors.NoAnswer:
    decision = Decision()
    told = _unpack(status, decision)
    if message == "Deadline Exceeded":  # gRPC's own clock, not a service's word
        message = f"no answer from {target} in time"
    return errors.NoAnswer(message, deadline_reached=True, decision=decision if told else None)


def _unavailable(message: str, target: str, status: Status) -> errors.HedgerowError:
    decision = Decision()
    if _unpack(status, decision):
        return errors.NoAnswer(message, deadline_reached=False, decision=decision)
    if message.startswith(_NOBODY_THERE):
        return errors.Unavailable(
            f"nothing answers at {target}; is the mesh running? `hedgerow up` starts one"
        )
    return errors.Unavailable(f"{target}: {message}")


def _status_of(error: grpc.aio.AioRpcError) -> Status:
    for key, value in error.trailing_metadata() or ():
        if key == _DETAILS_KEY and isinstance(value, bytes):
            return Status.FromString(value)
    return Status()


def _unpack(status: Status, message: RetryInfo | Decision) -> bool:
    return any(detail.Unpack(message) for detail in status.details)
