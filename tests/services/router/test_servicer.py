"""The scoring calls as callers of any language make them: over a real connection, as bytes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

import grpc
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from services.common.errors import ErrorInterceptor
from services.common.telemetry import Tracing
from services.router.calls.open_streams import OpenStreams
from services.router.scoring import Scoring
from services.router.servicer import ScoringServicer
from tests.services.router.test_scoring import request, scoring

_SCORE = "/hedgerow.v1.ScoringService/Score"


class Served(NamedTuple):
    core: Scoring
    channel: grpc.aio.Channel

    async def score(self, raw: bytes, timeout: float = 5.0) -> bytes:
        method: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = self.channel.unary_unary(_SCORE)
        answer: bytes = await method(raw, timeout=timeout)
        return answer


@asynccontextmanager
async def served(**settings: int) -> AsyncIterator[Served]:
    core = scoring(**settings)
    server = grpc.aio.server(
        interceptors=[ErrorInterceptor()], options=[("grpc.max_receive_message_length", 100_000)]
    )
    ScoringServicer(core, Tracing("router"), 64, OpenStreams()).add_to(server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield Served(core, channel)
    await server.stop(0)
    await core.close()


async def refused(router: Served, raw: bytes, timeout: float = 5.0) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await router.score(raw, timeout)
    return caught.value


def retry_delay(error: grpc.aio.AioRpcError) -> float:
    trailers = dict(error.trailing_metadata() or ())
    status = Status.FromString(trailers["grpc-status-details-bin"])
    retry = RetryInfo()
    assert status.details[0].Unpack(retry)
    return float(retry.retry_delay.ToNanoseconds()) / 1e9


def fill(core: Scoring) -> None:
    """Have as much under way as is answered in time."""
    core.admission._room.limit("wine").missed(0.2, under_way=0, now=0.0)
    for _ in range(8):
        core.admission.began("wine")


async def test_what_cannot_be_answered_in_time_is_refused_with_a_hint_when_to_come_back() -> None:
    async with served() as router:
        fill(router.core)
        error = await refused(router, request().SerializeToString())
        assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert "8 batches of 'wine' are in flight" in (error.details() or "")
        assert retry_delay(error) == pytest.approx(0.1)
        assert router.core.in_flight == 0


async def test_it_is_refused_before_it_is_decoded() -> None:
    async with served() as router:
        fill(router.core)
        # Cut off within its values, so that decoding it would say INVALID_ARGUMENT.
        error = await refused(router, request().SerializeToString()[:-4])
        assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_one_data_type_at_its_limit_leaves_the_router_to_the_others() -> None:
    async with served() as router:
        fill(router.core)
        await refused(router, request().SerializeToString())
        other = request()
        other.batch.data_type = "beer"
        # While only one type has been seen, most calls are refused unread, and some are read.
        codes = {(await refused(router, other.SerializeToString())).code() for _ in range(4)}
        assert grpc.StatusCode.NOT_FOUND in codes  # let in as far as to that


async def test_bytes_that_are_no_request_are_invalid() -> None:
    async with served() as router:
        error = await refused(router, b"\xff\xff\xff")
        assert error.code() == grpc.StatusCode.INVALID_ARGUMENT
        assert "not a ScoreRequest" in (error.details() or "")


async def test_a_call_without_a_request_is_invalid() -> None:
    async with served() as router:
        method: grpc.aio.StreamUnaryMultiCallable[bytes, bytes] = router.channel.stream_unary(
            _SCORE
        )
        call = method(iter(()), timeout=5)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call
        assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
        assert "send one ScoreRequest" in (caught.value.details() or "")


async def test_a_request_beyond_the_limit_of_messages_is_refused_as_such() -> None:
    async with served() as router:
        error = await refused(router, bytes(200_000))
        assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert "larger than max" in (error.details() or "")
