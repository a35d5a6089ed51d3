"""A plain grpc.aio server with the models inside: `python -m bench.peers.servers.plain PORT FOLDER`.

What a user would write without any framework. It speaks hedgerow's ScoringService and says as much of each
answer, without times.
"""

from __future__ import annotations

import asyncio
import signal
import sys

import grpc
import uvloop

from bench.peers.wine import CLASSES, MODELS, Ensemble
from hedgerow.data.records import Batch
from hedgerow.v1.records_pb2 import Labels
from hedgerow.v1.rules_pb2 import REASON_CONSENSUS
from hedgerow.v1.scoring_pb2 import (
    MODEL_STATE_ANSWERED,
    Decision,
    ModelReport,
    ScoreRequest,
    ScoreResponse,
)

_OPTIONS = (("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", 64 * 1024 * 1024))
_REPORTS = [ModelReport(name=name, version=1, state=MODEL_STATE_ANSWERED) for name in MODELS]


async def serve(port: str) -> None:
    """Serve until SIGTERM."""
    ensemble = Ensemble()

    async def score(request: ScoreRequest, _: object) -> ScoreResponse:
        vote = await ensemble.vote(Batch.from_proto(request.batch))
        decision = Decision(
            labels=Labels(classes=CLASSES, indexes=vote.said.labels.tolist()),
            confidences=vote.said.confidences.tobytes(),
            answered_by=vote.winners.tolist(),
            reasons=[REASON_CONSENSUS] * request.batch.rows,
            models=_REPORTS,
        )
        return ScoreResponse(decision=decision)

    handler = grpc.unary_unary_rpc_method_handler(
        score, ScoreRequest.FromString, ScoreResponse.SerializeToString
    )
    server = grpc.aio.server(options=_OPTIONS)
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("hedgerow.v1.ScoringService", {"Score": handler}),)
    )
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    await ended.wait()
    await server.stop(None)


if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1]))
