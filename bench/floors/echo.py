"""A bare grpc.aio unary server: takes a ScoreRequest, gives a ScoreResponse, does nothing else.

No Python gRPC server can be faster than this one. Its answers have the size of the mesh's.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import lru_cache

import grpc
import numpy as np
import uvloop

from bench.workers import worker
from hedgerow.v1.records_pb2 import Labels
from hedgerow.v1.rules_pb2 import Reason
from hedgerow.v1.scoring_pb2 import Decision, ModelReport, ModelState, ScoreRequest, ScoreResponse

_SERVICE = "hedgerow.v1.ScoringService"
_MODELS = ("wine-tree", "wine-logistic", "wine-boosting")
_OPTIONS = (("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", 64 * 1024 * 1024))


@asynccontextmanager
async def echo() -> AsyncIterator[str]:
    """Run the server in a process of its own; gives its address."""
    async with worker("bench.floors.echo") as process:
        address: str = (await process.receive())["address"]
        yield address


async def _score(
    request: ScoreRequest, context: grpc.aio.ServicerContext[ScoreRequest, ScoreResponse]
) -> ScoreResponse:
    return _response(request.batch.rows)


@lru_cache
def _response(rows: int) -> ScoreResponse:
    """Return what the mesh would say of `rows` records."""
    response = ScoreResponse(
        decision=Decision(
            labels=Labels(classes=["0", "1", "2"], indexes=[i % 3 for i in range(rows)]),
            confidences=np.full(rows, 0.9).tobytes(),
            answered_by=[0] * rows,
            reasons=[Reason.REASON_CONSENSUS] * rows,
            agreed=[0b111] * rows,
            models=[_report(name) for name in _MODELS],
            plan_revision=1,
        )
    )
    response.decision.elapsed.FromMicroseconds(12_345)
    return response


def _report(name: str) -> ModelReport:
    report = ModelReport(name=name, version=1, state=ModelState.MODEL_STATE_ANSWERED)
    for duration in (report.elapsed, report.queued, report.scoring):
        duration.FromMicroseconds(12_345)
    return report


async def _serve() -> None:
    handler = grpc.unary_unary_rpc_method_handler(
        _score, ScoreRequest.FromString, ScoreResponse.SerializeToString
    )
    server = grpc.aio.server(options=_OPTIONS)
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler(_SERVICE, {"Score": handler}),)
    )
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(json.dumps({"address": f"127.0.0.1:{port}"}), flush=True)
    await _input_ended()
    await server.stop(None)


async def _input_ended() -> None:
    """Return when the process that started this one is done with it."""
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), ended.set)
    await ended.wait()


if __name__ == "__main__":
    uvloop.run(_serve())
