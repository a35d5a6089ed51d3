"""Exceptions of ours become statuses with details; anything else tells nothing but that it failed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import grpc
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from hedgerow import errors
from hedgerow.v1.scoring_pb2 import Decision
from services.common.errors import INTERNAL_MESSAGE, ErrorInterceptor, code_of, status_of

Code = grpc.StatusCode


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.InvalidInput("no"), Code.INVALID_ARGUMENT),
        (errors.InvalidPlan("no"), Code.INVALID_ARGUMENT),
        (errors.NotFound("no"), Code.NOT_FOUND),
        (errors.LimitExceeded("no"), Code.RESOURCE_EXHAUSTED),
        (errors.Unavailable("no"), Code.UNAVAILABLE),
        (errors.Corrupt("no"), Code.DATA_LOSS),
    ],
)
def test_each_of_our_errors_has_its_status_and_its_own_words(
    error: errors.HedgerowError, code: grpc.StatusCode
) -> None:
    status = status_of(error)
    assert code_of(error) is code
    assert (status.code, status.message, list(status.details)) == (code.value[0], "no", [])


@pytest.mark.parametrize("error", [RuntimeError("password=secret"), KeyError("secret")])
def test_what_is_not_ours_tells_nothing_of_itself(error: Exception) -> None:
    assert code_of(error) is Code.INTERNAL
    assert status_of(error).message == INTERNAL_MESSAGE


async def test_clients_are_told_not_to_send_again_what_no_model_answered() -> None:
    raised: list[Exception] = []

    async def behaviour(request: bytes, context: Any) -> bytes:
        raise raised[-1]

    async with calling(behaviour, streams=False) as call:
        for error, told in (
            (errors.NoAnswer("all failed", deadline_reached=False), "-1"),
            (errors.Unavailable("the router is stopping"), None),
        ):
            raised.append(error)
            refusal = await failure(call())
            assert refusal.code() is Code.UNAVAILABLE
            trailers = dict(refusal.trailing_metadata() or ())
            assert trailers.get("grpc-retry-pushback-ms") == told


def test_who_is_refused_for_load_is_told_when_to_come_back() -> None:
    error = errors.Overloaded("too much", timedelta(milliseconds=250))
    (detail,) = status_of(error).details
    retry = RetryInfo()
    assert detail.Unpack(retry)
    assert retry.retry_delay.ToMilliseconds() == 250
    assert code_of(error) is Code.RESOURCE_EXHAUSTED


@pytest.mark.parametrize(
    ("late", "code"), [(True, Code.DEADLINE_EXCEEDED), (False, Code.UNAVAILABLE)]
)
def test_no_answer_comes_with_what_became_of_each_model(late: bool, code: grpc.StatusCode) -> None:
    decision = Decision(plan_revision=7)
    error = errors.NoAnswer("nobody", deadline_reached=late, decision=decision)
    (detail,) = status_of(error).details
    told = Decision()
    assert detail.Unpack(told)
    assert told == decision
    assert code_of(error) is code


# -- over the wire -----------------------------------------------------------------------------------


Behaviour = Callable[[Any, grpc.aio.ServicerContext[Any, Any]], Any]
HANDLERS: dict[bool, Any] = {
    False: grpc.unary_unary_rpc_method_handler,
    True: grpc.unary_stream_rpc_method_handler,
}


@asynccontextmanager
async def calling(behaviour: Behaviour, streams: bool) -> AsyncIterator[Callable[[], Any]]:
    server = grpc.aio.server(interceptors=[ErrorInterceptor()])
    handlers = {"Do": HANDLERS[streams](behaviour)}
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("test.Service", handlers),)
    )
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        make = channel.unary_stream if streams else channel.unary_unary
        method: Any = make("/test.Service/Do")
        yield lambda: method(b"")
    await server.stop(None)


async def to_the_end(call: Any) -> None:
    if isinstance(call, grpc.aio.UnaryUnaryCall):
        await call
        return
    while await call.read() is not grpc.aio.EOF:
        pass


async def failure(call: Any) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await to_the_end(call)
    return caught.value


async def test_a_call_that_fails_ends_with_its_status_and_details() -> None:
    async def behaviour(request: bytes, context: Any) -> bytes:
        raise errors.Overloaded("too much", timedelta(seconds=1))

    async with calling(behaviour, streams=False) as call:
        error = await failure(call())
    assert (error.code(), error.details()) == (Code.RESOURCE_EXHAUSTED, "too much")
    trailer = dict(error.trailing_metadata() or ())
    packed = trailer["grpc-status-details-bin"]
    assert isinstance(packed, bytes)
    assert Status.FromString(packed).details


async def test_a_stream_that_fails_half_way_gives_what_it_had_and_its_status() -> None:
    async def behaviour(request: bytes, context: Any) -> AsyncIterator[bytes]:
        yield b"one"
        raise errors.Unavailable("the host drains")

    async with calling(behaviour, streams=True) as call:
        stream = call()
        assert await stream.read() == b"one"
        error = await failure(stream)
    assert (error.code(), error.details()) == (Code.UNAVAILABLE, "the host drains")


async def test_a_handler_that_writes_by_itself_is_guarded_too() -> None:
    async def behaviour(request: bytes, context: grpc.aio.ServicerContext[Any, Any]) -> None:
        await context.write(b"one")
        raise ValueError("secret")

    async with calling(behaviour, streams=True) as call:
        stream = call()
        assert await stream.read() == b"one"
        error = await failure(stream)
    assert (error.code(), error.details()) == (Code.INTERNAL, INTERNAL_MESSAGE)


async def test_a_status_that_a_handler_has_set_itself_stays() -> None:
    async def behaviour(request: bytes, context: grpc.aio.ServicerContext[Any, Any]) -> bytes:
        await context.abort(Code.ABORTED, "its own")
        return b""

    async with calling(behaviour, streams=False) as call:
        error = await failure(call())
    assert (error.code(), error.details()) == (Code.ABORTED, "its own")


async def test_a_handler_learns_that_its_caller_has_gone() -> None:
    begun, cancelled = asyncio.Event(), asyncio.Event()

    async def behaviour(request: bytes, context: Any) -> bytes:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return b""

    async with calling(behaviour, streams=False) as call:
        waiting = call()
        async with asyncio.timeout(10):
            await begun.wait()
            waiting.cancel()
            await cancelled.wait()
    assert waiting.cancelled()


async def test_methods_that_do_not_exist_are_not_remembered() -> None:
    interceptor = ErrorInterceptor()
    server = grpc.aio.server(interceptors=[interceptor])
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        for name in ("A", "B"):
            method: Any = channel.unary_unary(f"/test.Service/{name}")
            error = await failure(method(b""))
            assert error.code() is Code.UNIMPLEMENTED
    await server.stop(None)
    assert not interceptor._wrapped


@pytest.mark.parametrize("requests", ["unary", "stream"])
async def test_bytes_that_are_no_request_are_the_callers_mistake(
    requests: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async def of_one(request: Decision, context: Any) -> bytes:
        return b"done"

    async def of_many(requests: AsyncIterator[Decision], context: Any) -> bytes:
        async for _ in requests:
            pass
        return b"done"

    make: Any = getattr(grpc, f"{requests}_unary_rpc_method_handler")
    handler = make(of_one if requests == "unary" else of_many, Decision.FromString)
    server = grpc.aio.server(interceptors=[ErrorInterceptor()])
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("test.Service", {"Do": handler}),)
    )
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        method: Any = channel.unary_unary("/test.Service/Do")
        assert await method(Decision(plan_revision=7).SerializeToString()) == b"done"
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await method(b"\xff\xff")
    await server.stop(None)
    assert caught.value.code() is Code.INVALID_ARGUMENT
    assert "the 2 bytes sent are no message" in str(caught.value.details())
    assert capsys.readouterr().out == ""
